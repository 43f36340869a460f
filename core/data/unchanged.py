"""Decodes an image only if its hash is the one in the run's manifest; an exchanged image raises ImageChanged."""

import hashlib
import io
import stat
from pathlib import Path

from core.data.dataset_index import ImageFile
from core.data.file_names import display_name
from core.data.images import Pixels, load
from core.data.rendering import STRETCHED, Rendering
from core.errors import ImageChanged, UnreadableImage


def load_unchanged(root: Path, file: ImageFile, size: int, rendering: Rendering = STRETCHED) -> Pixels:
    """Decodes an image as `images.load` does, out of the very bytes that were hashed.

    Nothing else would do: an image may be exchanged between two looks at its size and time, and both can be kept. The
    hash costs a few percent of the decoding.

    Args:
        root: Folder that the file's path is relative to.
        file: What the scan found.
        size: Side in pixels.
        rendering: How it becomes square. Defaults to `STRETCHED`.

    Raises:
        UnreadableImage: the file has gone, or is damaged.
        ImageChanged: it is another image than the one that was scanned.
    """
    path = root / file.path
    content = _content(path, file)
    found = hashlib.sha256(content).hexdigest()
    named = io.BytesIO(content)
    named.name = path.name
    pixels = load(named, size, rendering)  # first: one that is damaged now is called so
    if found != file.sha256:
        raise _changed(file, f"its SHA-256 was {file.sha256[:12]}… and is {found[:12]}…")
    return pixels


def _content(path: Path, file: ImageFile) -> bytes:
    """All of a file, which is opened only if it is a regular one, and read only if it has not become far larger."""
    name = display_name(path.name)
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise UnreadableImage(f"{name} is not a file.")
        if info.st_size > 2 * file.bytes + 2**20:
            raise _changed(file, f"it had {file.bytes:,} bytes and has {info.st_size:,}")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableImage(f"{name} cannot be opened: {error.strerror or error}.") from error


def _changed(file: ImageFile, how: str) -> ImageChanged:
    return ImageChanged(
        f"{display_name(file.path)} has changed since this began: {how}. Restore the original file and resume, or "
        "start a new one with the current images."
    )
