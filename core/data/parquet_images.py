"""Parquet files that hold the images themselves, as Hugging Face stores datasets, written out as folders of images."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.data.dicom_header import is_dicom
from core.data.file_names import display_name
from core.data.heic import is_heic
from core.data.names import safe_folder, safe_stem
from core.data.part_names import is_part, part_name, shown
from core.data.table_guess import LABEL_NAME
from core.data.tables import label_names
from core.data.tiff import is_tiff
from core.data.zip_plan import Limits
from core.errors import DataError
from core.progress import Progress

_MOST_FILES = 2_000
_BATCH = 64  # images in memory at once
_RECHECK = 64 * 2**20  # bytes between two looks at the free disk space
_KINDS = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"GIF8": ".gif", b"BM": ".bmp"}


@dataclass
class Unpacked:
    """What was written.

    Attributes:
        folder: Where it lies.
        counts: Images by `(part, class)`; the part is empty where file names tell none.
        skipped: Rows without an image of a kind that is read, or without a class.
    """

    folder: Path
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    skipped: int = 0


def unpack_parquet(
    source: Path, destination: Path, label: str = "", limits: Limits | None = None, progress: Progress | None = None
) -> Unpacked:
    """Writes the images of Parquet files into class folders, inside parts where the files are named so.

    Args:
        source: A Parquet file, or a folder of them.
        destination: A folder that does not exist yet.
        label: Column of the class. Defaults to the one that is a class label, or is called so.
        limits: Most files and bytes. Defaults to `Limits()`.
        progress: Called with (rows done, rows in all).

    Raises:
        DataError: there is no such file, it holds no images, its class column is not known, it is too large, or the
            disk has no room. Nothing is left behind.
    """
    limits = limits or Limits()
    files = [source] if source.is_file() else sorted(source.rglob("*.parquet"))[: _MOST_FILES + 1]
    if not files or len(files) > _MOST_FILES:
        raise DataError(
            f"There are {len(files) or 'no'} Parquet files in {display_name(str(source))}; give 1 to 2,000."
        )
    if destination.exists():
        raise DataError(f"{display_name(str(destination))} exists already; give a new folder.")
    partial = destination.with_name(f"{destination.name}.partial")
    try:
        partial.mkdir(parents=True)
        made = _Writer(partial, limits).write(files, label, progress)
        partial.rename(destination)
    except OSError as error:
        raise DataError(f"{display_name(str(destination))} cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    made.folder = destination
    return made


@dataclass
class _Writer:
    folder: Path
    limits: Limits
    written: int = 0
    since: int = 0
    images: int = 0

    def write(self, files: Sequence[Path], label: str, progress: Progress | None) -> Unpacked:
        """Writes all images of the files."""
        made = Unpacked(self.folder)
        opened = [(path, *_columns(path, label)) for path in files]
        total, done = sum(rows for *_, rows in opened), 0
        parts = {path: _part_of(path) for path in files}
        parts = parts if all(parts.values()) else dict.fromkeys(files, "")
        for path, image, column, names, _ in opened:
            for data, name, value in _rows(path, image, column):
                done += 1
                if progress is not None and done % _BATCH == 0:
                    progress(done, total)
                kind, said = _kind(data), _class(names, value)
                if kind and said:
                    self._put(parts[path], said, name, kind, data)
                    made.counts[parts[path], said] += 1
                else:
                    made.skipped += 1
        if not made.counts:
            raise DataError(f"{display_name(files[0].name)} holds no images with a class.")
        return made

    def _put(self, part: str, label: str, name: str, kind: str, data: bytes) -> None:
        self.images, self.written, self.since = self.images + 1, self.written + len(data), self.since + len(data)
        if self.images > self.limits.files or self.written > self.limits.total_bytes:
            raise DataError(
                f"There are more than {self.limits.files:,} images or {self.limits.total_bytes / 1e6:,.0f} MB; unpack "
                "only some of the files."
            )
        if self.since >= _RECHECK or self.images == 1:
            self.since = 0
            if shutil.disk_usage(self.folder).free < 2 * _RECHECK:
                raise DataError("The disk is nearly full; free some space and unpack again.")
        folder = self.folder / part / safe_folder(label)
        folder.mkdir(parents=True, exist_ok=True)
        stem = safe_stem(Path(name).stem) if name else "image"
        (folder / f"{stem}-{self.images:06d}{kind}").write_bytes(data)


def _columns(path: Path, label: str) -> tuple[str, str, list[str], int]:
    """Image column, class column, names of the classes, and number of rows of a file."""
    from pyarrow import ArrowException, parquet, types

    try:
        with parquet.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (ArrowException, OSError) as error:
        raise DataError(f"{display_name(path.name)} is damaged: {display_name(str(error).splitlines()[0])}.") from error
    images = [each.name for each in schema if _holds_images(each.type)]
    if not images:
        raise DataError(f"{display_name(path.name)} holds no images; it has the columns {shown(schema.names, 12)}.")
    names = label_names(schema.metadata or {})
    plain = [each.name for each in schema if not types.is_nested(each.type) and each.name not in images]
    possible = [label] if label else [n for n in plain if n in names] or [n for n in plain if LABEL_NAME.match(n)]
    if len(possible) != 1 or possible[0] not in plain:
        raise DataError(
            f"Which column of {display_name(path.name)} is the class? Set it with --label, one of {shown(plain, 12)}."
        )
    return images[0], possible[0], names.get(possible[0], []), rows


def _holds_images(kind: Any) -> bool:
    """Bytes, or a pair of bytes and path."""
    from pyarrow import types

    if types.is_struct(kind):
        return any(child.name == "bytes" and _holds_images(child.type) for child in kind)
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _rows(path: Path, image: str, column: str) -> Iterator[tuple[bytes, str, Any]]:
    """Bytes, name and class of each row."""
    from pyarrow import ArrowException, parquet

    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH, columns=[image, column]):
                for record in batch.to_pylist():
                    cell = record[image]
                    data = cell.get("bytes") if isinstance(cell, dict) else cell
                    name = cell.get("path") if isinstance(cell, dict) else ""
                    yield data or b"", str(name or ""), record[column]
    except (ArrowException, OSError) as error:
        raise DataError(f"{display_name(path.name)} is damaged: {display_name(str(error).splitlines()[0])}.") from error


def _part_of(path: Path) -> str:
    """The part that a file is named after: `train-00000-of-00001.parquet`."""
    for name in (re.split(r"[-.]", path.name)[0], path.parent.name):
        found = part_name(name) if is_part(name) else None
        if found and found.role != "fold":
            return found.role
    return ""


def _kind(data: bytes) -> str:
    """Extension of an image by its first bytes; empty for what is not read."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    for begins, suffix in ((is_tiff, ".tif"), (is_dicom, ".dcm"), (is_heic, ".heic")):
        if begins(data[:200]):
            return suffix
    return next((suffix for start, suffix in _KINDS.items() if data.startswith(start)), "")


def _class(names: Sequence[str], value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    if names and isinstance(value, int):
        return names[value] if 0 <= value < len(names) else ""
    return str(value).strip()
