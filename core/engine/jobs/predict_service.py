"""Prediction server: keeps loaded models; `python -m core.engine.jobs.predict_service`, driven over its pipes.

A question is one JSON line, `{"run": folder, "shape": [n, size, size, 3], "heat": whether}`, and the pixels as bytes;
the answer is one JSON line, `{"probabilities": [...], "insights": [...], "runtime": words}` or `{"error": sentence}`.
It ends with its standard input, or when idle. TensorFlow is loaded only for a model that is not kept in a converted
form; where it could be, it is converted once the question is answered, so that the next process needs no TensorFlow.
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

from core.engine.insight.converted_model import open_converted
from core.environment import environment
from core.errors import RunError
from core.insight import reference
from core.store.runs import Run
from core.workers.predict_client import write_message

if TYPE_CHECKING:
    from core.engine.insight.answering import Answering
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
        if _to_convert and not environment().is_small:
            _convert()


def answer(question: dict[str, Any], pipe: BinaryIO | Any) -> dict[str, Any]:
    """Reads the question's pixels from the pipe and answers it."""
    shape = tuple(question["shape"])
    pixels = np.frombuffer(pipe.read(prod(shape)), dtype=np.uint8).reshape(shape)
    path = Path(question["run"])
    try:
        reply = _model(path, _changed(path)).answer(pixels, heat=bool(question.get("heat")))
        insights = [insight.to_record() for insight in reply.insights]
        return {"probabilities": reply.probabilities.tolist(), "insights": insights, "runtime": reply.runtime}
    except (RunError, OSError) as error:
        return {"error": str(error)}


def _changed(path: Path) -> tuple[int, ...]:
    """When the model and what goes with it were written."""
    kept = (path / "model.keras", reference.reference_path(Run(path)))
    return tuple(file.stat().st_mtime_ns for file in kept if file.is_file())


@lru_cache(maxsize=2)
def _model(path: Path, changed: tuple[int, ...]) -> "LoadedModel | Answering":
    """The model of a run folder; `changed` makes a resumed run's new model a new entry."""
    converted = open_converted(Run(path))
    if converted is not None:
        return converted
    from core.engine.insight.predict import load_model

    loaded = load_model(Run(path))
    _to_convert.append((Run(path), loaded))
    return loaded


_to_convert: "list[tuple[Run, LoadedModel]]" = []
"""Models that TensorFlow has answered with, and that have not been converted yet."""


def _convert() -> None:
    """Keeps a converted form of what TensorFlow was loaded for, beside the questions that come meanwhile."""
    from core.engine.insight.keep_converted import keep_converted

    run, model = _to_convert.pop()
    threading.Thread(target=keep_converted, args=(run, model.network), daemon=True).start()


if __name__ == "__main__":
    main()
