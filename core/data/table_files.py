"""The files of a dataset that may be tables of labels; those of its parts belong together (`train.csv`, `val.csv`)."""

import re
from pathlib import Path, PurePosixPath

from core.data.file_names import display_name
from core.data.listing import Folder
from core.data.part_names import is_unlabelled, part_name
from core.data.tables import SPREADSHEET, is_spreadsheet, is_table_name
from core.errors import DataError

_AUTO_BYTES = 20_000_000  # a larger table is read only when it is named
_AUTO_TABLES = 12
_DEEPEST = 4
_ORDER = ("train", "", "val", "test")


def find_tables(top: Folder, root: Path) -> list[list[str]]:
    """Tables that may hold labels; those of the parts together, by their name or by that of their folder.

    Args:
        top: From `list_folder`.
        root: Where it lies.
    """
    found: dict[str, list[str]] = {}
    for folder in top.walk():
        if folder.path.count("/") >= _DEEPEST:
            continue
        for name in folder.others:
            path = f"{folder.path}/{name}".lstrip("/")
            if is_table_name(name) and not is_unlabelled(name) and _is_small(root / path):
                found.setdefault(_family(name), []).append(path)
    families = [sorted(paths, key=lambda path: (_ORDER.index(part_of(path)), path)) for paths in found.values()]
    return sorted(families, key=lambda paths: (min(path.count("/") for path in paths), paths[0]))[:_AUTO_TABLES]


def no_table(top: Folder) -> DataError | None:
    """Why a spreadsheet among the files is no table; None where there is none.

    Args:
        top: From `list_folder`.
    """
    names = [name for folder in top.walk() for name in folder.others if is_spreadsheet(name)]
    return DataError(f"{display_name(names[0])} {SPREADSHEET}.") if names else None


def family_of(top: Folder, root: Path, file: str) -> list[str]:
    """A table and those of the other parts.

    Args:
        top: From `list_folder`.
        root: Where it lies.
        file: The table, relative to that folder.
    """
    return next((paths for paths in find_tables(top, root) if file in paths), [file])


def part_of(path: str) -> str:
    """The part that a table belongs to, by its name or the folder it lies in; `""` if none."""
    folder, _, name = path.rpartition("/")
    for each in (PurePosixPath(name).stem, *reversed(folder.split("/"))):
        if found := part_name(each):
            return found.role if found.role != "fold" else ""
    return ""


def part_folder(path: str, images: list[str]) -> str:
    """Where a table's images may lie: its folder, or for `train.csv` the only folder that is called so.

    Args:
        path: Of the table.
        images: All images of the dataset.
    """
    base, role = path.rpartition("/")[0], part_of(path.rpartition("/")[2])
    if base or not role:
        return base
    named = {folder for folder in {image.rpartition("/")[0] for image in images} if _is_role(folder, role)}
    return named.pop() if len(named) == 1 else ""


def _is_role(folder: str, role: str) -> bool:
    found = part_name(folder)
    return "/" not in folder and found is not None and found.role == role and not found.rest


def _family(name: str) -> str:
    """What the names of the tables of the parts have in common; the name itself where it says no part."""
    stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix.lower()
    found = part_name(stem)
    return f"*{found.rest}{found.number}{suffix}" if found and found.role != "fold" else name


def numbered_alike(one: list[str], other: list[str]) -> bool:
    """Whether the names of two tables, or of those of the parts, differ in a number only: `labels_1`, `labels_2`."""
    first, second = ({_without_numbers(path.rpartition("/")[2]) for path in paths} for paths in (one, other))
    return first == second or bool(first & second and all(map(part_of, (*one, *other))))


def _without_numbers(name: str) -> str:
    found = part_name(PurePosixPath(name).stem)
    if found and found.role != "fold":
        return f"*{found.rest}{PurePosixPath(name).suffix.lower()}"
    return re.sub(r"\d+", "#", name.lower())


def _is_small(path: Path) -> bool:
    try:
        return path.stat().st_size <= _AUTO_BYTES
    except OSError:
        return False
