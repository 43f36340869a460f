"""Which column of a table names the images: by its name, and by how many images its cells name."""

import re
from collections import Counter
from collections.abc import Sequence

from core.data.annotation_names import is_annotation
from core.data.file_names import is_image_name
from core.data.table_finder import Finder
from core.data.table_groups import rank
from core.data.tables import Table

_SAMPLED = 300  # rows whose paths are tried for the guess
_FEW = 5  # images that are enough where a column is called image: a table may be about more images than are here
_IMAGE = re.compile(r"image|img|file|path|photo|picture|bild|datei|name", re.IGNORECASE)
_ID = re.compile(r"^id$|^(id|uid|key|code)[_ -]|[_ -](id|ids|uid|key|code)$|^(ids|uid|key|case|nr|no)$", re.IGNORECASE)
_INDEX = re.compile(
    r"^(column \d+|unnamed(: *\d+)?(_level_\d+)?|level_0|#|row|row_?names?|s[rl]?[. _]*no\.?|serial[ _]*(no|number)\.?|"
    r"(row[_ ]?)?(index|idx)|row[_ ]?(id|nr|no|num|number))$",
    re.IGNORECASE,
)


def image_columns(table: Table, finder: Finder, base: str = "") -> list[str]:
    """The columns that may name the images, the likeliest first: one is certain, several are to be asked about.

    Args:
        table: The table.
        finder: Of the folder's images.
        base: Folder of the table.
    """
    rows = table.rows[:: max(1, len(table.rows) // _SAMPLED)][:_SAMPLED]
    found = {name: finder.find_all((row[at] for row in rows), base) for at, name in enumerate(table.columns)}
    hits = Counter({name: sum(map(bool, paths)) for name, paths in found.items()})
    ranks = {name: _rank(table, name) for name in table.columns if _is_enough(name, hits[name], len(rows))}
    if not ranks:
        return []
    best = max(ranks.values())
    alike = [name for name in ranks if ranks[name] == best]
    if best[0] in (0, 1) and not best[1]:  # numbers under names that say little: each may be the file's
        alike += [name for name in ranks if ranks[name][0] >= 0 and name not in alike]
    likely = sorted(alike, key=lambda name: (ranks[name] == best, hits[name]), reverse=True)
    return [likely[0], *(name for name in likely[1:] if _contradict(found[likely[0]], found[name]))]


def is_doubtful(table: Table, name: str) -> bool:
    """Whether a column only counts the rows, or is about masks: it names the images only if a person says so."""
    return _rank(table, name)[0] < 0


def _is_enough(name: str, hits: int, rows: int) -> bool:
    """Half of the rows tried, or a few of a column that is called like one of images."""
    return 2 * hits >= rows or (hits >= _FEW and bool(_IMAGE.search(name)))


def _rank(table: Table, name: str) -> tuple[int, bool]:
    """How well a column's name and cells suit it to name images: below 0 not at all, and whether it has text."""
    cells = [cell for cell in table.column(name) if cell]
    counts = all(cell.isdecimal() for cell in cells)
    if is_annotation(name) or (counts and _INDEX.match(name)):
        return -1, False
    if counts and len(set(cells)) < len(cells) and not _IMAGE.search(name) and not _ID.search(name):
        return -1, False  # an age or a length that is also the name of a file
    level = 2 if _IMAGE.search(name) else 1 if _ID.search(name) and not rank(name) else 0
    text = any(is_image_name(cell) for cell in cells[:_SAMPLED]) or not counts
    return level, text


def _contradict(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether two columns name different images in the same row."""
    return any(one and other and one != other for one, other in zip(first, second, strict=True))


def with_header(table: Table, finder: Finder, base: str = "", name: str = "") -> Table:
    """The table, its first row put back where it is no header but names an image.

    Args:
        table: As it was read.
        finder: Of the folder's images.
        base: Folder of the table.
        name: Of the table, for the note.
    """
    if not any(_is_image(title, at, table, finder, base) for at, title in enumerate(_titles(table))):
        return table
    return put_back(table, f"{name} has no header: its first row names an image")


def put_back(table: Table, why: str) -> Table:
    """The table with its titles as its first row.

    Args:
        table: As it was read.
        why: Why they are no header, as the beginning of a sentence.
    """
    titles = _titles(table)
    first = tuple("" if re.fullmatch(r"column \d+", title) else title for title in titles)
    columns = tuple(f"column {number}" for number in range(1, len(titles) + 1))
    return Table(columns, (first, *table.rows), f"{why} and counts as a row. {table.note}".strip())


def _titles(table: Table) -> list[str]:
    """The titles as they stand in the file, where one that comes again has no number."""
    return [
        re.sub(r" \(\d+\)$", "", title) if re.sub(r" \(\d+\)$", "", title) in table.columns[:at] else title
        for at, title in enumerate(table.columns)
    ]


def _is_image(title: str, at: int, table: Table, finder: Finder, base: str) -> bool:
    """Whether a title names an image as the cells below it do, and is no word for a column of images."""
    if not finder.find(title, base):
        return False
    wordy = (_IMAGE.search(title) or _ID.search(title)) and not any(c.isdigit() for c in title)
    below = [bool(finder.find(row[at], base)) for row in table.rows[:_SAMPLED]]
    return (is_image_name(title) or not wordy) and 2 * sum(below) >= len(below)
