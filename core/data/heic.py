"""Lets Pillow open HEIC images by pillow-heif, where that is installed."""

from functools import lru_cache

from core.data.refused import INSTALL, CodecMissing

_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def is_heic(start: bytes) -> bool:
    """Whether a file begins as HEIC does; `start` are its first bytes. A generic brand is looked at further on."""
    return start[4:8] == b"ftyp" and start[8:12] in _BRANDS and b"avif" not in start[8:64]


def allow_heic() -> None:
    """Registers the format `HEIF` with Pillow, once for the process.

    Raises:
        CodecMissing: pillow-heif is not installed.
    """
    if not _registered():
        raise CodecMissing(f"is a HEIC image; to read such files: {INSTALL}")


@lru_cache(maxsize=1)
def _registered() -> bool:
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    # Its own threads would come on top of ours; thumbnails and other images inside the file are of no use here.
    register_heif_opener(thumbnails=False, decode_threads=1)
    return True
