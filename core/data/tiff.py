"""Looks into a TIFF before it is decoded: kind of pixels, tiles and pages, by a reader that no file can lead astray.

Pillow reads each tag whole and names no reason for what it does not know. Here the size of all tags is bounded first,
and a kind that would not be read, or be read wrongly, is refused by what it is.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from core.data.refused import Refused

MAX_TAGS = 1000
MAX_TAG_BYTES = 32 * 2**20
"""Of all tags of the first page together: places of strips, a colour profile, a microscope's description."""

MAX_PAGES = 10_000
MAX_TILE_PIXELS = 40_000_000

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}
_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_SAMPLES, _PLANAR, _TILE_WIDTH, _TILE_HEIGHT, _EXTRA, _FORMAT, _DNG = 277, 284, 322, 323, 338, 339, 50706
_SAVE = "save it with 8 bits, or in grey with 16"

_FORMS = {2: "signed, ", 3: "floating point, "}
_COLOURS = {0: "grey", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "Lab", 9: "ICC Lab", 32803: "raw"}


@dataclass(frozen=True)
class Tiff:
    """What the first page is.

    Attributes:
        bits: Of each value.
        pages: Pages of the file, `MAX_PAGES` at most.
    """

    bits: int
    pages: int


def is_tiff(start: bytes) -> bool:
    """Whether a file begins as a TIFF does, that of 64 bits included; `start` are its first bytes."""
    return start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def look_into(file: BinaryIO) -> Tiff:
    """Reads the tags of the first page and counts the pages.

    Args:
        file: At any place; it is left at its start.

    Raises:
        Refused: it is damaged, too large, or of a kind that is not read.
    """
    try:
        reader = _Reader(file)
        tags, following = reader.directory(reader.first)
        _refuse_unknown(tags, raw=reader.is_raw, big_endian=reader.big_endian)
        return Tiff(tags.get(_BITS, [1])[0], 1 + reader.count(following, {reader.first}))
    except (struct.error, OverflowError, OSError, IndexError) as error:
        raise Refused("is damaged: the TIFF's list of tags is cut short") from error
    finally:
        file.seek(0)


class _Reader:
    """Reads directories (pages) of a TIFF, of 32 or 64 bits."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.seek(0, 2)
        self._length = file.tell()
        start = self._at(0, 16)
        self._order = "<" if start[:2] == b"II" else ">"
        self._big = start[2:4] in (b"+\0", b"\0+")
        self.big_endian = self._order == ">"
        self.is_raw = start[8:10] == b"CR"  # Canon's
        (self.first,) = struct.unpack(
            f"{self._order}{'Q' if self._big else 'I'}", start[8:16] if self._big else start[4:8]
        )

    def directory(self, place: int) -> tuple[dict[int, list[int]], int]:
        """Whole numbers of the tags of one page, and where the next page is; 0 for none."""
        count = self._number(place, "Q" if self._big else "H")
        if count > MAX_TAGS:
            raise Refused(f"has {count:,} tags; at most {MAX_TAGS:,} are read")
        entry, head = (20, 8) if self._big else (12, 2)
        found: dict[int, list[int]] = {}
        total = 0
        for k in range(count):
            raw = self._at(place + head + k * entry, entry)
            tag, kind, length = struct.unpack(
                f"{self._order}HH{'Q' if self._big else 'I'}", raw[: 12 if self._big else 8]
            )
            total += length * _SIZES.get(kind, 8)
            if total > MAX_TAG_BYTES:
                raise Refused(f"has more than {MAX_TAG_BYTES // 2**20} MB of tags")
            if kind in _CODES and length:
                found[tag] = self._values(raw[12 if self._big else 8 :], kind, min(length, 8))
        return found, self._number(place + head + count * entry, "Q" if self._big else "I")

    def count(self, place: int, seen: set[int]) -> int:
        """Pages from `place` on; a list that leads back into itself ends there."""
        while place and place not in seen and len(seen) < MAX_PAGES and place < self._length:
            seen.add(place)
            count = self._number(place, "Q" if self._big else "H")
            if count > MAX_TAGS:
                break
            place = self._number(
                place + (8 if self._big else 2) + count * (20 if self._big else 12), "Q" if self._big else "I"
            )
        return len(seen) - 1

    def _values(self, inline: bytes, kind: int, count: int) -> list[int]:
        size = count * _SIZES[kind]
        code = f"{self._order}{count}{_CODES[kind]}"
        if size <= len(inline):
            return list(struct.unpack(code, inline[:size]))
        (place,) = struct.unpack(f"{self._order}{'Q' if self._big else 'I'}", inline)
        return list(struct.unpack(code, self._at(place, size)))

    def _number(self, place: int, code: str) -> int:
        return int(struct.unpack(f"{self._order}{code}", self._at(place, struct.calcsize(code)))[0])

    def _at(self, place: int, size: int) -> bytes:
        self._file.seek(place)
        return self._file.read(size)


def _refuse_unknown(tags: dict[int, list[int]], *, raw: bool, big_endian: bool) -> None:
    def one(tag: int, default: int) -> int:
        return tags.get(tag, [default])[0]

    if raw or _DNG in tags or one(_PHOTOMETRIC, 1) == 32803 or one(_SUBFILE, 0) & 1:
        raise Refused("is a camera raw image, or begins with a preview; save it as JPEG or PNG")
    if not one(_WIDTH, 0) or not one(_HEIGHT, 0):
        raise Refused("is damaged: the TIFF does not say how large it is")
    if one(_TILE_WIDTH, 1) * one(_TILE_HEIGHT, 1) > MAX_TILE_PIXELS:
        raise Refused(f"has tiles of more than {MAX_TILE_PIXELS // 10**6} megapixels")
    swapped = big_endian and one(_COMPRESSION, 1) != 1  # libtiff turns the bytes, and Pillow turns them once more
    bits, form, colour = tags.get(_BITS, [1]), one(_FORMAT, 1), one(_PHOTOMETRIC, 1)
    samples = one(_SAMPLES, len(bits))
    order = "big-endian and compressed, " if form == 2 and swapped and bits[0] == 16 else ""
    kind = f"{_FORMS.get(form, '')}{order}{_COLOURS.get(colour, 'unknown colours')}"
    words = f"{samples} × {bits[0]} bits, {kind}"
    grey = colour in (0, 1)
    readable = len(set(bits)) == 1 and (
        (grey and samples == 1 and form == 1 and bits[0] in (1, 2, 4, 8, 16))
        or (grey and samples == 1 and form == 1 and bits[0] == 12 and colour == 1)
        or (grey and samples == 1 and form == 2 and bits[0] == 16 and colour == 1 and not swapped)
        or (grey and samples == 2 and form == 1 and bits[0] == 8 and colour == 1)
        or (colour == 2 and 3 <= samples <= 6 and form == 1 and bits[0] == 8)
        or (colour == 2 and samples in (3, 4) and form == 1 and bits[0] == 16 and one(_PLANAR, 1) == 1)
        or (colour == 3 and samples <= 2 and bits[0] in (1, 2, 4, 8))
        or (colour == 5 and samples == 4 and form == 1 and bits[0] == 8)
        or (colour == 6 and samples in (1, 3) and bits[0] == 8)
    )
    if not readable:
        raise Refused(f"is an unsupported kind of TIFF ({words}); {_SAVE}")
