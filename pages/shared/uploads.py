"""Uploaded data sets on disk: taken in, named, listed."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from core import files, paths
from core.data.images import display_name
from core.data.ingest import ingest_files, ingest_zip

_TITLE = ".title.json"  # hidden, so that it is no part of the data set

Progress = Callable[[int, int], None]


def take_zip(file: Any, progress: Progress) -> Path:
    """Unpacks an uploaded zip into a folder of its own.

    Args:
        file: What the uploader gave: a binary file with a `name`.
        progress: Called with (pictures written, pictures in all).

    Raises:
        DataError: the zip is damaged, too large, or holds no pictures.
    """
    folder = ingest_zip(file, paths.uploads_folder(), progress=progress)
    files.write_json(folder / _TITLE, display_name(Path(file.name).name))
    return folder


def take_folder(uploaded: Sequence[Any], progress: Progress) -> Path:
    """Writes the files of an uploaded folder into a folder of its own.

    Args:
        uploaded: Binary files whose `name` is their path inside the upload.
        progress: Called with (pictures written, pictures in all).

    Raises:
        DataError: there are no pictures in it, or too many or too large ones.
    """
    items: list[tuple[str, BinaryIO]] = [(file.name, file) for file in uploaded]
    folder = ingest_files(items, paths.uploads_folder(), progress=progress)
    files.write_json(folder / _TITLE, display_name(items[0][0].split("/")[0]))
    return folder


def earlier_uploads() -> list[Path]:
    """Folders of complete uploads, the newest first."""
    root = paths.uploads_folder()
    if not root.is_dir():
        return []
    complete = [entry for entry in os.scandir(root) if entry.is_dir() and not entry.name.endswith(".partial")]
    return [root / entry.name for entry in sorted(complete, key=_time, reverse=True)]


def upload_title(folder: Path) -> str:
    """What the person called an upload: the name of the zip or folder; else the name of its folder here."""
    title = files.read_json(folder / _TITLE)
    return title if isinstance(title, str) and title else folder.name


def is_upload(folder: Path) -> bool:
    """Whether a folder came by upload."""
    return folder.parent == paths.uploads_folder()


def _time(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat().st_mtime
    except OSError:  # removed since the folder was read
        return 0.0
