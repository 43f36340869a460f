"""Which table gives the labels and what its columns are: said by `--table` or on the Dataset page, and remembered."""

from dataclasses import dataclass
from pathlib import Path

from core.data import sidecar
from core.errors import ConfigError

NAME = "table"
VERSION = 1
NONE = "none"
HELP = (
    "a table of labels in the dataset's folder (CSV, TSV, JSON, JSON lines, Parquet), stored next to it; columns are "
    "detected unless --image, --label, --part or --group name them; none removes it"
)


@dataclass(frozen=True)
class TableChoice:
    """A table and what was said of its columns.

    Attributes:
        file: Path relative to the dataset's folder; a bare name also stands for the files of that name in its parts.
        image: Column that names the file; `""` to have it guessed, as for the following.
        label: Column that names the class; several, separated by commas, hold one class each.
        part: Column that names the part.
        group: Column that names what belongs together.
    """

    file: str
    image: str = ""
    label: str = ""
    part: str = ""
    group: str = ""


_FIELDS = ("file", "image", "label", "part", "group")


def table_choice(root: Path, file: str, columns: dict[str, str]) -> TableChoice | None:
    """What stands behind `--table` and its companions; None to forget the table.

    Args:
        root: Path. The dataset's folder, resolved.
        file: str. As it was given: relative to that folder or to the working folder, or `none`.
        columns: dict. Of `image`, `label`, `part`, `group`, what was said.

    Raises:
        ConfigError: there is no such file in the folder, or a name is too long.
    """
    if file == NONE:
        return None
    path = Path(file).expanduser()
    inside = root / path
    if not inside.is_file() and path.is_file():
        inside = path.resolve()
    if not inside.is_file() or not inside.resolve().is_relative_to(root):
        raise ConfigError(f"--table is {file}, but there is no such file in {root}; put the table next to the images")
    if any(len(value) > 4096 for value in columns.values()):
        raise ConfigError("a column's name has more than 4,096 characters; give the name as in the table")
    return TableChoice(inside.resolve().relative_to(root).as_posix(), **columns)


def read_table_choice(root: Path) -> TableChoice | None:
    """What is remembered for a folder; None where that is nothing, or nothing that can be read.

    Args:
        root: Path. The folder that a person names, resolved.
    """
    record = sidecar.read(root, NAME)
    values = [record.get(field) for field in _FIELDS]
    if record.get("version") != VERSION or not all(isinstance(value, str) for value in values) or not values[0]:
        return None
    return TableChoice(*map(str, values))


def remember_table(root: Path, choice: TableChoice | None) -> Path | None:
    """Keeps a table for a folder, or forgets it; returns where that lies.

    Args:
        root: Path. The folder that a person names, resolved.
        choice: TableChoice or None.

    Raises:
        DataError: it can be written nowhere.
    """
    if choice is None:
        sidecar.remove(root, NAME)
        return None
    about = "Which table gives Parity the labels. Delete this file to reset."
    return sidecar.write_choice(root, NAME, VERSION, about, {field: getattr(choice, field) for field in _FIELDS})
