"""Inspects the arrays of an HDF5 file: none from elsewhere, none larger than what is stored."""

import math
from pathlib import Path
from typing import Any

from core.errors import ModelError

MAX_DEPTH, MAX_OBJECTS = 60, 20_000
MAX_DECLARED = 3  # times the size of the weights file: more is a file that lies about its arrays


def check_weights(path: Path) -> None:
    """Refuses a weights file with links, foreign storage, or arrays larger than what is stored.

    Raises:
        ModelError: one sentence.
        OSError: it is no HDF5 file.
    """
    import h5py  # of all that a server loads for its first page, nothing else needs it

    budget = MAX_DECLARED * path.stat().st_size + 65_536
    with h5py.File(path, "r") as file:
        todo: list[tuple[Any, int]] = [(file, 0)]
        seen = 0
        while todo:
            group, depth = todo.pop()
            for name in group:
                seen += 1
                if seen > MAX_OBJECTS or depth > MAX_DEPTH:
                    raise ModelError("the weights file has too many or too deeply nested parts, or runs in a circle")
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise ModelError(f"the weights file has a link ({short(name)}); only arrays are taken")
                part = group[name]
                if isinstance(part, h5py.Group):
                    todo.append((part, depth + 1))
                    continue
                budget -= _declared(part, name)
                if budget < 0:
                    raise ModelError("the weights file declares larger arrays than it stores")


def _declared(part: Any, name: str) -> int:
    """Bytes that an array says it has."""
    import h5py

    if not isinstance(part, h5py.Dataset):
        raise ModelError(f"the weights file has a part that is not an array ({short(name)})")
    if part.is_virtual or part.external:
        raise ModelError(f"the weights file takes the array {short(name)} from another file; that is refused")
    if part.dtype.kind not in "fiu":
        raise ModelError(f"the weights file has an array that is not numeric ({short(name)})")
    return math.prod(part.shape or (1,)) * int(part.dtype.itemsize)


def short(value: Any) -> str:
    """Something out of the file as it may be shown."""
    text = "".join(c if c.isprintable() else "?" for c in str(value))
    return f'"{text[:60]}"'
