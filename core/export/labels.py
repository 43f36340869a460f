"""Metadata inside an exported model: classes in order, image size, pixel range, output.

onnx         metadata_props: one text for each key of the record, what is not text as JSON
keras        the key `parity` in metadata.json, which Keras writes and does not read
litert       `labels.txt` and `parity.json` in a zip at the end of the file, where LiteRT's tools look for such files
savedmodel   the same two files in `assets.extra`, the folder for what comes with a model and is not loaded with it
"""

import json
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.data.rendering import FIT_WORDS, window_words
from core.errors import RunError
from core.export.zips import add_text, writing_zip
from core.models.own_record import KEY, NOTE
from core.store.run_images import run_rendering
from core.store.runs import Run
from core.workers.predict_client import NOT_MEDICAL, is_medical
from core.workers.try_model_client import is_imported

Record = dict[str, Any]

LABELS, RECORD = "labels.txt", "parity.json"
ASSETS = "assets.extra"

_SCALING = {
    "backbone": "inside the model, as the backbone was trained",
    "rescale": "inside the model, division by 255",
    "none": "none, inside the model neither",
}


def model_record(run: Run) -> Record:
    """The record of a run's model.

    Args:
        run: Run. With a model.

    Returns:
        `{"classes": names in the order of the answers, "image_size": side in pixels, "channels": "RGB", "pixel_range":
        [0, 255], "fit": as the setting has it, "window": `full` or two values, "input", "preprocessing", "output": a
        sentence each, "run": id}`, and `notice` for medical images.
    """
    config, manifest = run.config(), run.data()
    size, classes = config.data.image_size, list(manifest.classes)
    window = run_rendering(run).window
    seen = f", grey of more than 8 bits {window_words(window)}" if window_words(window) else ""
    record: Record = {
        "classes": classes,
        "image_size": size,
        "channels": "RGB",
        "pixel_range": [0, 255],
        "fit": config.data.fit,
        "window": window if isinstance(window, str) else list(window),
        "input": f"float32, (n, {size}, {size}, 3): images upright, RGB, 0 to 255, {FIT_WORDS[config.data.fit]}{seen}",
        "preprocessing": "inside the model" if is_imported(run) else _SCALING[config.data.preprocessing],
        "output": _output(classes, outputs_of(run)),
        "run": run.id,
    }
    return {**record, "notice": NOT_MEDICAL} if is_medical(run) else record


def labels_text(classes: Sequence[str]) -> str:
    """A class a line, in the order of the answers."""
    return "".join(f"{' '.join(name.splitlines())}\n" for name in classes)


def as_texts(record: Record) -> dict[str, str]:
    """The record for a place that takes texts only."""
    return {key: value if isinstance(value, str) else _json(value) for key, value in record.items()}


def label_keras(source: Path, target: Path, record: Record) -> None:
    """Copies a .keras file and writes the record into it; its weights stay as they are, byte for byte.

    Raises:
        RunError: `source` is no .keras file.
    """
    try:
        with zipfile.ZipFile(source) as old, writing_zip(target, zipfile.ZIP_STORED) as new:
            for entry in old.infolist():
                if entry.filename == NOTE:
                    note = {**json.loads(old.read(entry)), KEY: record}
                    add_text(new, NOTE, _json(note))
                    continue
                with old.open(entry) as given, new.open(entry.filename, "w", force_zip64=True) as taken:
                    shutil.copyfileobj(given, taken, 2**20)
    except (zipfile.BadZipFile, ValueError, TypeError) as error:
        raise RunError(f"{source.name} of this run is damaged, so there is no model to export") from error


def label_litert(path: Path, record: Record) -> None:
    """Appends the two files as a zip: the interpreter reads from the front, a zip is read from the end."""
    with writing_zip(path, zipfile.ZIP_STORED, "a") as archive:
        for name, content in _files(record).items():
            add_text(archive, name, content)


def label_savedmodel(path: Path, record: Record) -> None:
    """Puts the two files beside the model's own."""
    folder = path / ASSETS
    folder.mkdir()
    for name, content in _files(record).items():
        (folder / name).write_text(content, encoding="utf-8")


def _files(record: Record) -> dict[str, str]:
    return {LABELS: labels_text(record["classes"]), RECORD: _json(record)}


def outputs_of(run: Run) -> int:
    """How many numbers the model gives for an image: of two classes one that was trained here gives one."""
    classes = len(run.classes())
    return int(run.data().imported.get("outputs", 1 if classes == 2 else classes))


def _output(classes: Sequence[str], outputs: int) -> str:
    if outputs == 1:
        return f"(n, 1): the probability of {classes[1]}; that of {classes[0]} is 1 minus it"
    return f"(n, {len(classes)}): one probability per class, in the order of `classes`"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
