"""Decodes the file names in a zip: UTF-8, Japanese (code page 932), or code page 437.

A zip says of a name that it is UTF-8, or nothing: then it is in the code page of the computer that packed it, which the
zip does not name. Python reads it as code page 437.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Sequence

UNKNOWN_CODE = (
    "The names in the zip have an unknown encoding and may look wrong; create the zip with UTF-8 names, or rename the "
    "folders first."
)
_UTF8 = 0x800
_UNICODE_PATH = 0x7075
_KANA = re.compile("[\u3041-\u30ff]")
_TRAIL_BACKSLASH = re.compile(rb"(?<=[\x81-\xfe])\\")


def entry_names(infos: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The name of every entry: as UTF-8 if it is, as its Unicode extra field, as Japanese, else by code page 437.

    Args:
        infos: The entries of a zip.
    """
    unknown = [_raw(info) for info in infos if _known(info) is None]
    japanese = _is_japanese(unknown)
    return [known if (known := _known(info)) is not None else _guessed(_raw(info), japanese) for info in infos]


def has_unknown_code(infos: Sequence[zipfile.ZipInfo]) -> bool:
    """Whether some name could not be told for certain.

    Args:
        infos: The entries of a zip.
    """
    unknown = [_raw(info) for info in infos if _known(info) is None]
    return bool(unknown) and not _is_japanese(unknown)


def _known(info: zipfile.ZipInfo) -> str | None:
    """The name where the zip tells it, or it can only be UTF-8."""
    if info.flag_bits & _UTF8:
        return info.orig_filename
    raw = _raw(info)
    if told := _unicode_path(info.extra, raw):
        return told
    try:
        return raw.decode("utf-8")
    except UnicodeError:
        return None


def _raw(info: zipfile.ZipInfo) -> bytes:
    """A name's bytes as they stand in the zip."""
    try:
        return info.orig_filename.encode("cp437")
    except UnicodeError:
        return info.orig_filename.encode("utf-8", "surrogateescape")


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """The name in an Info-ZIP Unicode Path field that belongs to this name; empty where there is none."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + length]
        whole = kind == _UNICODE_PATH and len(field) > 5 and field[0] == 1
        if whole and struct.unpack_from("<L", field, 1)[0] == zlib.crc32(raw):
            return field[5:].decode("utf-8", "ignore")
        at += 4 + length
    return ""


def _is_japanese(raws: Sequence[bytes]) -> bool:
    """Whether all names are valid Shift JIS and some hold kana, which no other code has there."""
    try:
        names = [raw.decode("cp932") for raw in raws]
    except UnicodeError:
        return False
    return any(map(_KANA.search, names))


def _guessed(raw: bytes, japanese: bool) -> str:
    if japanese:
        return raw.decode("cp932")
    # The second byte of a Chinese or Korean letter may look like a backslash, which is no separator then.
    return _TRAIL_BACKSLASH.sub(b"_", raw).decode("cp437")
