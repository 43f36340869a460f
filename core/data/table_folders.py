"""Tables whose rows are about folders of images (patients, studies): each row becomes one for each of its images."""

from collections.abc import Sequence
from dataclasses import replace

from core.data.table_groups import rank
from core.data.table_guess import LABEL_NAME
from core.data.tables import Table

_SAMPLED = 300  # rows that are tried for the guess
_MAX_FOLDERS = 20  # folders of a path that are looked at


class FolderFinder:
    """Finds the folders of images that cells of a table mean.

    Args:
        paths: All images, relative to the dataset's folder.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._images: dict[str, list[str]] = {}
        for path in paths:
            parts = path.split("/")[:-1]
            for depth in range(1, len(parts) + 1):
                self._images.setdefault("/".join(parts[:depth]), []).append(path)
        self._named: dict[str, list[str]] = {}
        for folder in self._images:
            for key in {folder.lower(), folder.rpartition("/")[2].lower()}:
                self._named.setdefault(key, []).append(folder)

    def find(self, cell: str) -> list[str]:
        """The images in the folder that a cell names; empty if none does, or several do."""
        parts = cell.replace("\\", "/").strip("/ ").lower().split("/")
        for k in range(min(max(1, len(parts) - 1), _MAX_FOLDERS)):  # the leading ones may be somebody else's
            if named := self._named.get("/".join(parts[k:])):
                return self._images[named[0]] if len(named) == 1 else []
        return []

    def column(self, table: Table) -> str:
        """The column that names folders in half of its rows or more, each once unless it names patients; else `""`."""
        rows = table.rows[:_SAMPLED]
        hits = {
            name: sum(bool(self.find(row[at])) for row in rows)
            for at, name in enumerate(table.columns)
            if not LABEL_NAME.match(name) and (rank(name) or len({row[at] for row in rows}) == len(rows))
        }
        best = max(hits, key=lambda name: (hits[name], bool(rank(name))), default="")
        return best if best and 2 * hits[best] >= len(rows) else ""

    def starts(self, table: Table) -> bool:
        """Whether the titles name a folder by its path, in a column whose cells do so, too: there is no header."""
        rows = table.rows[:_SAMPLED]
        return any(
            "/" in title.replace("\\", "/").strip("/ ")
            and bool(self.find(title))
            and 2 * sum(bool(self.find(row[at])) for row in rows) >= len(rows)
            for at, title in enumerate(table.columns)
        )

    def expanded(self, table: Table, column: str) -> Table:
        """A row for each image of the folder that a row names; the folder itself stands in a column of its own.

        Args:
            table: The table.
            column: Names the folders; then the images.
        """
        at = table.columns.index(column)
        rows = [
            (*row[:at], image, *row[at + 1 :], row[at])
            for row in table.rows
            for image in self.find(row[at]) or [row[at]]
        ]
        return replace(table, columns=(*table.columns, folder_column(column)), rows=tuple(rows))


def folder_column(column: str) -> str:
    """What the column with the folders is called once the rows are about images."""
    return f"{column} (folder)"
