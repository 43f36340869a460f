"""Names that came from outside become names that are safe here.

Folders and files keep their names as far as they are safe: folders are the classes, patients and tables know files by
name. A file gets a number only where it could be mistaken for another. Nothing that `Places` returns leads outside.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.data.file_names import display_name, is_image_name
from core.data.layout import check_class_name
from core.data.leftovers import is_junk, is_unusual
from core.data.tables import SPREADSHEET, is_spreadsheet, is_table_name
from core.errors import DataError

MAX_FOLDERS = 8
JUNK = "is a system file"
HIDDEN = "is in a hidden folder; rename that folder if it is a class"
_UNREAD_KINDS = (
    "avif jp2 psd svg pdf raw nef cr2 cr3 arw dng",
    "nii npy npz h5 hdf5 mat pkl parquet arrow tfrecord mp4 avi mov",
)
_UNREAD = frozenset(f".{kind}" for kinds in _UNREAD_KINDS for kind in kinds.split())
_ARCHIVES = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst"})
_FORBIDDEN = frozenset('<>:"/\\|?*')  # on Windows; a dataset should survive the move there
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # devices on Windows
_MAX_BYTES = 255  # of one name, on all usual file systems
_STEM_BYTES = 120
_NAME_BYTES = 230  # of a file without its extension, so that a number has room


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

    @property
    def is_image(self) -> bool:
        """Whether it is an image by its name; tables of labels are written, too."""
        return is_image_name(self.file)


class Locations:
    """Gives each file of one upload its place; one object for one upload."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], str] = {}  # (parent, folded name) -> name as it came
        self._files: set[tuple[str, str]] = set()  # (folder, folded name) of files that have a place

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
        name = name.replace("\\", "/")  # as programs on Windows pack it
        parts = [p for p in name.split("/") if p not in ("", ".")]
        folders = parts if name.endswith("/") else parts[:-1]
        if any(is_junk(p) for p in parts):
            hidden = is_image_name(name) and not is_junk(parts[-1]) and _are_unusual(folders)
            return Location("", "", HIDDEN if hidden else JUNK)
        if len(folders) > MAX_FOLDERS:
            shown = display_name(name)
            raise DataError(f"{shown} lies more than {MAX_FOLDERS} folders deep; pack the images less deeply nested.")
        folder = self._folder(folders)
        if name.endswith("/") or not parts:
            return Location(folder, "", "")
        if not is_image_name(parts[-1]):
            if is_table_name(parts[-1]):
                return Location(folder, self._file(folder, PurePosixPath(parts[-1])), "")
            return Location(folder, "", _no_image(parts[-1]))
        return Location(folder, self._file(folder, PurePosixPath(parts[-1])), "")

    def _file(self, folder: str, path: PurePosixPath) -> str:
        """Safe name for a file, other than all others of its folder on any computer."""
        stem, suffix, number = safe_stem(path.stem, _NAME_BYTES), path.suffix, 1
        if _RESERVED.fullmatch(stem):
            stem = f"{stem}_"
        name = f"{stem}{suffix}"
        while (key := (folder, unicodedata.normalize("NFC", name.casefold()))) in self._files:
            number += 1
            name = f"{stem}-{number}{suffix}"
        self._files.add(key)
        return name

    def _folder(self, parts: list[str]) -> str:
        """Safe path for the folders; refuses two that become one, or would on another computer."""
        path = ""
        for part in parts:
            safe = safe_folder(part)
            folded = unicodedata.normalize("NFC", safe.casefold())
            if self._seen.setdefault((path, folded), part) != part:
                first, second = display_name(self._seen[path, folded]), display_name(part)
                raise DataError(f"The folders {first} and {second} look the same; rename one or merge them.")
            path = f"{path}/{safe}" if path else safe
        return path


def unsafe(name: str) -> str:
    """Why a path must not be used at all; `""` if it may.

    Args:
        name: Path inside an upload, as the client gave it.
    """
    plain = name.replace("\\", "/")
    parts = plain.split("/")
    leads = ".." in parts or plain.startswith("/") or bool(re.match("[A-Za-z]:", name))
    if "\\" in name and leads:
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
    shown = display_name(name)
    if not safe:
        raise DataError(f"The folder name {shown} has no allowed characters; rename the folder.")
    if len(safe.encode()) > _MAX_BYTES:
        raise DataError(f"The folder name {shown} has more than {_MAX_BYTES} bytes; shorten it.")
    if _RESERVED.fullmatch(safe):
        raise DataError(f"The folder name {shown} is reserved on Windows; rename the folder.")
    return safe


def safe_stem(stem: str, most: int = _STEM_BYTES) -> str:
    """Makes a file's name without extension safe; `"image"` if nothing is left.

    Args:
        stem: Name without folder and extension.
        most: Bytes it may have. Defaults to 120.
    """
    safe = _visible(stem).encode()[:most].decode("utf-8", "ignore").strip(" .")
    return safe or "image"


def safe_set(name: str) -> str:
    """A folder's name for an upload, from the name of its zip or folder; `"upload"` if nothing is left of it.

    Args:
        name: As the client gave it.
    """
    stem = PurePosixPath(name).stem if PurePosixPath(name).suffix.lower() == ".zip" else name
    safe = safe_stem(stem.replace("\\", "/").rpartition("/")[2], _STEM_BYTES).strip(" ._")
    return safe if safe and not _RESERVED.fullmatch(safe) and not safe.endswith(".partial") else "upload"


def why_no_images(names: Iterable[str]) -> str:
    """What an upload without images holds instead: other archives, images of kinds that are not read; or nothing.

    Args:
        names: Of its files, as they came.
    """
    listed = [name for name in names if name and not name.endswith("/")]
    archives = [name for name in listed if PurePosixPath(name).suffix.lower() in _ARCHIVES]
    if archives:
        shown = ", ".join(display_name(name) for name in archives[:3])
        more = f" and {len(archives) - 3} more" if len(archives) > 3 else ""
        return f" It holds {shown}{more}: unpack it and give its content."
    kinds = Counter(suffix for name in listed if (suffix := PurePosixPath(name).suffix.lower()) in _UNREAD)
    if kinds:
        suffix, number = kinds.most_common(1)[0]
        ends = "1 ends" if number == 1 else f"{number:,} end"
        return f" Of its {len(listed):,} files, {ends} in {suffix}, which is not read; save them as PNG or JPEG."
    return ""


def _no_image(name: str) -> str:
    """Why a file is left out that is neither an image nor a table."""
    if is_spreadsheet(name):
        return SPREADSHEET
    packed = PurePosixPath(name).suffix.lower() in _ARCHIVES
    return "is an archive; unpack it and give its content" if packed else "is not an image by its extension"


def _are_unusual(folders: Iterable[str]) -> bool:
    """Whether what hides a file are folders that no program is known to leave."""
    return all(is_unusual(name) for name in folders if is_junk(name))


def _visible(name: str) -> str:
    text = unicodedata.normalize("NFC", name)
    return "".join("_" if c in _FORBIDDEN or not c.isprintable() else c for c in text)
