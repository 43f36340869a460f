"""Parquet files that hold the images themselves, as Hugging Face stores datasets, written out as folders of images."""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.data.dicom_header import is_dicom
from core.data.file_names import display_name
from core.data.heic import is_heic
from core.data.layout import check_distinct
from core.data.names import safe_folder, safe_stem
from core.data.parquet_columns import Columns, columns_of, which_class
from core.data.parquet_parts import parts_of
from core.data.part_names import shown
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
        notes: What was decided and is worth saying, as sentences.
    """

    folder: Path
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    skipped: int = 0
    notes: list[str] = field(default_factory=list)


def unpack_parquet(
    source: Path,
    destination: Path,
    label: str = "",
    limits: Limits | None = None,
    progress: Progress | None = None,
    image: str = "",
) -> Unpacked:
    """Writes the images of Parquet files into class folders, inside parts where the files are named so.

    Args:
        source: A Parquet file, or a folder of them.
        destination: A folder that does not exist yet.
        label: Column of the class. Defaults to the one that is a class label, or is called so.
        limits: Most files and bytes. Defaults to `Limits()`.
        progress: Called with (rows done, rows in all).
        image: Column of the images. Defaults to the only one, or the one called so.

    Raises:
        DataError: there is no such file, it holds no images, a column or the parts are not known, it is too large, or
            the disk has no room. Nothing is left behind.
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
        made = _Writer(source, partial, limits).write(files, (label, image), progress)
        partial.rename(destination)
    except OSError as error:
        raise DataError(f"{display_name(str(destination))} cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    made.folder = destination
    return made


@dataclass
class _Writer:
    source: Path
    folder: Path
    limits: Limits
    written: int = 0
    since: int = 0
    images: int = 0
    folders: dict[str, str] = field(default_factory=dict)
    """Folders by class."""

    def write(self, files: Sequence[Path], wanted: tuple[str, str], progress: Progress | None) -> Unpacked:
        """Writes all images of the files; wanted are the columns of class and image."""
        made = Unpacked(self.folder)
        parts, left = parts_of(files, self.source)
        opened = {path: columns_of(path, *wanted) for path in parts}
        made.notes += [f"{display_name(path.name)} is named as no split and is left out." for path in left]
        made.notes += _columns_told(opened)
        read = {path: columns for path, columns in opened.items() if columns.label}
        total, done = sum(columns.rows for columns in read.values()), 0
        for path, columns in read.items():
            for data, name, value in _rows(path, columns.image, columns.label):
                done += 1
                if progress is not None and done % _BATCH == 0:
                    progress(done, total)
                kind, said = _kind(data), _class(columns.names, value)
                if kind and said:
                    self._put(parts[path], said, name, kind, data)
                    made.counts[parts[path], said] += 1
                else:
                    made.skipped += 1
        made.notes += [
            f"The class {display_name(label)} is in the folder {folder}." for label, folder in self.renamed()
        ]
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
        folder = self.folder / part / self._folder_of(label)
        folder.mkdir(parents=True, exist_ok=True)
        stem = safe_stem(Path(name).stem) if name else "image"
        (folder / f"{stem}-{self.images:06d}{kind}").write_bytes(data)

    def renamed(self) -> list[tuple[str, str]]:
        """Classes whose folder has another name."""
        return [(label, folder) for label, folder in self.folders.items() if folder != label]

    def _folder_of(self, label: str) -> str:
        """The folder of a class, other than that of all others on any computer."""
        if label not in self.folders:
            check_distinct([*self.folders, label])
            taken = {name.casefold() for name in self.folders.values()}
            safe = name = safe_folder(label)
            number = 1
            while name.casefold() in taken:
                number += 1
                name = f"{safe}-{number}"
            self.folders[label] = name
        return self.folders[label]


def _columns_told(opened: Mapping[Path, Columns]) -> list[str]:
    """Sentences on columns of images that are not used, and on files without a class.

    Raises:
        DataError: no file has a class.
    """
    path, first = next(iter(opened.items()))
    if not any(columns.label for columns in opened.values()):
        if first.plain:
            raise DataError(which_class(display_name(path.name), first.plain))
        raise DataError(
            f"{display_name(path.name)} has no column with the class, only images in {display_name(first.image)}; "
            "add one, or write the images into class folders."
        )
    unused = list(dict.fromkeys(name for columns in opened.values() for name in columns.unused))
    told = []
    if unused:
        are = "is" if len(unused) == 1 else "are"
        told.append(
            f"The images are in {display_name(first.image)}; {shown(unused)} {are} left out (--image COL takes another "
            "column)."
        )
    return told + [
        f"{display_name(path.name)} has no column with the class; its {columns.rows:,} images are left out."
        for path, columns in opened.items()
        if not columns.label
    ]


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


def _kind(data: bytes) -> str:
    """Extension of an image by its first bytes; empty for what is not read."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    for begins, suffix in ((is_tiff, ".tif"), (is_dicom, ".dcm"), (is_heic, ".heic")):
        if begins(data[:200]):
            return suffix
    return next((suffix for start, suffix in _KINDS.items() if data.startswith(start)), "")


def _class(names: Sequence[str], value: Any) -> str:
    """The class that a cell says; empty where it says none."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if names and isinstance(value, int):
        return names[value] if 0 <= value < len(names) else ""
    return str(value).strip()
