"""Reads the record at a zip's end, which says how long its list of contents is, before `zipfile` reads that list.

`zipfile` makes an object of every entry in the list, however many there are: a million of them take 12 s and 260 MB.
"""

import struct
from typing import BinaryIO, NamedTuple

_RECORD, _LOCATOR, _RECORD_64 = 22, 20, 56
_MOST_COMMENT = 65_535
_MOST_BEHIND = 2**24


class ZipEnd(NamedTuple):
    """What a zip says of its list of contents.

    Attributes:
        entries: Number of its entries.
        length: Bytes of the list; `zipfile` goes by these.
        before: Bytes before the zip that ends so: of a program that unpacks it, or of a zip that holds it and is cut
            off behind it. 0 where a record of 64 bits is there.
    """

    entries: int
    length: int
    before: int = 0


def zip_end(file: BinaryIO) -> ZipEnd | None:
    """What a zip's end says, the larger where two of its records differ; None where there is no such record.

    Args:
        file: Binary file object of whatever kind.

    Raises:
        OSError: it cannot be read.
    """
    size = file.seek(0, 2)
    start = max(0, size - _RECORD - _MOST_COMMENT)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _RECORD:
        return None
    entries, length, place = struct.unpack_from("<HLL", tail, at + 10)
    records = _records_64(file, start + at)
    if not records:
        return ZipEnd(entries, length, max(0, start + at - length - place))
    # All bits set: look in the record of 64 bits.
    counts = [record.entries for record in records] + [entries] * (entries != 0xFFFF)
    lengths = [record.length for record in records] + [length] * (length != 0xFFFFFFFF)
    return ZipEnd(max(counts), max(lengths))


def bytes_behind(file: BinaryIO) -> int:
    """Bytes of something else behind a zip's end, where that is too far from the file's end for `zip_end`; else 0.

    Args:
        file: Binary file object of whatever kind.

    Raises:
        OSError: it cannot be read.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - _MOST_BEHIND))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    return max(0, len(tail) - at - _RECORD) if at >= 0 else 0


def _records_64(file: BinaryIO, end: int) -> list[ZipEnd]:
    """The records of 64 bits: `zipfile` takes, by its version, the one before the locator or that at its address."""
    file.seek(max(0, end - _LOCATOR))
    locator = file.read(_LOCATOR)
    if len(locator) < _LOCATOR or locator[:4] != b"PK\x06\x07":
        return []
    address = min(struct.unpack_from("<Q", locator, 8)[0], 2**62)
    places = {address, max(0, end - _LOCATOR - _RECORD_64)}
    return [record for place in sorted(places) if (record := _record_64(file, place))]


def _record_64(file: BinaryIO, place: int) -> ZipEnd | None:
    file.seek(place)
    record = file.read(_RECORD_64)
    if len(record) < _RECORD_64 or record[:4] != b"PK\x06\x06":
        return None
    return ZipEnd(*struct.unpack_from("<QQ", record, 32))
