"""Finds the files of a dataset's class folders; opens none but those whose extension says little."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.data import foreign
from core.data.file_names import EXTENSIONS, display_name, is_image_name
from core.data.image_opening import begins_as_image
from core.data.layout import Layout, is_junk
from core.data.leftovers import is_unusual
from core.data.listing import is_folder, status_of
from core.data.table_rows import Labelled
from core.errors import DataError

MAX_FILES = 500_000  # of all kinds: whoever chooses `/` by mistake should not wait for a walk through it
MAX_DEPTH = 8  # folders below a class; deeper trees are mistakes or attacks
_HIDDEN = "is hidden; rename it if it belongs to the class"
_NO_IMAGE = "is not an image by its extension"


@dataclass(frozen=True)
class FoundFile:
    """A file with an image's extension, before it is read."""

    path: str
    label: str
    split: str
    size: int
    changed_ns: tuple[int, int]
    """Times of change of content and of status: whoever puts the first one back changes the second."""
    group: str = ""
    fold: str = ""


def find_files(layout: Layout) -> tuple[list[FoundFile], list[tuple[str, str]]]:
    """Finds the images in the class folders.

    Returns:
        The images, sorted by split, class and path, and `(path, why)` of what was passed over.

    Raises:
        DataError: if there are more than `MAX_FILES` files.
    """
    found: list[FoundFile] = []
    skipped = [(path, "is outside the class folders") for path in layout.outside]
    for image in layout.listed:
        info, why = status_of(layout.root / image.path)
        if info is None:
            skipped.append((image.path, why))
        else:
            found.append(_listed(image, info))
    for folder in layout.folders:
        for path, info, why in _walk(layout.root, folder.path, MAX_DEPTH if folder.deep else -1, layout.masks):
            if info is None:
                skipped.append((path, why))
            elif label := folder.label_of(path.rpartition("/")[2]):
                told = layout.told.get(path)
                split = folder.split or (told.split if told else "")
                more = (told.group, told.fold) if told else ()
                found.append(FoundFile(path, label, split, info.st_size, _times(info), *more))
            else:
                skipped.append((path, "has no class in its name"))
            if len(found) + len(skipped) > MAX_FILES:
                shown = display_name(str(layout.root))
                raise DataError(f"{shown} has more than {MAX_FILES:,} files; choose the dataset's folder.")
    found.sort(key=lambda f: (f.split, f.label, f.path))
    return found, skipped


def _listed(image: Labelled, info: os.stat_result) -> FoundFile:
    """An image that a table of labels lists."""
    return FoundFile(image.path, image.label, image.split, info.st_size, _times(info), image.group, image.fold)


def _times(info: os.stat_result) -> tuple[int, int]:
    return info.st_mtime_ns, info.st_ctime_ns


def _walk(
    root: Path, relative: str, depth: int, masks: frozenset[str]
) -> Iterator[tuple[str, os.stat_result | None, str]]:
    """Yields (path, status, "") of images and (path, None, why) of all else; follows no link to a folder.

    A depth below 0 leaves sub-folders out without a word: they are class folders of their own. So are masks, which the
    layout's notes name.
    """
    try:
        entries = sorted(os.scandir(root / relative), key=lambda e: e.name)
    except OSError as error:
        yield display_name(relative), None, f"cannot be opened: {error.strerror}"
        return
    for entry in entries:
        path = f"{relative}/{entry.name}".lstrip("/")
        if is_junk(entry.name) or path in masks:
            if _is_hidden_image(entry):
                yield display_name(path), None, _HIDDEN
            continue
        if entry.is_dir(follow_symlinks=False):
            if depth > 0:
                yield from _walk(root, path, depth - 1, masks)
            elif depth == 0:
                yield display_name(path), None, f"is more than {MAX_DEPTH} folders deep"
        else:
            yield _look_at(entry, path)


def _is_hidden_image(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is hidden, by no program that is known, and is an image by its extension or holds one."""
    if not is_unusual(entry.name):
        return False
    if not entry.is_dir(follow_symlinks=False):
        return is_image_name(entry.name)
    return any(is_image_name(name) for _, _, names in os.walk(entry.path) for name in names)


def _look_at(entry: os.DirEntry[str], path: str) -> tuple[str, os.stat_result | None, str]:
    suffix = Path(entry.name).suffix.lower()
    if why := _why_passed_over(entry, suffix):
        return display_name(path), None, why
    try:
        path.encode()
        info = entry.stat()
        foreign_kind = suffix in foreign.EXTENSIONS and stat.S_ISREG(info.st_mode)
        if foreign_kind and (why := _why_foreign(Path(entry.path))):
            return display_name(path), None, why
    except UnicodeEncodeError:
        return display_name(path), None, "has a name that is not valid text"
    except OSError as error:
        return path, None, f"cannot be opened: {error.strerror}"
    if not stat.S_ISREG(info.st_mode):
        return path, None, "is not a regular file"
    return path, info, ""


def _why_passed_over(entry: os.DirEntry[str], suffix: str) -> str:
    if entry.is_symlink() and is_folder(entry):
        return "is a link to a folder; links are not followed"
    return "" if suffix in EXTENSIONS | foreign.EXTENSIONS else _NO_IMAGE


def _why_foreign(path: Path) -> str:
    """Why a file with the extension of an image that is not read is left out; empty where it is one that is read.

    A phone's .HEIC may be a JPEG.
    """
    with path.open("rb") as file:
        start = file.read(200)
    return "" if begins_as_image(start) else foreign.what_it_is(start) or _NO_IMAGE
