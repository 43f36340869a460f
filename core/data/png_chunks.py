"""PNG chunks (colour profile, text) that are too large for Pillow: passed over, and the image is read.

Pillow refuses the whole file for a profile of more than 1 MB or texts of more than 64 MB, to save memory. Neither is
used here: what is read is what there was before the limit.
"""

from collections.abc import Callable

from PIL import ImageFile, PngImagePlugin

_Reader = Callable[[int, int], bytes]


class LenientStream(PngImagePlugin.PngStream):
    """Reads the parts of a PNG; those that are only too large are handed on unread, their checksum compared as ever."""

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
