"""PNG chunks (colour profile, text) that are too large for Pillow: passed over, and the image is read.

Pillow refuses the whole file for a profile of more than 1 MB or texts of more than 64 MB, to save memory. Neither is
used here: what is read is what there was before the limit.
"""

import struct
import zlib
from collections.abc import Callable

from PIL import ImageFile, PngImagePlugin

_LARGE = 2**20  # bytes of a chunk that no pixels need; a larger one is not taken into memory
_PIECE = 2**20

_Reader = Callable[[int, int], bytes]


class LenientStream(PngImagePlugin.PngStream):
    """Reads the parts of a PNG; those that are only too large are handed on unread, their checksum compared as ever."""

    def read(self) -> tuple[bytes, int, int]:
        """The next chunk: its name, where its content begins, and its length."""
        while True:
            fresh = not self.queue
            name, at, length = super().read()
            if not fresh or length <= _LARGE or name == b"fdAT" or not name[0] & 0x20:  # critical: a capital letter
                return name, at, length
            self._pass_over(name, length)

    def verify(self, endchunk: bytes = b"IEND") -> list[bytes]:
        """Compares the checksums of all chunks that follow, a piece at a time; returns their names."""
        names = list[bytes]()
        while True:
            try:
                name, _, length = self.read()
            except struct.error as error:
                raise OSError("truncated PNG file") from error
            if name == endchunk:
                return names
            self._pass_over(name, length)
            names.append(name)

    def _pass_over(self, name: bytes, length: int) -> None:
        """Reads a chunk's content and compares its checksum, in the memory of a piece."""
        if self.fp is None:
            raise ValueError("the file is closed")
        found = zlib.crc32(name)
        while length:
            piece = self.fp.read(min(length, _PIECE))
            if not piece:
                raise OSError("Truncated File Read")
            found, length = zlib.crc32(piece, found), length - len(piece)
        if self.fp.read(4) != struct.pack(">I", found):
            raise SyntaxError(f"broken PNG file (bad header checksum in {name!r})")

    def chunk_iCCP(self, pos: int, length: int) -> bytes:
        """Colour profile."""
        return self._unless_too_large(super().chunk_iCCP, pos, length)

    def chunk_tEXt(self, pos: int, length: int) -> bytes:
        """Text."""
        return self._unless_too_large(super().chunk_tEXt, pos, length)

    def chunk_zTXt(self, pos: int, length: int) -> bytes:
        """Packed text."""
        return self._unless_too_large(super().chunk_zTXt, pos, length)

    def chunk_iTXt(self, pos: int, length: int) -> bytes:
        """Text in UTF-8."""
        return self._unless_too_large(super().chunk_iTXt, pos, length)

    def _unless_too_large(self, read: _Reader, pos: int, length: int) -> bytes:
        try:
            return read(pos, length)
        except ValueError:  # too large once unpacked
            if self.fp is None:
                raise
            self.fp.seek(pos)
            return ImageFile._safe_read(self.fp, length)
