"""Scan cache: headers and hashes of a dataset's files, kept between scans by size and time of change."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.data.quality import Measures
from core.files import read_json, write_json

CACHE_VERSION = 4
_IMAGE = {
    **{"sha256": str, "width": int, "height": int, "mode": str, "format": str, "orientation": int, "pages": int},
    **{"patient": str, "quality": list},
}
_RECORDS = ({"reason": str}, {**_IMAGE, "transparent": bool})
_MEASURES = len(Measures._fields)
# The two kinds of record there are, by field; anything else is not ours.

_OPAQUE = ("JPEG", "MPO", "DICOM")
"""Formats whose images hide nothing and have no frames beside `pages`: records of older versions hold for them."""


class ScanCache:
    """Records of one dataset by path, in one JSON file:
    `{"version": 4, "files": {path: [size, mtime_ns, ctime_ns, record]}}`.

    It only saves time: whatever is wrong with it, the files are read again.
    """

    def __init__(self, root: Path, folder: Path | None) -> None:
        name = hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
        self._path = None if folder is None else folder / f"{name}.json"
        self._old = self._load()
        self._new: dict[str, list[Any]] = {}

    def get(self, path: str, size: int, changed_ns: tuple[int, int]) -> dict[str, Any] | None:
        """The record of an unchanged file."""
        entry = self._old.get(path)
        if not (isinstance(entry, list) and len(entry) == 4 and entry[:3] == [size, *changed_ns]):
            return None
        record = _of_now(entry[3])
        if not isinstance(record, dict) or {k: type(v) for k, v in record.items()} not in _RECORDS:
            return None
        if "quality" in record and [type(value) for value in record["quality"]] != [float] * _MEASURES:
            return None
        self._new[path] = [*entry[:3], record]
        return record

    def put(self, path: str, size: int, changed_ns: tuple[int, int], record: dict[str, Any]) -> None:
        """Keeps the record of a file that was just read."""
        self._new[path] = [size, *changed_ns, record]

    def save(self) -> None:
        """Replaces the file on disk if anything has changed; a full or read-only disk is no reason to fail."""
        if self._path is None or self._new == self._old:
            return
        with suppress(OSError):
            write_json(self._path, {"version": CACHE_VERSION, "files": self._new})

    def _load(self) -> dict[str, Any]:
        data = read_json(self._path) if self._path else None
        if not isinstance(data, dict) or data.get("version") != CACHE_VERSION:
            return {}
        files = data.get("files")
        return files if isinstance(files, dict) else {}


def _of_now(record: Any) -> Any:
    """A record of a version that did not ask for transparency, with the answer where the format knows it."""
    is_old = isinstance(record, dict) and "transparent" not in record and record.get("format") in _OPAQUE
    return {**record, "transparent": False} if is_old else record
