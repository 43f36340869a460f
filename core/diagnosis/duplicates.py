"""Pictures that look alike: a 32x32 difference hash finds candidates, the correlation of small pictures confirms them.

The usual 64-bit hashes are useless on pictures of one kind: on chest X-rays three quarters of the validation pictures
have a training picture within 2 bits. With 1,024 bits the nearest pair that is no duplicate differs in 13 %.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core import files as disk
from core import paths
from core.data.images import decode
from core.data.scan import ImageFile

VERSION = 1
SIDE = 32
MAX_BITS = 51  # 5 % of 1,024
MIN_CORRELATION = 0.99
_CHUNK = 2048  # pictures compared at once: two sides of it make 16 MB of distances
_THREADS = min(8, max(2, os.cpu_count() or 2))

Small = NDArray[np.uint8]
Thumbnails = dict[str, Small]
Progress = Callable[[int, int], None]


class Pair(NamedTuple):
    """Two files that look alike: the first is trained on, the second is not."""

    train: ImageFile
    other: ImageFile
    bits: int
    correlation: float


def thumbnails(root: Path, files: Sequence[ImageFile], progress: Progress | None = None) -> Thumbnails:
    """Small grey versions of pictures, kept on disk between calls by the files' content.

    Args:
        root: Path. The folder that the files' paths are relative to.
        files: sequence of ImageFile.
        progress: callable of (done, total) pictures. Defaults to none; not called when nothing has to be decoded.

    Returns:
        Dict from SHA-256 to uint8 of shape `(SIDE, SIDE + 1)`.

    Raises:
        UnreadableImage: a file has gone or changed since the scan.
    """
    kept = _read(_place(root))
    wanted = {file.sha256: file for file in files}
    missing = [file for sha, file in wanted.items() if sha not in kept]
    if missing:
        with ThreadPoolExecutor(_THREADS) as pool:
            for done, small in enumerate(pool.map(lambda file: _shrink(root / file.path), missing)):
                kept[missing[done].sha256] = small
                if progress is not None:
                    progress(done + 1, len(missing))
        _write(_place(root), {sha: kept[sha] for sha in wanted})
    return {sha: kept[sha] for sha in wanted}


def near_pairs(small: Thumbnails, train: Sequence[ImageFile], others: Sequence[ImageFile]) -> list[Pair]:
    """Every pair of a training and another picture that look alike but are not the same file.

    Args:
        small: dict. From `thumbnails`.
        train: sequence of ImageFile.
        others: sequence of ImageFile. Validation and test pictures.

    Returns:
        List of Pair, in the order of `others`.
    """
    ours, theirs = _signs(small, train), _signs(small, others)
    pairs = []
    for start in range(0, len(others), _CHUNK):
        for begin in range(0, len(train), _CHUNK):
            # Of +1 and -1, so that the product counts equal bits minus different ones: BLAS does it in no time.
            agreement = theirs[start : start + _CHUNK] @ ours[begin : begin + _CHUNK].T
            for row, column in np.argwhere(agreement >= SIDE * SIDE - 2 * MAX_BITS):
                a, b = train[begin + column], others[start + row]
                bits = int(SIDE * SIDE - agreement[row, column]) // 2
                correlation = 0.0 if a.sha256 == b.sha256 else _correlation(small[a.sha256], small[b.sha256])
                if correlation > MIN_CORRELATION:
                    pairs.append(Pair(a, b, bits, correlation))
    return pairs


def _signs(small: Thumbnails, files: Sequence[ImageFile]) -> NDArray[np.float32]:
    """The difference hash of each file, as +1 (brighter than its left neighbour) and -1: `(n, SIDE * SIDE)`."""
    if not files:
        return np.zeros((0, SIDE * SIDE), np.float32)
    grey = np.stack([small[file.sha256] for file in files])
    brighter = grey[:, :, 1:] > grey[:, :, :-1]
    return np.where(brighter, np.float32(1), np.float32(-1)).reshape(len(files), -1)


def _correlation(a: Small, b: Small) -> float:
    """Pearson's correlation of two small pictures; 0 where one of them is blank."""
    first, second = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    first, second = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / scale if scale else 0.0


def _shrink(path: Path) -> Small:
    picture = decode(path, SIDE + 1).convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BILINEAR)
    return np.array(picture, dtype=np.uint8)


def _place(root: Path) -> Path:
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
    return paths.cache_folder() / "thumbnails" / f"{name}.json"


def _read(path: Path) -> Thumbnails:
    """What `_write` kept; whatever is wrong with it, the pictures are decoded again."""
    record = disk.read_json(path)
    pictures = record.get("pictures") if isinstance(record, dict) and record.get("version") == VERSION else None
    if not isinstance(pictures, dict):
        return {}
    return {sha: small for sha, text in pictures.items() if (small := _unpack(text)) is not None}


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
