"""Sanitises file and class names of uploads (Unicode, reserved names, paths that lead outside).

Folders keep their name as far as it is safe, since they are the classes; a file keeps its stem, since patients are
recognised by it, and gets a number, so that no two can be the same. Nothing that `Places` returns leads outside.
"""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.data import images
from core.data.layout import check_class_name, is_junk
from core.errors import DataError

MAX_FOLDERS = 8
JUNK = "was left by a system"
_FORBIDDEN = frozenset('<>:"/\\|?*')  # on Windows; a data set should survive the move there
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # devices on Windows
_MAX_BYTES = 255  # of one name, on all usual file systems
_STEM_BYTES = 120


@dataclass(frozen=True)
class Location:
    """Where a file of an upload goes.

    Attributes:
        folder: Relative folder with `/`, safe to create; `""` is the top.
        file: Name made by the server; `""` if there is nothing to write.
        why: Why it is left out; `""` for a file that is written and for a folder.
    """

    folder: str
    file: str
    why: str


class Locations:
    """Gives each file of one upload its place; one object for one upload."""

    def __init__(self) -> None:
        self._count = 0
        self._seen: dict[tuple[str, str], str] = {}  # (parent, folded name) -> name as it came

    def location(self, name: str) -> Location:
        """Finds the place for one name.

        Args:
            name: Path inside the upload, as the client gave it; a `/` at the end marks a folder.

        Raises:
            DataError: if a folder's name is blank, reserved, too long, has control characters, or can be mistaken for
                another's; or if folders are nested more than 8 deep.
        """
        why = unsafe(name)
        if why:
            return Location("", "", why)
        parts = [p for p in name.split("/") if p not in ("", ".")]
        if any(is_junk(p) for p in parts):
            return Location("", "", JUNK)
        folders = parts if name.endswith("/") else parts[:-1]
        if len(folders) > MAX_FOLDERS:
            shown = images.display_name(name)
            raise DataError(f"{shown} lies more than {MAX_FOLDERS} folders deep; pack the images less deeply nested.")
        folder = self._folder(folders)
        if name.endswith("/") or not parts:
            return Location(folder, "", "")
        path = PurePosixPath(parts[-1])
        if path.suffix.lower() not in images.EXTENSIONS:
            return Location(folder, "", "is not an image by its extension")
        self._count += 1
        return Location(folder, f"{safe_stem(path.stem)}-{self._count:05d}{path.suffix.lower()}", "")

    def _folder(self, parts: list[str]) -> str:
        """Safe path for the folders; refuses two that become one, or would on another computer."""
        path = ""
        for part in parts:
            safe = safe_folder(part)
            folded = unicodedata.normalize("NFC", safe.casefold())
            if self._seen.setdefault((path, folded), part) != part:
                first, second = images.display_name(self._seen[path, folded]), images.display_name(part)
                raise DataError(f"The folders {first} and {second} look the same; rename one or put them together.")
            path = f"{path}/{safe}" if path else safe
        return path


def unsafe(name: str) -> str:
    """Why a path must not be used at all; `""` if it may.

    Args:
        name: Path inside an upload, as the client gave it.
    """
    parts = name.split("/")
    if "\\" in name:
        return "has a backslash in its name"
    if name.startswith("/") or re.match("[A-Za-z]:", name):
        return "has an absolute path"
    if ".." in parts:
        return "points outside its folder"
    if len(parts[-1].encode("utf-8", "replace")) > _MAX_BYTES:
        return f"has a name of more than {_MAX_BYTES} bytes"
    return ""


def safe_folder(name: str) -> str:
    """Makes a folder's name safe and keeps it readable: letters of all scripts, digits, spaces, usual punctuation.

    Args:
        name: One component of a path.

    Returns:
        Name in NFC; characters that a file system forbids or that cannot be seen are replaced by `_`.

    Raises:
        DataError: if the name is blank, too long, reserved, or has control characters.
    """
    check_class_name(name)
    safe = _visible(name).strip(" .")
    shown = images.display_name(name)
    if not safe:
        raise DataError(f"The folder name {shown} has no characters that can be kept; rename the folder.")
    if len(safe.encode()) > _MAX_BYTES:
        raise DataError(f"The folder name {shown} has more than {_MAX_BYTES} bytes; make it shorter.")
    if _RESERVED.fullmatch(safe):
        raise DataError(f"The folder name {shown} is reserved on Windows; rename the folder.")
    return safe


def safe_stem(stem: str) -> str:
    """Makes a file's name without extension safe, at most 120 bytes long; `"image"` if nothing is left.

    Args:
        stem: Name without folder and extension.
    """
    safe = _visible(stem).encode()[:_STEM_BYTES].decode("utf-8", "ignore").strip(" .")
    return safe or "image"


def _visible(name: str) -> str:
    text = unicodedata.normalize("NFC", name)
    return "".join("_" if c in _FORBIDDEN or not c.isprintable() else c for c in text)
