"""Small grey versions of images, kept on disk by the content of the file; made in the scan, where it is decoded."""

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core import files as disk
from core import paths
from core.data.images import read_grey
from core.data.quality import SIDE as _MEASURED
from core.progress import Progress

VERSION = 3
SIDE = 32

MAX_COMPARED = 20_000
"""Images up to which every one is kept small and compared with the others; more would take minutes."""

_THREADS = min(8, max(2, os.cpu_count() or 2))

Small = NDArray[np.uint8]
Thumbnails = dict[str, Small]


class HasContent(Protocol):
    """What is asked of a file here: its place and its content."""

    @property
    def path(self) -> str: ...

    @property
    def sha256(self) -> str: ...


def shrink(grey: Image.Image) -> Small:
    """The small version of an image.

    Args:
        grey: Mode `L`, upright, at least twice `SIDE` a side where the file has as many.

    Returns:
        uint8 of shape `(SIDE, SIDE + 1)`: a column more, as neighbours are compared.
    """
    return np.array(grey.resize((SIDE + 1, SIDE), Image.Resampling.BILINEAR), dtype=np.uint8)


def thumbnails(root: Path, files: Sequence[HasContent], progress: Progress | None = None) -> Thumbnails:
    """Small grey versions of images: what the scan has kept, and what is missing of it.

    Args:
        root: Path. The folder that the files' paths are relative to.
        files: sequence of ImageFile.
        progress: callable of (done, total) images. Defaults to none; not called when nothing has to be decoded.

    Returns:
        Dict from SHA-256 to uint8 of shape `(SIDE, SIDE + 1)`.

    Raises:
        UnreadableImage: a file has gone or changed since the scan.
    """
    kept = _read(_path(root))
    wanted = {file.sha256: file for file in files}
    missing = [file for sha, file in wanted.items() if sha not in kept]
    if missing:
        # At the scale at which the scan decodes, so that it does not matter who was first.
        with ThreadPoolExecutor(_THREADS) as pool:
            made = pool.map(lambda file: shrink(read_grey(root / file.path, _MEASURED)[1]), missing)
            for done, small in enumerate(made):
                kept[missing[done].sha256] = small
                if progress is not None:
                    progress(done + 1, len(missing))
        _write(_path(root), {sha: kept[sha] for sha in wanted})
    return {sha: kept[sha] for sha in wanted}


def keep(root: Path, fresh: Mapping[str, Small], wanted: Sequence[str]) -> None:
    """Adds small versions to those of a folder.

    Args:
        root: Path. The dataset's folder.
        fresh: mapping from SHA-256. What was just made.
        wanted: sequence of str. Contents that are there now; of others nothing is kept.
    """
    if fresh and len(wanted) <= MAX_COMPARED:
        known = {**_read(_path(root)), **fresh}
        _write(_path(root), {sha: known[sha] for sha in wanted if sha in known})


def _path(root: Path) -> Path:
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
    return paths.cache_folder() / "thumbnails" / f"{name}.json"


def _read(path: Path) -> Thumbnails:
    """What `_write` kept; whatever is wrong with it, the images are decoded again."""
    record = disk.read_json(path)
    images = record.get("pictures") if isinstance(record, dict) and record.get("version") == VERSION else None
    if not isinstance(images, dict):
        return {}
    return {sha: small for sha, text in images.items() if (small := _unpack(text)) is not None}


def _unpack(text: Any) -> Small | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        return None
    return np.frombuffer(raw, np.uint8).reshape(SIDE, SIDE + 1) if len(raw) == SIDE * (SIDE + 1) else None


def _write(path: Path, small: Thumbnails) -> None:
    record = {sha: base64.b64encode(pixels.tobytes()).decode() for sha, pixels in small.items()}
    with suppress(OSError):  # it only saves time: a full or read-only disk is no reason to fail
        disk.write_json(path, {"version": VERSION, "pictures": record})
