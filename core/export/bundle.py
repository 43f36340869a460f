"""Exports a run as one zip: its records, its model and a card; no checkpoint, log, or name of a person or folder.

parity.json       version of this form, id of the run, SHA-256 of every other file
README.md         the model card, for people; nobody reads it back
labels.txt        the classes in the order of the model's answers, a line each; nobody reads it back either
config.json ...   the run's own files; see core/store/runs.py
"""

import hashlib
import json
import zipfile
from pathlib import Path

from core.errors import RunError
from core.export.card import model_card
from core.export.labels import LABELS, labels_text
from core.export.zips import add_text, writing_zip
from core.store.runs import Run

FORMAT = 3
"""Version of the zip's form. A reader refuses a higher one; 1 had no labels.txt, 2 no recorder.json."""

LABEL, CARD, MODEL = "parity.json", "README.md", "model.keras"

REQUIRED = ("config.json", "status.json", "manifest.json", "events.jsonl")
"""Records without which there is no run."""

RECORDS = (*REQUIRED, "evaluation.json", "findings.json", "trace.json", "predictions.csv", "note.json", "recorder.json")
"""Every record that goes along, where it is there."""

REFERENCE = "reference.npz"
"""Features of training images, by which a new one is found to be like none of them."""


def write_bundle(run: Run, path: Path) -> None:
    """Writes the zip.

    Args:
        run: Run. Ended.
        path: Path. The file to write.

    Raises:
        RunError: the run has not ended, or a record is missing.
    """
    status = run.status()
    if status.is_active:
        raise RunError(f"run {run.id} is {status.status}; wait until it has ended, or stop it")
    if run.data().imported:
        raise RunError(f"run {run.id} is a model from elsewhere and was not trained here: there is no run to export; "
                       "export the model in another format")  # fmt: skip
    if missing := [name for name in REQUIRED if not (run.path / name).is_file()]:
        raise RunError(f"run {run.id} has no {missing[0]}, so it cannot be exported; it ended before training began")
    contents = {name: _clean(run, name) for name in RECORDS if (run.path / name).is_file()}
    if run.evaluation():
        contents[CARD] = model_card(run).encode()
    contents[LABELS] = labels_text(run.classes()).encode()
    if (run.path / REFERENCE).is_file():
        contents[REFERENCE] = (run.path / REFERENCE).read_bytes()
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    with writing_zip(path, zipfile.ZIP_DEFLATED) as archive:
        if run.has_model():
            with (run.path / MODEL).open("rb") as file:
                hashes[MODEL] = hashlib.file_digest(file, "sha256").hexdigest()
            archive.write(run.path / MODEL, MODEL, zipfile.ZIP_STORED)  # a zip itself
        label = {"format": FORMAT if "recorder.json" in contents else 2, "run": run.id, "files": hashes}
        add_text(archive, LABEL, json.dumps(label))
        for name, content in contents.items():
            add_text(archive, name, content)


def _clean(run: Run, name: str) -> bytes:
    """A record without the folder that the images lie in: only its last part goes along."""
    text = (run.path / name).read_text(encoding="utf-8-sig")
    if name == "events.jsonl":  # where else the run was told of is nobody's business elsewhere
        text = "".join(f"{json.dumps(event.to_dict())}\n" for event in run.events() if event.event != "mlflow")
    folders = {run.data().root, run.config().dataset}
    for folder in sorted(filter(None, folders), key=len, reverse=True):
        if Path(folder).is_absolute() and Path(folder).name:
            text = text.replace(json.dumps(folder)[1:-1], json.dumps(Path(folder).name)[1:-1])
    return text.encode()
