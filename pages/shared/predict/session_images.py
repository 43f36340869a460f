"""Images uploaded for prediction, kept on disk per session and removed after a while."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import paths
from core.access.roles import Action
from core.errors import DataError
from core.housekeeping import retention
from pages.shared.shell.access import guarded
from pages.shared.shell.quota import admit_files

_CHUNK = 2**20


@guarded(Action.PREDICT)
def keep_images(uploads: Sequence[Any]) -> tuple[Path, list[tuple[str, str]]]:
    """Copies uploaded images into a new folder of their own.

    Args:
        uploads: Binary files with `name` and `size`.

    Returns:
        The folder, and for each image its file in it and what the person calls it.

    Raises:
        DataError: they are too large or too many, or cannot be stored; nothing is kept then.
    """
    admit_files([upload.size for upload in uploads])
    forget_old()
    folder = paths.home() / "sessions" / secrets.token_hex(8)
    kept = []
    try:
        folder.mkdir(parents=True)
        for number, upload in enumerate(uploads):
            # The file's name is ours: the client's leads nowhere.
            with (folder / f"{number:05}").open("xb") as file:
                upload.seek(0)
                shutil.copyfileobj(upload, file, _CHUNK)
            kept.append((f"{number:05}", str(upload.name)))
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise DataError(f"the images cannot be stored: {error.strerror}") from error
    return folder, kept


def kept_image(folder: str, name: str) -> Path | None:
    """A kept image, which is then not forgotten for another hour; None when it is gone."""
    path = paths.home() / "sessions" / Path(folder).name / Path(name).name
    with contextlib.suppress(OSError):
        os.utime(path.parent)
        return path if path.is_file() else None
    return None


@guarded(Action.PREDICT)
def forget(folder: str) -> None:
    """Removes the images of a folder."""
    shutil.rmtree(paths.home() / "sessions" / Path(folder).name, ignore_errors=True)


@guarded(Action.PREDICT)
def forget_old() -> None:
    """Removes images whose session has gone, as the server's clock does every minute."""
    retention.forget_images()
