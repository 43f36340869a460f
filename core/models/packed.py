"""Repacked .keras files (unzipped and zipped again), and zips around one model, such as Teachable Machine's.

Keras and the inspector want three members and nothing else, so that a file with a folder around them and with what
Finder leaves is packed again; its parts stay what they are. Out of a zip with one model that model is taken, with the
names of its classes where labels.txt lies beside it.
"""

import zipfile
from pathlib import Path
from typing import IO

from core.data.wrapped import unwrapped
from core.errors import ModelError
from core.models.class_names import names_in
from core.models.file_kind import SAVED_MODEL
from core.models.hdf5_check import short
from core.models.inspector import DAMAGE, MEMBERS, check_member, opened_model
from core.models.other_formats import MODELS, refuse_other_formats

MOST_ENTRIES = 64
"""More than a .keras file has, with folders and leftovers."""

LABELS = "labels.txt"
"""What Teachable Machine calls the file with the names of the classes."""

RUN = "this is the zip of a whole run; import it as a run (python -m core import-run FILE)"
"""What is said of it."""

MODEL = "model.weights.h5"
"""The member whose limits a model in a zip has."""

_CHUNK, _MOST_LABELS = 2**20, 1_000_001


def unwrap(path: Path) -> list[str]:
    """Leaves of a zip the model alone: without the folder around it and without leftovers; no other file is changed.

    Args:
        path: Path. A file of whatever kind; replaced in place.

    Returns:
        The names of its classes, from labels.txt beside a model in a zip; none where there is no such file.

    Raises:
        ModelError: it is a zip around several models, or a SavedModel.
    """
    try:
        with opened_model(path) as archive:
            names = [info.filename for info in archive.infolist()]
            parts = _parts(names)
            if {"parity.json", "manifest.json"} <= set(parts):
                raise ModelError(RUN)
            if (set(parts) == set(MEMBERS) and len(names) > len(MEMBERS)) or _is_wrapped(parts):
                _pack(archive, parts, path)
            elif "config.json" not in parts:
                taken = _take(archive, parts, path)
                if taken is None:
                    refuse_other_formats(names)
                return taken or []
    except ModelError:
        raise
    except DAMAGE:
        pass  # the inspector says what it is
    return []


def _parts(names: list[str]) -> dict[str, str]:
    """By its name inside the folder that is around everything the name that each part has; leftovers left out."""
    if len(names) > MOST_ENTRIES:
        return {}
    slashed = {name.replace("\\", "/"): name for name in names}  # some programs of Windows write backslashes
    parts = {part: slashed[name] for part, name in unwrapped(slashed).items()}
    # A part twice, whatever its folder, is left to the inspector.
    return parts if len(slashed) == len(names) else {}


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
    with archive.open(name) as source, packed.open(part, "w", force_zip64=True) as target:
        _pass_on(source, target, part)


def _take(archive: zipfile.ZipFile, parts: dict[str, str], path: Path) -> list[str] | None:
    """Puts the one model in a zip in its place; returns the names beside it, None where it holds no model."""
    if "saved_model.pb" in parts:
        raise ModelError(SAVED_MODEL)
    inside = sorted(name for name in parts if name.lower().endswith(MODELS))
    if not inside:
        return None
    if len(inside) > 1:
        raise ModelError(f"this is a zip that holds {len(inside)} models, such as {short(inside[0])}; give one of them")
    folder = inside[0].rpartition("/")[0]
    labels = [name for name in parts if name.rpartition("/")[0] == folder and name.rpartition("/")[2].lower() == LABELS]
    names = names_in(_text(archive, parts[labels[0]]), LABELS) if len(labels) == 1 else []
    beside = path.with_name(f"{path.name}.packed")
    try:
        check_member(archive.getinfo(parts[inside[0]]), MODEL)
        with archive.open(parts[inside[0]]) as source, beside.open("wb") as target:
            _pass_on(source, target, MODEL)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return names


def _text(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        return file.read(_MOST_LABELS)


def _pass_on(source: IO[bytes], target: IO[bytes], part: str) -> None:
    """One part, no more of it than it may have."""
    left = MEMBERS[part]
    while chunk := source.read(_CHUNK):
        left -= len(chunk)
        if left < 0:
            raise ModelError(f"{part} has more than {MEMBERS[part] / 1e6:,.1f} MB, the most that is taken")
        target.write(chunk)
