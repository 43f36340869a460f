"""Sidecar files of a dataset (label corrections, split file): beside the images, else in PARITY_HOME.

They lie beside the images, hidden, so that they go where the folder goes and other programs pass over them; where
the folder cannot be written they lie in the home, under the folder's place. What is beside the images counts first.
"""

import hashlib
import os
import time
from pathlib import Path
from typing import Any

from core import files, paths
from core.errors import DataError

MAX_BYTES = 200_000_000
"""A larger file is none of ours: half a million images have about 80 MB."""


def find(root: Path, name: str) -> Path | None:
    """Where a file of ours lies; None where there is none.

    Args:
        root: Path. The dataset's folder, as `DatasetIndex.root` has it.
        name: str. `labels` or `split`.
    """
    return next((path for path in _paths(root, name) if path.is_file()), None)


def read(root: Path, name: str) -> dict[str, Any]:
    """What a file of ours says; empty where there is none, or none that can be read.

    Args:
        root: Path. The dataset's folder.
        name: str. `labels` or `split`.
    """
    path = find(root, name)
    if path is None or path.stat().st_size > MAX_BYTES:
        return {}
    record = files.read_json(path)
    return record if isinstance(record, dict) else {}


def write(root: Path, name: str, record: dict[str, Any]) -> Path:
    """Replaces a file of ours whole, beside the images or else in the home; returns where it lies.

    Args:
        root: Path. The dataset's folder.
        name: str. `labels` or `split`.
        record: dict. JSON types.

    Raises:
        DataError: neither place can be written.
    """
    beside, at_home = _paths(root, name)
    try:
        files.write_json(beside, record)
    except OSError:  # read-only, or somebody else's
        if beside.is_file():
            raise DataError(f"{beside} cannot be changed; ask someone with write access to that folder.") from None
        try:
            files.write_json(at_home, record)
        except OSError as error:
            raise DataError(f"{at_home} cannot be written: {error.strerror}; free some space there.") from error
        return at_home
    at_home.unlink(missing_ok=True)  # it would come back to life with the removal of the other
    return beside


def write_choice(root: Path, name: str, version: int, about: str, fields: dict[str, Any]) -> Path:
    """As `write`, of what a person has chosen here: what the file is for, in its first line, and when it was changed.

    Args:
        root: Path. The dataset's folder.
        name: str. `labels`, `layout` or `table`.
        version: int. Of the file's format.
        about: str. Sentences for whoever finds the file.
        fields: dict. JSON types.

    Raises:
        DataError: neither place can be written.
    """
    changed = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return write(root, name, {"about": about, "version": version, "changed": changed, **fields})


def remove(root: Path, name: str) -> bool:
    """Removes a file of ours; returns whether there was one.

    Args:
        root: Path. The dataset's folder.
        name: str. `labels` or `split`.

    Raises:
        DataError: it cannot be removed.
    """
    there = [path for path in _paths(root, name) if path.is_file()]
    for path in there:
        try:
            path.unlink()
        except OSError as error:
            raise DataError(f"{path} cannot be removed: {error.strerror}.") from error
    return bool(there)


def _paths(root: Path, name: str) -> tuple[Path, Path]:
    """Beside the images, and in the home."""
    key = hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
    return root / f".parity-{name}.json", paths.home() / "datasets" / key / f"{name}.json"
