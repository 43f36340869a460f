"""The parts that Parquet files are named after: `train-00000-of-00001.parquet`, `train/0.parquet`, `x-test.parquet`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.data.file_names import display_name
from core.data.part_names import is_part, part_name, shown
from core.errors import DataError

_NUMBERS = re.compile(r"([-_.]?\d++([-_]of[-_]\d++)?|[-_.][0-9a-f]{16,})+$", re.IGNORECASE)


@dataclass(frozen=True)
class _Named:
    """What the names of a file and its folder say: the part, what else, and the folder that holds the parts."""

    role: str
    rest: str
    holder: Path


def parts_of(files: Sequence[Path], source: Path) -> tuple[dict[Path, str], list[Path]]:
    """Parts by file, `""` where no name says one; and files left out, as only the others are named after parts.

    Args:
        files: The files.
        source: The folder in which they were looked for, or the only file.

    Raises:
        DataError: several folders hold parts of their own, or what is named is no part to train on.
    """
    named = {path: found for path in files if (found := _named(path, source))}
    known = {path: found for path, found in named.items() if not found.rest}
    if not known and len({found.rest for found in named.values()}) == 1 < len({f.role for f in named.values()}):
        known = named
    if not known:
        return dict.fromkeys(files, ""), []
    sets = sorted({found.holder for found in known.values()})
    if len(sets) > 1:
        raise DataError(
            f"{shown(f'{folder.name}/' for folder in sets)} each have their own Parquet files of train, val or test; "
            "unpack one of them at a time."
        )
    left = [path for path in files if path not in known]
    if left and "train" not in {found.role for found in known.values()}:
        raise DataError(
            f"{display_name(next(iter(known)).name)} is named as a split, but {shown(path.name for path in left)} "
            "is not; rename the file to train on to train-0.parquet, or unpack one file at a time."
        )
    return {path: found.role for path, found in known.items()}, left


def _named(path: Path, source: Path) -> _Named | None:
    """The part that a file or its folder is named after; None where neither is."""
    names = [(_NUMBERS.sub("", path.stem), path.parent)]
    if source not in (path.parent, path):
        names.append((path.parent.name, path.parent.parent))
    for name, holder in names:
        first = re.split(r"[-.]", name)[0]
        found = part_name(first if is_part(first) else name)
        if found and found.role != "fold":
            return _Named(found.role, found.rest, holder)
    return None
