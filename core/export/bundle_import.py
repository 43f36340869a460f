"""Imports a zipped run: every byte is treated as untrusted, and only what is valid becomes a run.

Names are compared with a list and never joined to a path; sizes are counted while reading; records are checked and
written again; the model goes through what any model from elsewhere goes through.
"""

import csv
import hashlib
import io
import json
import secrets
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from core import files, paths
from core.config import RunConfig
from core.data.dataset import SAMPLE
from core.data.file_names import display_name
from core.data.sample import sample_folder
from core.data.wrapped import unwrapped
from core.data.zip_plan import Limits, checked_entries, damage_reported, opened_zip
from core.errors import DataError
from core.export.bundle import CARD, FORMAT, LABEL, MODEL, RECORDS, REFERENCE, REQUIRED
from core.export.bundle_check import check_records
from core.export.bundle_reference import MOST_BYTES, checked_reference
from core.export.labels import LABELS
from core.store.csv_tables import csv_bytes, csv_text, plain_cell
from core.store.json_values import MOST_VALUES
from core.store.records import CONFIG_BYTES, OF_A_RUN
from core.store.runs import Run, RunStore, Status
from core.workers.try_model_client import MAX_BYTES, examine

RECORD_BYTES = 200_000_000
"""Most that one record may have: a manifest of 500,000 images has 150 MB."""

MOST_ENTRIES = 64
"""More than a run has with what Finder puts beside each file, so that what is too much can be told by its name."""

RECORDED = (
    "Recorded by parity_recorder.py: it has no model, checkpoint, gradients or features, and only some of its "
    "settings are known; it can be compared, but not resumed, exported as a script or bisected."
)
"""What a run says that somebody's own code has trained."""

_MOST = {
    **{name: min(kind.most_bytes, RECORD_BYTES) for name, kind in OF_A_RUN.items()},
    "config.json": CONFIG_BYTES,
    "events.jsonl": 100_000_000,
    "predictions.csv": RECORD_BYTES,
}
"""Most bytes of each record: what is read of it later."""

_MOST_LINES = 110_000  # of events; 100,000 events are accepted
_MOST_EVENT_VALUES = 5_000_000

_CHUNK = 2**20

Record = dict[str, Any]


def import_bundle(source: Path | BinaryIO, owner: str = "") -> Run:
    """Makes a run of a zip that `export --format zip` has written, under the id it had.

    Args:
        source: Path or binary file object.
        owner: str. Whose it is here. Defaults to nobody's in particular.

    Returns:
        The run, finished: what it lacks to go on is not in the zip.

    Raises:
        UserError: it is damaged, of a newer version, no run, or here already; nothing of it is kept then.
    """
    limits = Limits(files=MOST_ENTRIES, total_bytes=MAX_BYTES + RECORD_BYTES, file_bytes=MAX_BYTES)
    folder = paths.home() / "quarantine" / secrets.token_hex(8)
    try:
        folder.mkdir(parents=True)
        with opened_zip(source, limits) as (archive, name):
            packed = dict(checked_entries(archive, name, limits))
            # Unpacked and packed again by hand, there is a folder around it and what Finder leaves behind.
            entries = {part: packed[whole] for part, whole in unwrapped(packed).items()}
            label = _label(archive, entries, name)
            RunStore().free_path(label["run"])  # said before ten seconds go into the model
            records = _records(archive, entries, label)
            config = check_records(records)
            _unpack_model(archive, entries, label, folder)
            _keep_reference(archive, entries, label, folder, len(records["manifest.json"]["train"]))
        _check_model(folder, config, records)
        _write(folder, records, config, owner)
        store = RunStore()
        store.root.mkdir(parents=True, exist_ok=True)
        return store.adopt(folder, label["run"])
    except OSError as error:
        raise DataError(f"the run cannot be stored: {error.strerror}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _label(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], name: str) -> Record:
    """What the zip says of itself; refuses what this version does not know."""
    if LABEL not in entries:
        if inside := sorted(entry for entry in entries if entry.lower().endswith(".zip")):
            raise DataError(f"{name} holds {display_name(inside[0])}; unpack it and give that file")
        raise DataError(
            f"{name} is not a zip of a run: it has no {LABEL}; make one by `export --format zip`, and import a model "
            "without a run by `import-model`"
        )
    stored = _json(_read(archive, entries[LABEL], 10**6), LABEL)
    label: Record = stored if isinstance(stored, dict) else {}
    version = label.get("format")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise DataError(f"{name} is not a zip of a run: its {LABEL} has no version")
    if version > FORMAT:
        raise DataError(f"{name} was made by a newer version of Parity (form {version}); this one reads up to {FORMAT}")
    if not isinstance(label.get("run"), str) or not isinstance(label.get("files"), dict):
        raise DataError(f"{name} is not a zip of a run: its {LABEL} is incomplete")
    if strangers := sorted(set(entries) - {LABEL, CARD, LABELS, MODEL, REFERENCE, *RECORDS}):
        raise DataError(f"{name} has {display_name(strangers[0])}, which is not part of a run")
    if missing := [record for record in REQUIRED if record not in entries]:
        raise DataError(f"{name} has no {missing[0]}, which is required")
    return label


def _records(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], label: Record) -> Record:
    found: Record = {}
    for name in RECORDS:
        if name in entries:
            size, most = entries[name].file_size, _MOST[name]
            if size > most:
                raise DataError(f"{name} of this run has {size:,} bytes; at most {most:,} are accepted")
            content = _read(archive, entries[name], most)
            _compare(name, hashlib.sha256(content).hexdigest(), label)
            found[name] = _parse(name, content)
    return found


def _parse(name: str, content: bytes) -> Any:
    if name.endswith(".jsonl"):
        if content.count(b"\n") > _MOST_LINES:
            raise DataError(f"{name} of this run has more than {_MOST_LINES:,} lines")
        _refuse_values(content, name, _MOST_EVENT_VALUES)
        return [_json(line, name) for line in content.splitlines() if line.strip()]
    if name.endswith(".json"):
        return _json(content, name)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} of this run is not text") from error


def _json(content: bytes, name: str) -> Any:
    _refuse_values(content, name, MOST_VALUES)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name} of this run is damaged: it is not JSON") from error


def _refuse_values(content: bytes, name: str, most: int) -> None:
    """Raises DataError for more values than any run has, before they take many times the memory of their text."""
    if files.json_values(content) > most:
        raise DataError(f"{name} of this run has more than {most:,} values")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    content = bytearray()
    _copy(archive, info, most, content.extend)
    return bytes(content)


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int, write: Callable[[bytes], Any]) -> str:
    """Reads an entry piece by piece, no more than it declares and no more than is allowed; returns its hash."""
    digest, size = hashlib.sha256(), 0
    with damage_reported(info.filename), archive.open(info) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > min(most, info.file_size):
                raise DataError(f"{display_name(info.filename)} of this run is too large")
            digest.update(chunk)
            write(chunk)
    return digest.hexdigest()


def _compare(name: str, found: str, label: Record) -> None:
    if label["files"].get(name) != found:
        raise DataError(f"{name} of this run differs from what was packed: it is damaged or was changed")


def _unpack_model(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], label: Record, folder: Path) -> None:
    if MODEL in entries:
        with (folder / MODEL).open("xb") as out:
            digest = _copy(archive, entries[MODEL], MAX_BYTES, out.write)
        _compare(MODEL, digest, label)


def _keep_reference(
    archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], label: Record, folder: Path, training: int
) -> None:
    if REFERENCE in entries:
        content = _read(archive, entries[REFERENCE], MOST_BYTES)
        _compare(REFERENCE, hashlib.sha256(content).hexdigest(), label)
        arrays = checked_reference(content, training)
        with files.replacing(folder / REFERENCE) as out:
            np.savez(out, **arrays)  # type: ignore[arg-type]


def _check_model(folder: Path, config: RunConfig, records: Record) -> None:
    """The model is looked into and tried, and must be one for the run's images and classes."""
    if not (folder / MODEL).exists():
        return
    facts, classes = examine(folder / MODEL), records["manifest.json"]["classes"]
    if max(2, facts["outputs"]) != len(classes) or facts["image_size"] != config.data.image_size:
        raise DataError(
            f"the model of this run takes images of {facts['image_size']} pixels and tells "
            f"{max(2, facts['outputs'])} classes apart; its records say {config.data.image_size} and {len(classes)}"
        )


def _write(folder: Path, records: Record, config: RunConfig, owner: str) -> None:
    """The records as this program writes them; the folder of the images is one that is not there, or the sample."""
    name = Path(str(records["manifest.json"].get("root", ""))).name or "pictures"
    root = sample_folder(paths.samples_folder()) if config.dataset == SAMPLE else folder.parent / "absent" / name
    records["manifest.json"]["root"] = str(root)
    for record, value in records.items():
        if record == "events.jsonl":
            with files.replacing(folder / record, "w") as out:
                out.writelines(json.dumps(files.finite(event)) + "\n" for event in value)
        elif record == "predictions.csv":
            rows = [[plain_cell(cell) for cell in row] for row in csv.reader(io.StringIO(value))]
            with files.replacing(folder / record) as out:
                out.write(csv_bytes(csv_text(rows)))
        elif record != "status.json":
            files.write_json(folder / record, config.to_dict() if record == "config.json" else value)
    if owner:
        files.write_json(folder / "owner.json", owner)
    files.write_json(
        folder / "status.json",
        _status(records["status.json"], len(records["events.jsonl"]), "recorder.json" in records),
    )


def _status(record: Record, epochs: int, recorded: bool) -> Record:
    """The run is over here, however it ended there: what a resume needs is not in the zip."""
    known = {key: record[key] for key in ("created", "started", "ended", "seconds") if key in record}
    how = "" if record["status"] == "finished" else f" Status there: {record['status']}."
    message = RECORDED if recorded else f"Imported from a zip.{how}"
    status = Status(status="finished", message=message, **known)
    now = time.time()
    return {**vars(status), "created": min(status.created, now), "epoch": epochs, "epochs": epochs}
