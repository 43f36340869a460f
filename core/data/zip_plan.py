"""Plans the unpacking of an uploaded zip from its directory alone: names, sizes, zip bombs, what is left out.

Everything in that list was written by the client. Python's own `zipfile` checks little of it: overlapping entries let
57 KB declare 10 GB, and `extractall` follows names wherever they lead.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from core.data.archive_kind import START, other_kind
from core.data.class_count import check_planned_classes
from core.data.file_names import display_name
from core.data.names import Location, Locations, why_no_images
from core.data.zip_end import bytes_behind, zip_end
from core.data.zip_names import entry_names
from core.errors import DataError
from core.sizes import in_words

MAX_ENTRIES = 20_000
MAX_RATIO = 200  # photographs hardly shrink; deflate reaches 1,026
_UNCOMPRESSED = (".bmp", ".tif", ".tiff", ".dcm", ".dicom")  # a blank one shrinks as far as deflate goes
_MAX_LIST_BYTES = 16 * 2**20  # of the list of contents; 20,000 entries with long names have 7 MB
_LOCAL_HEADER = 30  # bytes before an entry's name and data
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, RuntimeError, OverflowError, LookupError)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class Limits:
    """How much one upload may bring; the defaults are for a program that one person runs.

    Attributes:
        files: Number of files. A zip may have 20,000 entries at most, whatever stands here.
        total_bytes: All files together, unpacked.
        file_bytes: One file, unpacked.
    """

    files: int = 50_000
    total_bytes: int = 5_000_000_000
    file_bytes: int = 500_000_000


@dataclass(frozen=True)
class PlannedEntry:
    """One entry of a zip.

    Attributes:
        name: As the zip has it.
        size: Bytes it declares to hold, unpacked.
        place: Where it goes, or why it is left out.
    """

    name: str
    size: int
    location: Location
    info: zipfile.ZipInfo = field(repr=False, compare=False)


def plan_zip(source: Path | BinaryIO, limits: Limits | None = None) -> list[PlannedEntry]:
    """Reads a zip's list of contents and decides what to do with each entry; writes nothing.

    Args:
        source: Path or binary file object.
        limits: Defaults to `Limits()`.

    Raises:
        DataError: if the zip is empty, damaged, encrypted, too large, deceptive or without any image.
    """
    with opened_zip(source, limits) as (archive, name):
        return planned(archive, name, limits or Limits())


@contextmanager
def opened_zip(source: Path | BinaryIO, limits: Limits | None = None) -> Iterator[tuple[zipfile.ZipFile, str]]:
    """Opens a zip whose list of contents is of a sane length; yields it with its name for messages.

    Raises:
        DataError: if it is no zip, or damaged.
    """
    limits = limits or Limits()
    name = display_name(Path(str(getattr(source, "name", "") or "The upload")).name)
    with ExitStack() as stack:
        with damage_reported(name):
            file = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
            _check_end(file, name, min(limits.files, MAX_ENTRIES))
            archive = stack.enter_context(zipfile.ZipFile(file))
        yield archive, name


@contextmanager
def damage_reported(name: str) -> Iterator[None]:
    """Turns whatever `zipfile` raises on a damaged zip into one sentence; wrap nothing else in it.

    Raises:
        DataError: in place of the library's error.
    """
    try:
        yield
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}.") from error
    except _DAMAGE as error:
        reason = display_name(str(error).rstrip("."))
        raise DataError(f"{name} is damaged: {reason}; create or upload it again.") from error


def planned(
    archive: zipfile.ZipFile, name: str, limits: Limits, locations: Locations | None = None
) -> list[PlannedEntry]:
    """The plan of an open zip; see `plan_zip`. `places` are those of the zips before it, whose parts they are."""
    alone, locations = locations is None, locations or Locations()
    entries = [
        PlannedEntry(entry_name, info.file_size, locations.location(entry_name), info)
        for entry_name, info in checked_entries(archive, name, limits)
    ]
    if alone and not any(entry.location.is_image for entry in entries):
        raise DataError(f"{name} contains no images.{why_no_images(entry.name for entry in entries)}")
    check_planned_classes((entry.location for entry in entries), name)
    return entries


def checked_entries(archive: zipfile.ZipFile, name: str, limits: Limits) -> list[tuple[str, zipfile.ZipInfo]]:
    """The entries of an open zip with their names, none of which deceives about what unpacking it costs.

    Raises:
        DataError: there are none or too many, they are too large, encrypted, links, overlap, or share a name.
    """
    infos = archive.infolist()
    if not infos:
        raise DataError(f"{name} is an empty zip file.")
    if len(infos) > min(limits.files, MAX_ENTRIES):
        raise _too_many(name, len(infos), min(limits.files, MAX_ENTRIES))
    total = sum(info.file_size for info in infos)
    if total > limits.total_bytes:
        raise DataError(
            f"{name} unpacks to {_megabytes(total)}; at most {_megabytes(limits.total_bytes)} are accepted."
        )
    for info in infos:
        _check_entry(info, name, limits)
    _check_overlaps(infos, archive.start_dir, name)
    seen, entries = set(), []
    for info, entry_name in zip(infos, entry_names(infos), strict=True):
        if entry_name in seen:
            raise DataError(f"{name} has {display_name(entry_name)} twice; create it again.")
        seen.add(entry_name)
        entries.append((entry_name, info))
    return entries


def _check_end(file: BinaryIO, name: str, most: int) -> None:
    """Reads the record at a zip's end before `zipfile` would build an object for each of its entries."""
    if file.seek(0, 2) == 0:
        raise DataError(f"{name} is an empty file; upload it again.")
    file.seek(0)
    start, end = file.read(START), zip_end(file)
    is_zip = start.startswith(b"PK\x03\x04")
    if end is None or (is_zip and end.before):  # else a zip that lies in it would be read for it
        if is_zip and end is None and (behind := bytes_behind(file)):
            raise DataError(
                f"{name} has {in_words(behind)} of something else behind its end; unpack it and zip the folder again."
            )
        if is_zip:
            raise DataError(f"{name} is truncated: its list of contents is missing; upload it again.")
        raise DataError(f"{name} is not a zip file{other_kind(start)}.")
    if end.entries > most:
        raise _too_many(name, end.entries, most)
    if end.length > _MAX_LIST_BYTES:
        raise DataError(f"{name} has a list of contents of {_megabytes(end.length)}; it cannot be a dataset.")


def _check_entry(info: zipfile.ZipInfo, name: str, limits: Limits) -> None:
    """Refuses an entry that nobody packs by accident, or that cannot be unpacked."""
    shown = display_name(info.orig_filename)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.flag_bits & 0x1:
        raise DataError(f"{name} is encrypted; create it without a password.")
    if kind == stat.S_IFLNK:
        raise DataError(f"{name} contains a symbolic link, {shown}; add the file itself.")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DataError(f"{name} contains a device or pipe, {shown}; add only files.")
    if info.compress_type not in _METHODS:
        raise DataError(
            f"{name} uses compression method {info.compress_type}, which is not supported; use deflate, the usual one."
        )
    if info.file_size > limits.file_bytes:
        size, most = _megabytes(info.file_size), _megabytes(limits.file_bytes)
        raise DataError(f"{shown} in {name} has {size}; a file may have {most} at most.")
    plain = info.filename.lower().endswith(_UNCOMPRESSED)
    if not plain and info.file_size > 1_000_000 and info.file_size > MAX_RATIO * info.compress_size:
        raise DataError(f"{shown} in {name} unpacks to more than {MAX_RATIO} times its size; images do not.")


def _check_overlaps(infos: list[zipfile.ZipInfo], end: int, name: str) -> None:
    """Refuses entries that share bytes of the zip: a small file that unpacks to a huge one."""
    spans = sorted((i.header_offset, i.header_offset + _LOCAL_HEADER + i.compress_size) for i in infos)
    overlap = any(first[1] > second[0] for first, second in pairwise(spans))
    if overlap or spans[0][0] < 0 or spans[-1][1] > end:
        raise DataError(f"{name} has overlapping entries; create it again.")


def _too_many(name: str, count: int, most: int) -> DataError:
    return DataError(f"{name} has {count:,} entries; at most {most:,} are accepted.")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
