"""Recognises unreadable kinds of files (AVIF, PDF, Git LFS pointer, ...) by their magic bytes."""

_SAVE = "which is not read; save it as JPEG or PNG"
_POINTER = "not the image itself; fetch it by `git {}`"

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", f"is a Git LFS pointer, {_POINTER.format('lfs pull')}"),
    (b"/annex/objects/", f"is a git-annex pointer, {_POINTER.format('annex get')}"),
    (b"\0\0\0\x0cjP  ", f"is a JPEG 2000 image, {_SAVE}"),
    (b"\xff\x4f\xff\x51", f"is a JPEG 2000 image, {_SAVE}"),
    (b"\0\0\0\x0cJXL ", f"is a JPEG XL image, {_SAVE}"),
    (b"\xff\x0a", f"is a JPEG XL image, {_SAVE}"),
    (b"8BPS", f"is a Photoshop file, {_SAVE}"),
    (b"%PDF-", "is a PDF, which is not read; save its page or image as JPEG or PNG"),
    (b"PK\x03\x04", "is a zip, not an image; unpack it"),
    (b"\x1a\x45\xdf\xa3", "is a video, not an image"),
)
_BRANDS = {  # of an ISO media file, behind "ftyp"
    **dict.fromkeys(("avif", "avis", "mif1", "msf1"), f"is an AVIF image, {_SAVE}"),
}

EXTENSIONS = frozenset({".avif"})
"""Of images that are not read; phones give them to JPEG files, too."""


def what_it_is(start: bytes) -> str:
    """What a file is and what to do, as the rest of a sentence that begins with its name; empty where it is not known.

    Args:
        start: Its first bytes; 200 are enough.
    """
    if start[4:8] == b"ftyp":
        return _BRANDS.get(start[8:12].decode("ascii", "replace"), "is a video, not an image")
    return next((words for beginning, words in _BEGINNINGS if start.startswith(beginning)), "")
