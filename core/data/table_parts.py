"""The split that a table brings: a column that names the part of each row, or columns that are set for one part."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from core.data.file_names import display_name
from core.data.part_names import is_part, is_unlabelled, part_name, shown
from core.data.tables import Table

ON = {"1", "1.0", "true", "yes", "x", "t", "y"}
OFF = {"0", "0.0", "false", "no", "", "f", "n"}
_PART = re.compile(
    r"^(split|set|subset|part|partition|phase|usage|dataset|data_?set|fold|teil|.*[_ -](split|subset|partition)|"
    r"split[_ -].*|train[_ -]?(val|valid|test).*)$",
    re.IGNORECASE,
)
_FLAG = {"is", "in", "for", "use", "used", "flag"}
_BOTH = re.compile(r"^train(ing)?[-_+ ]*(val|valid|validation|dev)$", re.IGNORECASE)


def part_column(table: Table) -> str:
    """The column that names parts, or those that are set for one, separated by commas; `""` if there is none."""
    names = sorted(table.columns, key=lambda name: not _PART.match(name))
    for name in names:
        if _names_parts(name, table.column(name)):
            return name
    flags = _flags(table, table.columns)
    every = {role for role in map(_flag_role, flags) if role}
    common = sum(any(row[table.columns.index(name)].lower() in ON for name in flags) for row in table.rows)
    if "train" not in every and 2 * common > len(table.rows):
        return ""  # a column `valid` that most rows have set is about something else
    return ",".join(flags) if len(every) == len(flags) else ""


def like_parts(table: Table) -> list[str]:
    """Columns that seem to be about parts, by their name or their values: none of them is a class."""
    found = {*columns_of(table, part_column(table)), *_flags(table, table.columns)}
    return [name for name in table.columns if _PART.match(name) or name in found]


def columns_of(table: Table, part: str) -> tuple[str, ...]:
    """The columns of a part that was said or found: one, or several separated by commas."""
    if part in table.columns or not part:
        return (part,) if part else ()
    return tuple(name.strip() for name in part.split(","))


def row_parts(table: Table, part: str) -> list[str]:
    """The part of each row: `train`, `val`, `test`, or `""` where it says none.

    Args:
        table: The table.
        part: From `part_column`, or as a person has said it.
    """
    names = columns_of(table, part)
    if flags := _flags(table, names):
        return [_flagged(row, table, flags) for row in table.rows]
    cells = table.column(names[0])
    roles = _roles(cells)
    return [roles.get(cell, "") for cell in cells]


def public_note(table: Table, part: str) -> str:
    """A sentence where two kinds of test rows are told apart: the public ones validate."""
    names = columns_of(table, part)
    if len(names) != 1:
        return ""
    public, private = _public(table.column(names[0]))
    told = f"{display_name(public)} is used for validation and {display_name(private)} for the test."
    return told if public else ""


def unused_note(table: Table, taken: Sequence[str]) -> str:
    """A sentence on columns that are called like a split but do not say one; `""` if there are none.

    Args:
        table: The table.
        taken: Columns that are used for something.
    """
    for name in like_parts(table):
        values = list(dict.fromkeys(cell for cell in table.column(name) if cell))
        if name not in taken and len(values) > 1:
            return (
                f"The column {display_name(name)} ({shown(values, 3)}) is not used as the split: "
                "write train, val and test into it if it is one."
            )
    return ""


def _names_parts(name: str, cells: Sequence[str]) -> bool:
    """Whether a column names parts: half of its cells or more where it is called so, else all that are filled."""
    first = next((cell for cell in cells if cell), "")
    if not _PART.match(name) and not is_part(first):
        return False
    counts = Counter(cells)
    roles = _roles(counts) if len(counts) <= 100 else {}
    if "train" not in roles.values():
        return False
    if _PART.match(name):
        return 2 * sum(counts[value] for value in roles) >= len(cells)
    few = 2 * len(counts) <= len(cells)  # not the files themselves: train/1.png, test/2.png
    return few and len(set(roles.values())) > 1 and all(is_part(value) for value in counts if value)


def _roles(values: Iterable[str]) -> dict[str, str]:
    """The part by value, for those that say one."""
    listed = list(dict.fromkeys(values))
    public, _ = _public(listed)
    found: dict[str, str] = {}
    for value in listed:
        name = part_name(value)
        if value == public and public:
            found[value] = "val"
        elif _BOTH.match(value):
            found[value] = "train"
        elif name and name.role != "fold" and not is_unlabelled(value):
            found[value] = name.role
    return found


def _public(values: Iterable[str]) -> tuple[str, str]:
    """The values of public and private test rows (FER: PublicTest, PrivateTest), where nothing else validates."""
    known = {value: name for value in dict.fromkeys(values) if (name := part_name(value))}
    if any(name.role == "val" for name in known.values()):
        return "", ""
    tests = {name.rest: value for value, name in known.items() if name.role == "test"}
    return (tests["public"], tests["private"]) if {"public", "private"} <= tests.keys() else ("", "")


def _flags(table: Table, names: Iterable[str]) -> list[str]:
    """Those of some columns that are called like one part and are set or not set: `is_valid`, `train`."""
    return [name for name in names if name in table.columns and _flag_role(name) and _is_set_or_not(table.column(name))]


def _is_set_or_not(cells: Sequence[str]) -> bool:
    values = {cell.lower() for cell in cells}
    return values <= ON | OFF and bool(values & ON) and bool(values & OFF)


def _flag_role(name: str) -> str:
    """The part that a column's name says, `""` if none."""
    for spelt in (name, re.sub(r"^is(?=[a-z])", "", name)):
        found = part_name(spelt)
        if found and found.role != "fold" and not found.number and set(found.rest.split()) <= _FLAG:
            return found.role
    return ""


def _flagged(row: Sequence[str], table: Table, flags: Sequence[str]) -> str:
    """The part of a row by the one column that is set; where none is, the part that has no column."""
    roles = {_flag_role(name): row[table.columns.index(name)].lower() in ON for name in flags}
    marked = [role for role, is_set in roles.items() if is_set]
    if marked:
        return marked[0] if len(marked) == 1 else ""
    return next((role for role in ("train", "val", "test") if role not in roles), "")
