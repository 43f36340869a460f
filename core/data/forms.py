"""Forms: grey versions of images at 64 x 64, kept on disk by the content of the file, for the search for copies."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core import files as disk
from core import paths
from core.data.images import read_grey
from core.data.quality import SIDE as _MEASURED
from core.data.thumbnails import MAX_COMPARED, HasContent
from core.progress import Progress

VERSION = 1
SIDE = 64

_THREADS = min(8, max(2, os.cpu_count() or 2))

Form = NDArray[np.uint8]


def form_of(grey: Image.Image) -> Form:
    """The form of an image: uint8 `(SIDE, SIDE)`, stretched to a square.

    Args:
        grey: Mode `L`, upright, at least twice `SIDE` a side where the file has as many.
    """
    return np.array(grey.resize((SIDE, SIDE), Image.Resampling.BILINEAR), dtype=np.uint8)


def forms(root: Path, files: Sequence[HasContent], progress: Progress | None = None) -> NDArray[np.uint8]:
    """Forms of images: what the scan has kept, and what is missing of it.

    Args:
        root: Path. The folder that the files' paths are relative to.
        files: sequence of ImageFile.
        progress: callable of (done, total) images. Defaults to none; not called when nothing has to be decoded.

    Returns:
        uint8 `(len(files), SIDE, SIDE)`.

    Raises:
        UnreadableImage: a file has gone or changed since the scan.
    """
    kept = _read(_path(root))
    wanted = {file.sha256: file for file in files}
    missing = [file for sha, file in wanted.items() if sha not in kept]
    if missing:
        with ThreadPoolExecutor(_THREADS) as pool:
            made = pool.map(lambda file: form_of(read_grey(root / file.path, _MEASURED)[1]), missing)
            for done, form in enumerate(made):
                kept[missing[done].sha256] = form
                if progress is not None:
                    progress(done + 1, len(missing))
        _write(_path(root), {sha: kept[sha] for sha in wanted})
    if not files:
        return np.zeros((0, SIDE, SIDE), np.uint8)
    return np.stack([kept[file.sha256] for file in files])


def keep_forms(root: Path, fresh: Mapping[str, Form], wanted: Sequence[str]) -> None:
    """Adds forms to those of a folder; of contents that are not wanted nothing is kept."""
    if fresh and len(wanted) <= MAX_COMPARED:
        known = {**_read(_path(root)), **fresh}
        _write(_path(root), {sha: known[sha] for sha in wanted if sha in known})


def _path(root: Path) -> Path:
    return paths.cache_folder() / "forms" / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.npz"


def _read(path: Path) -> dict[str, Form]:
    """What `_write` kept; whatever is wrong with it, the images are decoded again."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as record:
            made, names = record["forms"], record["sha256"].tolist()
            sound = int(record["version"]) == VERSION and made.dtype == np.uint8
            if sound and made.shape == (len(names), SIDE, SIDE):
                return dict(zip(names, made, strict=True))
    except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile):
        pass
    return {}


def _write(path: Path, made: Mapping[str, Form]) -> None:
    if made:
        with suppress(OSError), disk.replacing(path) as file:  # it only saves time
            np.savez(file, version=VERSION, sha256=np.array(list(made)), forms=np.stack(list(made.values())))
