"""Expands the image arguments of a command line: files, folders with what is in them, patterns such as "*.jpg"."""

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.data import foreign
from core.data.file_names import EXTENSIONS, display_name
from core.data.layout import is_junk
from core.errors import DataError

MAX_FILES = 50_000
"""More files at a time are refused: a folder chosen by mistake, such as `/`, should not be walked through."""

MAX_DEPTH = 8

_EXTENSIONS = EXTENSIONS | foreign.EXTENSIONS  # those that are not read are named then


def expand_images(paths: Sequence[Path], most: int = MAX_FILES) -> list[Path]:
    """The files that are meant.

    Args:
        paths: Files (whatever they are, also ones that do not exist), folders, and patterns such as `new/*.jpg` that
            no shell has expanded.
        most: Largest number of files. Defaults to `MAX_FILES`.

    Returns:
        In the order of `paths`, those of a folder or a pattern sorted; of a folder the images of all folders below it.

    Raises:
        DataError: a folder or pattern has no image, or there are too many.
    """
    found: list[Path] = []
    for path in paths:
        before = len(found)
        for file in _files(path):
            found.append(file)
            if len(found) > most:
                raise DataError(f"more than {most:,} images were given; give fewer at a time, such as one folder each")
        found[before:] = sorted(found[before:])
        if len(found) == before:
            what = "folder" if path.is_dir() else "pattern"
            raise DataError(f"the {what} {display_name(str(path))} has no images ({_kinds()})")
    return found


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from _images_in(path, MAX_DEPTH)
    elif not os.path.lexists(path) and glob.has_magic(str(path)):
        matches = glob.iglob(str(path), recursive=True)  # noqa: PTH207  (the pattern may be an absolute one)
        yield from (file for match in matches if (file := Path(match)).is_file())
    else:
        yield path


def _images_in(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise DataError(f"{display_name(str(folder))} cannot be opened: {error.strerror}") from error
    for entry in entries:
        if is_junk(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            if depth:
                yield from _images_in(folder / entry.name, depth - 1)
        elif Path(entry.name).suffix.lower() in _EXTENSIONS and entry.is_file():
            yield folder / entry.name


def _kinds() -> str:
    return ", ".join(sorted(EXTENSIONS))
