"""Ingests an uploaded zip or folder into a dataset folder on disk, complete or not at all.

No name from the client is used as a path, every byte is counted while it is written, and the folder gets its final
name only when everything in it is on the disk.
"""

import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from core.data.class_count import check_planned_classes
from core.data.file_names import display_name
from core.data.names import JUNK, Location, Locations, safe_set, why_no_images
from core.data.zip_names import UNKNOWN_CODE, has_unknown_code
from core.data.zip_plan import Limits, PlannedEntry, damage_reported, opened_zip, plan_zip, planned
from core.errors import DataError
from core.files import read_json, sync_folder, write_json
from core.progress import Progress
from core.sizes import in_words

__all__ = [
    "Limits", "PlannedEntry", "ingest_files", "ingest_zip", "ingest_zips", "plan_zip", "skipped_files", "upload_notes",
]  # fmt: skip


_CHUNK = 2**20
_RECHECK = 64 * 2**20  # bytes between two looks at the free disk space: others write, too
_MOST_NAMESAKES = 10_000
_RECORD = ".upload.json"  # hidden, so that it is no part of the dataset


def ingest_zip(
    source: Path | BinaryIO, destination_root: Path, limits: Limits | None = None, progress: Progress | None = None
) -> Path:
    """Unpacks the images of a zip into a new folder.

    Args:
        source: Path or binary file object.
        destination_root: Folder in which the new folder is made, with the upload's name.
        limits: Defaults to `Limits()`.
        progress: Called with (images written, images in all).

    Returns:
        The new folder; `skipped_files` tells what was left out.

    Raises:
        DataError: see `plan_zip`; or if the disk has no room, or the zip turns out damaged. Nothing is left behind.
    """
    return ingest_zips([source], destination_root, limits, progress)


def ingest_zips(
    sources: Sequence[Path | BinaryIO],
    destination_root: Path,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Path:
    """Unpacks the images of several zips, the parts of one folder as Google Drive packs it, into one new folder.

    Args:
        sources: At least one. Folders of the same name are one; the limits hold for all of them together.
        destination_root, limits, progress: As for `ingest_zip`.

    Returns:
        The new folder. Raises what `ingest_zip` raises; nothing is left behind then.
    """
    limits = limits or Limits()
    with ExitStack() as stack:
        opened = [stack.enter_context(opened_zip(source, limits)) for source in sources]
        locations = Locations() if len(opened) > 1 else None
        plans = [(archive, name, planned(archive, name, limits, locations)) for archive, name in opened]
        entries = [entry for _, _, plan in plans for entry in plan]
        _check_together(entries, limits, len(plans))
        items = [(e.name, e.size, e.location) for e in entries]
        unknown = any(has_unknown_code(archive.infolist()) for archive, _ in opened)
        notes = [UNKNOWN_CODE] if unknown else []
        with _new_folder(destination_root, safe_set(opened[0][1]), items, notes) as (folder, final):
            writer = _Writer(folder, items, progress)
            for archive, name, plan in plans:
                _unpack(archive, name, plan, writer)
    return final


def _check_together(entries: Sequence[PlannedEntry], limits: Limits, zips: int) -> None:
    """Each zip keeps to the limits already; together they have to, too."""
    files, total = len(entries), sum(entry.size for entry in entries)
    if not any(entry.location.file for entry in entries):
        raise DataError(f"The {zips} zips contain no images.")
    if zips > 1 and files > limits.files:
        raise DataError(f"The {zips} zips have {files:,} entries together; at most {limits.files:,} are accepted.")
    if zips > 1 and total > limits.total_bytes:
        most = limits.total_bytes / 1e6
        raise DataError(
            f"The {zips} zips unpack to {total / 1e6:,.0f} MB together; at most {most:,.0f} MB are accepted."
        )


def _unpack(archive: zipfile.ZipFile, name: str, plan: Sequence[PlannedEntry], writer: "_Writer") -> None:
    for entry in plan:
        if entry.location.file:
            with damage_reported(name):
                stream = archive.open(entry.info)
            with stream:
                writer.write(stream, entry.name, entry.size, entry.location)


def ingest_files(
    files: Iterable[tuple[str, BinaryIO]],
    destination_root: Path,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Path:
    """Writes the images of an uploaded folder into a new folder.

    Args:
        files: `(name, binary file)`, the name being the path inside the upload (`"pets/train/dogs/0.jpg"`).
        destination_root: Folder in which the new folder is made, with the upload's name.
        limits: Defaults to `Limits()`.
        progress: Called with (images written, images in all).

    Returns:
        The new folder; `skipped_files` tells what was left out.

    Raises:
        DataError: if there are no images, too many or too large ones, or the disk has no room. Nothing is left behind.
    """
    limits = limits or Limits()
    uploads = list(files)
    if len(uploads) > limits.files:
        raise DataError(f"The upload has {len(uploads):,} files; at most {limits.files:,} are accepted.")
    locations = Locations()
    items = [(name, _length(file), locations.location(name)) for name, file in uploads]
    _check_sizes(items, limits)
    check_planned_classes((location for _, _, location in items), "the upload")
    with _new_folder(destination_root, safe_set(_common(uploads)), items) as (folder, final):
        writer = _Writer(folder, items, progress)
        for (_, file), (name, size, location) in zip(uploads, items, strict=True):
            if location.file:
                file.seek(0)
                writer.write(file, name, size, location)
    return final


def skipped_files(folder: Path) -> tuple[tuple[str, str], ...]:
    """What was left out of an upload: `(name as it came, why)`.

    Args:
        folder: What `ingest_zip` or `ingest_files` returned; of any other folder the answer is empty.
    """
    try:
        return tuple((str(name), str(why)) for name, why in read_json(folder / _RECORD)["skipped"])
    except (ValueError, LookupError, TypeError):
        return ()


def upload_notes(folder: Path) -> tuple[str, ...]:
    """What is worth saying of an upload, as sentences.

    Args:
        folder: What `ingest_zip` or `ingest_files` returned; of any other folder the answer is empty.
    """
    try:
        return tuple(str(note) for note in read_json(folder / _RECORD).get("notes", ()))
    except (ValueError, LookupError, TypeError, AttributeError):
        return ()


_Item = tuple[str, int, Location]  # name as it came, bytes it declares, where it goes


class _Writer:
    """Writes one upload's files and keeps count."""

    def __init__(self, folder: Path, items: list[_Item], progress: Progress | None) -> None:
        self._folder = folder
        self._progress = progress
        self._files = sum(bool(location.file) for _, _, location in items)
        self._left = _total(items)
        self._done = self._since_check = 0

    def write(self, stream: IO[bytes], name: str, size: int, location: Location) -> None:
        """Copies one stream of exactly `size` bytes."""
        written = 0
        with (self._folder / location.folder / location.file).open("xb") as out:
            while chunk := _read(stream, name):
                written += len(chunk)
                if written > size:
                    break
                out.write(chunk)
                self._count(len(chunk))
            out.flush()
            os.fsync(out.fileno())
        if written != size:
            raise DataError(f"{display_name(name)} does not have the {size:,} bytes it declares; upload it again.")
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._files)

    def _count(self, length: int) -> None:
        self._left -= length
        self._since_check += length
        if self._since_check >= _RECHECK:
            self._since_check = 0
            _check_free(self._folder, self._left)


def _read(stream: IO[bytes], name: str) -> bytes:
    with damage_reported(display_name(name)):
        return stream.read(_CHUNK)


def _length(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _total(items: list[_Item]) -> int:
    return sum(size for _, size, location in items if location.file)


def _check_sizes(items: list[_Item], limits: Limits) -> None:
    if not any(location.is_image for _, _, location in items):
        raise DataError(f"The upload contains no images.{why_no_images(name for name, _, _ in items)}")
    for name, size, _ in items:
        if size > limits.file_bytes:
            most = limits.file_bytes / 1e6
            raise DataError(f"{display_name(name)} has {size / 1e6:,.0f} MB; a file may have {most:,.0f} MB at most.")
    total = sum(size for _, size, _ in items)
    if total > limits.total_bytes:
        most = limits.total_bytes / 1e6
        raise DataError(f"The upload has {total / 1e6:,.0f} MB; at most {most:,.0f} MB are accepted.")


def _check_free(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DataError(
            f"The upload needs {in_words(needed)} of free disk space, including training; {in_words(free)} are free: "
            "free some space."
        )


@contextmanager
def _new_folder(
    root: Path, name: str, items: list[_Item], notes: list[str] | None = None
) -> Iterator[tuple[Path, Path]]:
    """Yields `<name>.partial` with its sub-folders and the final path it is renamed to; removes it on any error."""
    partial = None
    try:
        root.mkdir(parents=True, exist_ok=True)
        _check_free(root, 2 * _total(items))  # twice: the feature cache and the run come after
        partial, final = _claimed(root, name)
        for folder in sorted({location.folder for _, _, location in items}):
            (partial / folder).mkdir(parents=True, exist_ok=True)
        yield partial, final
        _write_record(partial, items, notes or [])
        for folder, _, _ in os.walk(partial):
            sync_folder(Path(folder))
        partial.rename(final)
        sync_folder(root)
    except OSError as error:
        raise DataError(f"The upload could not be stored: {error.strerror or error}.") from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


def _claimed(root: Path, name: str) -> tuple[Path, Path]:
    """Makes a folder for an upload of that name, with a number where there is one already; and its final path.

    Whoever has made the `.partial` holds the name: two uploads at once cannot take the same.
    """
    for number in range(1, _MOST_NAMESAKES):
        final = root / (name if number == 1 else f"{name}-{number}")
        partial = root / f"{final.name}.partial"
        try:
            partial.mkdir()
        except FileExistsError:
            continue
        if not final.exists():
            return partial, final
        partial.rmdir()
    raise DataError(f"There are {_MOST_NAMESAKES:,} uploads called {display_name(name)}; rename this one.")


def _common(uploads: list[tuple[str, BinaryIO]]) -> str:
    """The folder that was uploaded: what all names begin with; empty where that is nothing."""
    firsts = {name.replace("\\", "/").lstrip("/").partition("/")[0] for name, _ in uploads if "/" in name}
    return firsts.pop() if len(firsts) == 1 else ""


def _write_record(folder: Path, items: list[_Item], notes: list[str]) -> None:
    skipped = [[name, location.why] for name, _, location in items if location.why not in ("", JUNK)]
    files = {f"{location.folder}/{location.file}".lstrip("/"): name for name, _, location in items if location.file}
    write_json(folder / _RECORD, {"skipped": skipped, "files": files, "notes": notes})
