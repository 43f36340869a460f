"""Uploaded datasets on disk: taken in, named, listed."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from core import files, paths
from core.access.limits import policy
from core.access.roles import Action
from core.data.file_names import display_name
from core.data.ingest import Limits, ingest_files, ingest_zips
from core.data.set_names import TITLE, set_name
from core.errors import DataError
from core.housekeeping import retention
from core.progress import Progress
from pages.shared.shell.access import guarded, may, person
from pages.shared.shell.quota import admit_files

_OWNER = ".owner.json"  # hidden, so that it is no part of the dataset


MOST_ZIPS = 50
"""Zips taken as the parts of one dataset; Google Drive makes one for each 2 GB."""


@guarded(Action.UPLOAD)
def take_zips(zips: Sequence[Any], progress: Progress) -> Path:
    """Unpacks uploaded zips, the parts of one dataset, into a folder of its own.

    Args:
        zips: What the uploader gave: binary files with a `name`.
        progress: Called with (images written, images in all).

    Raises:
        DataError: a zip is damaged, too large, or holds no images, or there are too many.
    """
    if len(zips) > MOST_ZIPS:
        raise DataError(f"{len(zips)} zips were uploaded; at most {MOST_ZIPS} can form one dataset")
    admit_files([file.size for file in zips])
    remove_broken_uploads()
    parts = sorted(zips, key=lambda file: str(file.name))
    folder = ingest_zips(parts, paths.uploads_folder(), _limits(), progress)
    more = f" and {len(parts) - 1} more" if len(parts) > 1 else ""
    return _kept(folder, display_name(Path(parts[0].name).name) + more)


@guarded(Action.UPLOAD)
def take_folder(uploaded: Sequence[Any], progress: Progress) -> Path:
    """Writes the files of an uploaded folder into a folder of its own.

    Args:
        uploaded: Binary files whose `name` is their path inside the upload.
        progress: Called with (images written, images in all).

    Raises:
        DataError: there are no images in it, or too many or too large ones.
    """
    admit_files([file.size for file in uploaded])
    remove_broken_uploads()
    items: list[tuple[str, BinaryIO]] = [(file.name, file) for file in uploaded]
    folder = ingest_files(items, paths.uploads_folder(), _limits(), progress)
    return _kept(folder, display_name(items[0][0].split("/")[0]))


def earlier_uploads() -> list[Path]:
    """Folders of complete uploads that this person may use again, the newest first."""
    root = paths.uploads_folder()
    if not root.is_dir():
        return []
    complete = [entry for entry in os.scandir(root) if entry.is_dir() and not entry.name.endswith(".partial")]
    folders = [root / entry.name for entry in sorted(complete, key=_time, reverse=True)]
    return [folder for folder in folders if _is_mine(folder)]


def may_use(folder: Path) -> bool:
    """Whether a folder lies in no upload, or in one that this person may use again."""
    whole, root = folder.resolve(), paths.uploads_folder().resolve()
    return whole == root or not whole.is_relative_to(root) or _is_mine(root / whole.relative_to(root).parts[0])


def upload_title(folder: Path) -> str:
    """What the person called an upload: the name of the zip or folder; else the name of its folder here."""
    return set_name(str(folder))


def is_upload(folder: Path) -> bool:
    """Whether a folder came by upload."""
    return folder.parent == paths.uploads_folder()


@guarded(Action.UPLOAD)
def remove_broken_uploads() -> None:
    """Removes what uploads have left whose server was killed: nothing has been written to them for an hour."""
    retention.forget_broken_off()


def _limits() -> Limits:
    limits = policy()
    return Limits(files=limits.zip_files, total_bytes=limits.zip_bytes, file_bytes=limits.upload_bytes)


def _kept(folder: Path, title: str) -> Path:
    files.write_json(folder / TITLE, title)
    files.write_json(folder / _OWNER, person().name)
    return folder


def _is_mine(folder: Path) -> bool:
    owner = files.read_json(folder / _OWNER)
    return may(Action.MANAGE) or owner == person().name


def _time(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat().st_mtime
    except OSError:  # removed since the folder was read
        return 0.0
