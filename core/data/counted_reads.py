"""CountedReads: a file that refuses one read more than the header and parts of any image take.

Decoders go through a header part by part, in Python: a file of 10 MB in which each part has a few bytes keeps one busy
for minutes, and the process that has to answer other people with it. Reads of pixels are large, so few.
"""

from typing import Any, BinaryIO

from core.data.refused import Refused

MOST_READS = 300_000
"""A PNG of 40 megapixels in 16 bits, in chunks of 8 kB, takes 180,000."""


class CountedReads:
    """A binary file as it is, but for the number of reads.

    Args:
        file: Binary file object.
        most: Reads at most. Defaults to `MOST_READS`.
    """

    def __init__(self, file: BinaryIO, most: int = MOST_READS) -> None:
        self._file, self._left = file, most

    def read(self, size: int = -1) -> bytes:
        """As the file's.

        Raises:
            Refused: it was called too often.
        """
        self._left -= 1
        if self._left < 0:
            raise Refused("has more parts than any image; save it again with another program")
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
