"""Tells by its first bytes what a file is that was given as a zip and is none, and what to do with it."""

START = 512
"""Bytes that suffice."""

_PACK = "unpack it and pack the folder as a zip"
_PAGE = "a web page, as a link to a page instead of the file gives it; download the file itself"
_STARTS = (
    (b"Rar!", f"a RAR archive; {_PACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7z archive; {_PACK}"),
    (b"\x1f\x8b", f"packed by gzip; {_PACK}"),
    (b"BZh", f"packed by bzip2; {_PACK}"),
    (b"\xfd7zXZ", f"packed by xz; {_PACK}"),
    (b"\x28\xb5\x2f\xfd", f"packed by Zstandard; {_PACK}"),
    (b"PK\x07\x08", "the first part of a divided zip; join the parts, or pack the folder as one zip"),
    (b"PAR1", "a Parquet file; `python -m core unpack` extracts the images of Parquet files"),
    (b"\x89HDF", "an HDF5 file"),
)
_TAR = (257, b"ustar")


def other_kind(start: bytes) -> str:
    """The end of a sentence that says the file is no zip: what it is instead; empty where that is not known.

    Args:
        start: The first `START` bytes of the file.
    """
    if start[_TAR[0] :].startswith(_TAR[1]):
        return f": it is a tar archive; {_PACK}"
    if start.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return f": it is {_PAGE}"
    return next((f": it is {words}" for sign, words in _STARTS if start.startswith(sign)), "")
