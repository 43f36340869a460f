"""`--layout`, shared by all commands that read a dataset: how its folders are to be read; and what was understood."""

import argparse
from collections import Counter

from core.data.dataset import SAMPLE, Dataset, locate
from core.data.dataset_index import DatasetIndex
from core.data.file_names import display_name
from core.data.layout_choice import HELP, Choice, parse_choice, remember_choice
from core.data.table_choice import HELP as TABLE_HELP
from core.data.table_choice import remember_table, table_choice
from core.errors import ConfigError

_NAMED = 12
"""Classes counted in one line; the others are told by their number."""

COLUMNS = ("image", "label", "part", "group")
"""Options that name a column of the table."""

_USUAL = {"train", "val", "valid", "validation", "test"}


def add_layout(parser: argparse.ArgumentParser) -> None:
    """Adds `--layout`, `--table` and its columns to a command."""
    parser.add_argument("--layout", metavar="HOW", help=HELP)
    parser.add_argument("--table", metavar="FILE", help=TABLE_HELP)
    parser.add_argument("--image", default="", metavar="COL", help="column of the table with the file names")
    parser.add_argument(
        "--label", default="", metavar="COL", help="column with the class; A,B,C: one column per class (0/1)"
    )
    parser.add_argument("--part", default="", metavar="COL", help="column with the split (train, val, test)")
    parser.add_argument(
        "--group", default="", metavar="COL", help="column with the group that stays in one split (such as the patient)"
    )


def heed_layout(options: argparse.Namespace) -> None:
    """Keeps what `--layout` or `--table` says beside the dataset, where every later command and the pages find it.

    Raises:
        ConfigError: it is no layout or table, both are named, or the sample is meant.
        DataError: it cannot be kept, or there is no such folder.
    """
    layout, table = getattr(options, "layout", None), getattr(options, "table", None)
    columns = {name: getattr(options, name, "") for name in COLUMNS}
    if any(columns.values()) and not table:
        named = next(name for name, value in columns.items() if value)
        raise ConfigError(f"--{named} names a column of a table; also give --table FILE")
    if not layout and not table:
        return
    if layout and table:
        raise ConfigError("--layout and --table both say where the labels come from; give one of them")
    if options.dataset == SAMPLE:
        raise ConfigError(
            f"--{'layout' if layout else 'table'} is for folders of your own; the sample has its own labels"
        )
    root = locate(options.dataset)
    if not root.is_dir():
        return  # the scan says what is wrong
    root = root.resolve()
    if layout:
        choice = parse_choice(layout)
        remember_table(root, None)
        remember_choice(root, choice)
    else:
        chosen = table_choice(root, str(table), columns)
        remember_choice(root, Choice())
        remember_table(root, chosen)


def understood(dataset: Dataset) -> list[str]:
    """Lines on what a training will see: part, class, count; and what was decided about the folders.

    Args:
        dataset: Dataset.
    """
    lines = [_counted(part, getattr(dataset.split, part)) for part in ("train", "val", "test")]
    return [*filter(None, lines), *read_as(dataset.index), *dataset.index.notes]


def read_as(index: DatasetIndex) -> list[str]:
    """How the folders were read, where it is not the usual way; empty where it is.

    Args:
        index: DatasetIndex.
    """
    first = {file.path.split("/", 1)[0].lower() for file in index.files}
    if index.reading in ("", "classes") or (index.reading == "parts" and (first <= _USUAL or not index.files[0].split)):
        return []
    others = ", ".join(word for word, _ in index.others)
    more = f" Other ways: --layout {others}." if others else ""
    return [f"Read as {index.reading}: {' '.join(index.reasons)}{more}"]


def _counted(part: str, files: tuple[object, ...]) -> str:
    counts = Counter(str(getattr(file, "label", "")) for file in files)
    named = [f"{display_name(name)} {number}" for name, number in sorted(counts.items())]
    more = f"  and {len(named) - _NAMED} more classes" if len(named) > _NAMED else ""
    return f"{part:<6}" + "  ".join(named[:_NAMED]) + more if named else ""
