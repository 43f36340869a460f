"""Finds the image that a cell of a table names: by its path or its name, never against the folders that it names."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from core.data.part_names import is_filler, is_part

_MAX_FOLDERS = 20  # leading folders of a path that may be somebody else's
_MANY = 100  # images of one name among which none is chosen
_PREFIX = re.compile(r"^[0-9a-f]{8}-")  # of files that were uploaded to Label Studio


class Finder:
    """Finds the images of a folder that cells of a table mean.

    Args:
        paths: All images, relative to the dataset's folder.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._exact = {_small(path): path for path in paths}
        self._names: dict[str, list[str]] = {}
        self._stems: dict[str, list[str]] = {}
        for path in paths:
            name = _small(path.rpartition("/")[2])
            self._names.setdefault(name, []).append(path)
            self._stems.setdefault(name.rpartition(".")[0], []).append(path)
        above = {_small(path.rpartition("/")[0]) for path in paths}
        self._folders = {name for folder in above for name in folder.split("/") if name}

    def example(self) -> str:
        """The name of one of the images; empty where there are none."""
        return next(iter(self._exact.values()), "").rpartition("/")[2]

    def find(self, cell: str, base: str = "") -> str:
        """The image that a cell names; `""` if none does, or several do.

        Args:
            cell: A path, a name, or a name without its extension.
            base: Folder of the table, relative to the dataset's. Defaults to the top.
        """
        return self._find(_path(cell), base)

    def namesakes(self, cell: str) -> list[str]:
        """The images of which a cell names one, where it does not say which; empty where it names one or none."""
        name = (value := _path(cell)).rpartition("/")[2]
        if not value or self._find(value, ""):
            return []
        found = self._names.get(name) or self._stems.get(name) or []
        return found if len(found) > 1 else []

    def find_all(self, cells: Iterable[str], base: str = "") -> list[str]:
        """`find` for a column: where some rows name the folder of their image, one of another folder names none.

        Args:
            cells: Of one column.
            base: Folder of the table.
        """
        values = [_path(cell) for cell in cells]
        found = [self._find(value, base) for value in values]
        inner = [_innermost(value) if path else "" for value, path in zip(values, found, strict=True)]
        here = [bool(name) and name in _small(path).split("/")[:-1] for name, path in zip(inner, found, strict=True)]
        if not any(here):
            return found
        return ["" if name and not fits else path for name, fits, path in zip(inner, here, found, strict=True)]

    def _find(self, value: str, base: str) -> str:
        if not value:
            return ""
        below = f"{_small(base)}/{value}".lstrip("/")
        parts = value.split("/")
        for tried in (below, *("/".join(parts[k:]) for k in range(min(len(parts), _MAX_FOLDERS)))):
            if (found := self._exact.get(tried)) and ("/" in tried or self._may_be(found, value, base)):
                return found
        name = parts[-1]
        for known, key in ((self._names, name), (self._stems, name), (self._names, _PREFIX.sub("", name))):
            if candidates := known.get(key):
                return _only([path for path in candidates if self._may_be(path, value, base)], value, base)
        return ""

    def _may_be(self, path: str, value: str, base: str) -> bool:
        """Whether an image lies in the folders that a cell names, or else its table's part, so far as they are here."""
        named = value.split("/")[:-1] or [name for name in _small(base).split("/") if is_part(name)]
        return not named or (self._folders & set(named)) <= set(_small(path).split("/")[:-1])


def _path(cell: str) -> str:
    """A cell as a path in small letters; the name in an address such as `/data/?d=a.png` is behind its `=`."""
    front = cell.partition("?")[0]
    value = unquote(cell.rpartition("=")[2] if not front or front.endswith("/") else front).replace("\\", "/").strip()
    return re.sub(r"^(\./)+", "", _small(value)).strip("/")


def _small(text: str) -> str:
    """In small letters, accents as one character each: a Mac stores them apart in names of files, Windows does not."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).lower()


def _innermost(value: str) -> str:
    """The last folder of a path whose name says something."""
    return next((name for name in reversed(value.split("/")[:-1]) if not is_filler(name)), "")


def _only(candidates: list[str], value: str, base: str) -> str:
    """The one of several images of a name that the rest of the path, or the table's folder, speaks for."""
    if len(candidates) == 1:
        return candidates[0]
    if len(candidates) > _MANY:
        return ""
    for kept in (
        [path for path in candidates if _small(path).rpartition(".")[0].endswith(f"/{value}")],
        [path for path in candidates if _small(path).endswith(f"/{value}")],
        [path for path in candidates if base and _small(path).startswith(f"{_small(base)}/")],
    ):
        if len(kept) == 1:
            return kept[0]
    return ""
