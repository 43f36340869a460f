"""Prediction server: keeps loaded models; `python -m core.engine.jobs.predict_service`, driven over its pipes.

A question is one JSON line, `{"run": folder, "shape": [n, size, size, 3], "heat": whether}`, and the pixels as bytes;
the answer is one JSON line, `{"probabilities": [...], "insights": [...]}` or `{"error": sentence}`. It ends with its
standard input, or when idle.
"""

import json
import os
import sys
import threading
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from core.environment import environment
from core.errors import RunError
from core.insight import reference
from core.store.runs import Run
from core.workers.predict_client import write_message

if TYPE_CHECKING:
    from core.engine.insight.predict import LoadedModel

IDLE_SECONDS = 60.0 if environment().is_small else 600.0
"""A model in memory that nobody asks for this long is given back to the machine; a public one is small."""


def main() -> None:
    """Answers questions until standard input ends."""
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not mix with the answers
    while True:
        idle = threading.Timer(IDLE_SECONDS, os._exit, args=(0,))
        idle.daemon = True
        idle.start()
        line = questions.readline()
        idle.cancel()
        if not line:
            return
        write_message(answers, answer(json.loads(line), questions))


def answer(question: dict[str, Any], pipe: BinaryIO | Any) -> dict[str, Any]:
    """Reads the question's pixels from the pipe and answers it."""
    shape = tuple(question["shape"])
    pixels = np.frombuffer(pipe.read(prod(shape)), dtype=np.uint8).reshape(shape)
    path = Path(question["run"])
    try:
        reply = _model(path, _changed(path)).answer(pixels, heat=bool(question.get("heat")))
        insights = [insight.to_record() for insight in reply.insights]
        return {"probabilities": reply.probabilities.tolist(), "insights": insights}
    except (RunError, OSError) as error:
        return {"error": str(error)}


def _changed(path: Path) -> tuple[int, ...]:
    """When the model and what goes with it were written."""
    kept = (path / "model.keras", reference.reference_path(Run(path)))
    return tuple(file.stat().st_mtime_ns for file in kept if file.is_file())


@lru_cache(maxsize=2)
def _model(path: Path, changed: tuple[int, ...]) -> "LoadedModel":
    """The model of a run folder; `changed` makes a resumed run's new model a new entry."""
    from core.engine.insight.predict import load_model

    return load_model(Run(path))


if __name__ == "__main__":
    main()
