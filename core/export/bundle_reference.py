"""Validates reference.npz of a zipped run (header, shapes, sizes) before numpy opens it.

numpy makes room for the shape that a file's header claims, so a file of 100 bytes could ask for all memory there is.
"""

import io
import math
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.zip_plan import damage_reported
from core.errors import DataError
from core.insight.reference import MOST

MOST_BYTES = 100_000_000
"""2,000 rows of 25,088 numbers, the widest features there are, in half precision."""

_ARRAYS = {
    "features": ("f2", 2),
    "positions": ("i4", 1),
    "validation": ("f4", 1),
    "k": ("i8", 0),
    "augmented": ("b1", 0),
}


def checked_reference(content: bytes, training: int) -> dict[str, NDArray[Any]]:
    """The arrays of a reference.npz.

    Args:
        content: bytes. Of the file.
        training: int. Training images that the run lists.

    Raises:
        DataError: it is not what a run writes.
    """
    with damage_reported("reference.npz"):
        arrays = _arrays(content)
    positions, k = arrays["positions"], int(arrays["k"])
    fits = (
        0 < len(positions) == len(arrays["features"]) <= MOST
        and int(positions.min()) >= 0
        and int(positions.max()) < training
        and 1 <= k <= len(positions)
        and all(np.isfinite(arrays[name]).all() for name in ("features", "validation"))
    )
    if not fits:
        raise DataError("this is not a run of Parity: its reference.npz does not match its list of images")
    return arrays


def _arrays(content: bytes) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        stored = all(info.compress_type == zipfile.ZIP_STORED for info in infos.values())
        if set(infos) != set(_ARRAYS) or len(archive.infolist()) != len(infos) or not stored:
            raise ValueError("its arrays are not those of a run")
        return {name: _array(archive.read(info), *_ARRAYS[name]) for name, info in infos.items()}


def _array(content: bytes, kind: str, dimensions: int) -> NDArray[Any]:
    """One array whose header claims just the bytes that are there."""
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("an array has another version of numpy's format")
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(file)
    claimed = math.prod(shape) * dtype.itemsize
    if dtype != np.dtype(kind) or len(shape) != dimensions or by_column or claimed != len(content) - file.tell():
        raise ValueError("an array has another type or size than in a run")
    return np.frombuffer(content, dtype, offset=file.tell()).reshape(shape)
