"""Names of files and folders: which are images, how one is shown in a message, and in which order they stand."""

import re
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


def natural(name: str) -> list[tuple[bool, int, str]]:
    """Sorts fold_2 before fold_10."""
    pieces = re.split(r"([0-9]+)", name)
    return [(piece.isdecimal(), int(piece) if piece.isdecimal() else 0, piece) for piece in pieces]
