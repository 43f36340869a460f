"""Names of files and folders: which names are those of images, and how a name is shown in a message."""

from pathlib import PurePosixPath

EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".dcm", ".dicom"}
    | {".heic", ".heif", ".hif"}
)


def is_image_name(name: str) -> bool:
    """Whether a file is an image by its extension."""
    return PurePosixPath(name).suffix.lower() in EXTENSIONS


def display_name(name: str) -> str:
    """Makes a file name fit for a message: no control or undecodable characters, at most 120 characters."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return shown if len(shown) <= 120 else shown[:80] + "…" + shown[-39:]
