"""Repacked .keras files (unzipped and zipped again): removes the folder around the members and what Finder leaves.

Keras and the inspector want three members and nothing else, so that such a file is packed anew; its parts stay what
they are.
"""

import zipfile
import zlib
from pathlib import Path

from core.data.wrapped import unwrapped
from core.errors import ModelError
from core.models.inspector import MEMBERS, check_member, short

MOST_ENTRIES = 64
"""More than a .keras file has, with folders and leftovers."""

_CHUNK = 2**20
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


def unwrap(path: Path) -> None:
    """Packs the file anew without the folder around it and without leftovers; leaves any other file alone.

    Args:
        path: Path. A file of whatever kind; replaced in place.

    Raises:
        ModelError: it is a zip around a model: what is to be unpacked first is named.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist()]
            parts = _parts(names)
            if (set(parts) == set(MEMBERS) and len(names) > len(MEMBERS)) or _is_wrapped(parts):
                _pack(archive, parts, path)
            else:
                _refuse_nested(parts)
    except ModelError:
        raise
    except _DAMAGE:
        return  # the inspector says what it is


def _parts(names: list[str]) -> dict[str, str]:
    """By its name inside the folder that is around everything the name that each part has; leftovers left out."""
    if len(names) > MOST_ENTRIES:
        return {}
    parts = unwrapped(names)
    # A part twice, whatever its folder, is left to the inspector.
    return parts if len(set(names)) == len(names) else {}


def _is_wrapped(parts: dict[str, str]) -> bool:
    return set(parts) == set(MEMBERS) and any(name != part for part, name in parts.items())


def _pack(archive: zipfile.ZipFile, parts: dict[str, str], path: Path) -> None:
    beside = path.with_name(f"{path.name}.packed")
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as packed:
            for part, name in parts.items():
                check_member(archive.getinfo(name), part)
                _copy(archive, name, packed, part)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _copy(archive: zipfile.ZipFile, name: str, packed: zipfile.ZipFile, part: str) -> None:
    """One part, no more of it than it may have."""
    left = MEMBERS[part]
    with archive.open(name) as source, packed.open(part, "w", force_zip64=True) as target:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise ModelError(f"{part} has more than {MEMBERS[part] / 1e6:,.1f} MB, the most that is taken")
            target.write(chunk)


def _refuse_nested(parts: dict[str, str]) -> None:
    """Says what to do with a zip that has a model in it."""
    inside = sorted(name for name in parts if name.endswith((".keras", ".h5", ".hdf5")) and name not in MEMBERS)
    if inside and "config.json" not in parts:
        raise ModelError(f"this is a zip that holds {short(inside[0])}; unpack it and give that file")
    if "saved_model.pb" in parts:
        raise ModelError(
            "this is a SavedModel, which is refused: it is a program; open it with the Keras that has made it and "
            'save it again by model.save("model.keras")'
        )
