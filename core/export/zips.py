"""Writing zips whose files may have any date, and on a machine whose clock may stand anywhere.

A zip knows dates from 1980 to 2107; for any other `zipfile` raises. A file out of an old archive, from a camera without
a battery, or on a board that has no clock has such a date, and nobody packs a model for its date: the nearest will do.
"""

import time
import zipfile
from pathlib import Path
from typing import IO, Literal

_FIRST, _LAST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)


def writing_zip(target: Path | IO[bytes], compression: int, mode: Literal["w", "a"] = "w") -> zipfile.ZipFile:
    """Opens a zip to be written, in which `write` takes files of any date.

    Args:
        target: Path or binary file object.
        compression: `zipfile.ZIP_STORED` or `zipfile.ZIP_DEFLATED`.
        mode: `"w"` for a new one, `"a"` to add to what is there.
    """
    return zipfile.ZipFile(target, mode, compression, strict_timestamps=False)


def add_text(archive: zipfile.ZipFile, name: str, content: str | bytes) -> None:
    """Adds a file that there is only in memory, as `writestr` does, whatever year the machine's clock says."""
    now = time.localtime()[:6]
    entry = zipfile.ZipInfo(name, min(max(now, _FIRST), _LAST))
    entry.compress_type = archive.compression
    entry.external_attr = 0o600 << 16  # else whoever unpacks it may not read it
    archive.writestr(entry, content)
