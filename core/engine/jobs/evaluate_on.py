"""Evaluates a model from elsewhere on a dataset: `python -m core.engine.jobs.evaluate_on RUN_DIR DATASET`.

Its run then has validation images, predictions and figures as one that was trained here, so that evaluation,
calibration and threshold work alike. Prints one JSON object: `{"images": number}` or `{"error": sentence}`.
"""

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from core import files
from core.data.dataset_index import ImageFile
from core.engine.insight.predict import load_model
from core.engine.train.evaluate import Figures, evaluate, write_figures
from core.errors import ModelError, UnreadableImage, UserError
from core.store.evaluated import KEY, Gaps, gaps_of
from core.store.run_images import run_loader
from core.store.run_records import Evaluation
from core.store.runs import Run
from core.workers.labelled_images import labelled_images

_BATCH = 32


def evaluate_on(run: Run, reference: str) -> dict[str, Any]:
    """Asks the model about every image of a dataset and keeps the answers and the figures with its run.

    Args:
        run: Run. A model from elsewhere.
        reference: str. The dataset, whose classes are the model's.

    Raises:
        DataError: it is no dataset.
        ModelError: its classes are not the model's, or no image can be read.
    """
    classes = run.classes()
    found = labelled_images(reference, classes)
    model, load = load_model(run), run_loader(run)
    kept: list[int] = []
    answers, batch = [], []
    unreadable = list(found.unreadable)
    for k, file in enumerate(found.files):
        try:
            batch.append(load(found.root / file.path))
            kept.append(k)
        except (UnreadableImage, OSError):
            unreadable.append(file.path)
        if len(batch) == _BATCH or (batch and k == len(found.files) - 1):
            answers.append(model.answer(np.stack(batch)).probabilities)
            batch = []
    if batch:
        answers.append(model.answer(np.stack(batch)).probabilities)
    if not kept:
        raise ModelError("none of the labelled images can be read; give others")
    part = [_named(found.files[k], classes[found.labels[k]]) for k in kept]
    labels, probabilities = np.array([found.labels[k] for k in kept]), np.concatenate(answers)
    record = Evaluation(
        classes=classes, weights="the model as it was brought", val=evaluate(part, labels, probabilities, classes)
    )
    gaps = gaps_of(unreadable, classes, [found.labels[k] for k in kept])
    _keep(run, str(found.root), part, gaps)
    write_figures(run, Figures(record, {"val": part}, {"val": probabilities}))
    return {"images": len(part)}


def _named(file: ImageFile, label: str) -> ImageFile:
    """The file with the model's spelling of its class."""
    return dataclasses.replace(file, label=label)


def _keep(run: Run, root: str, part: list[ImageFile], gaps: Gaps) -> None:
    record = files.read_json(run.path / "manifest.json")
    imported = {key: value for key, value in record["imported"].items() if key != KEY}
    record["imported"] = imported | ({KEY: gaps.to_record()} if gaps != Gaps() else {})
    images = [{"path": file.path, "label": file.label, "sha256": file.sha256} for file in part]
    files.write_json(run.path / "manifest.json", {**record, "root": root, "val": images})


def main(arguments: list[str]) -> int:
    """Evaluates the run that the command line names."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not mix with the answer
    try:
        record = evaluate_on(Run(Path(arguments[0])), arguments[1])
    except UserError as error:
        record = {"error": str(error)}
    print(json.dumps(record), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
