"""Scans a folder of images into a DatasetIndex: classes, splits, headers, hashes, unreadable files.

Every image is decoded once and hashed here, so that no training fails half-way on a damaged file; while its pixels
are there its quality is measured, a small grey version is kept for the search for duplicates, and of a part of the
images traits are measured. All of it is kept per file, so that an unchanged folder is scanned again in a fraction of a
second.
"""

import hashlib
import os
import stat
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

from core.data import foreign, forms, images, quality, thumbnails, traits
from core.data.layout import EXPECTED, Layout, find_layout, is_junk
from core.data.layout_choice import Choice
from core.data.listing import is_folder, status_of
from core.data.quality import Measures
from core.data.refused import CodecMissing
from core.data.scan_cache import ScanCache
from core.data.table_labels import Labelled
from core.errors import DataError, UnreadableImage
from core.progress import Progress

MAX_FILES = 500_000  # of all kinds: whoever chooses `/` by mistake should not wait for a walk through it
MAX_DEPTH = 8  # folders below a class; deeper trees are mistakes or attacks
_BATCH = 16  # files a thread reads in one go: handing over each small file costs time of its own
_THREADS = min(8, max(2, os.cpu_count() or 2))  # decoding releases the GIL; more than 8 would only cost memory

_KEPT = ("width", "height", "mode", "format", "orientation", "pages", "patient")
_NO_IMAGE = "is not an image by its extension"


@dataclass(frozen=True)
class ImageFile:
    """One readable image.

    Attributes:
        path: Relative to the index's root, with `/`.
        label: Its class, the name of the folder.
        split: `"train"`, `"val"` or `"test"`; `""` where the folder is not split on disk.
        sha256: Of the file's bytes, hexadecimal.
        bytes: Length of the file.
        width: Pixels as stored, before `orientation` is applied.
        height: Pixels as stored.
        mode: Pillow's name of the pixel format, e.g. `"RGB"`, `"L"`, `"I;16"`.
        format: One of `images.FORMATS` or `"MPO"`, by content, whatever the file is called.
        orientation: EXIF orientation, 1 (upright) to 8.
        group: What it belongs to by a table of labels, e.g. its patient, or `patient 7`, the seventh whose id stands in
            DICOM files; `""` if none says so.
        pages: Pages, frames or images of its file, of which the first is read.
        fold: Its fold of a cross-validation by a table of labels; `""` if none says so.
    """

    path: str
    label: str
    split: str
    sha256: str
    bytes: int
    width: int
    height: int
    mode: str
    format: str
    orientation: int
    group: str = ""
    pages: int = 1
    fold: str = ""


@dataclass(frozen=True)
class Unreadable:
    """One file that has an image's name but cannot be used; `reason` is a sentence that starts with the name."""

    path: str
    label: str
    split: str
    reason: str


@dataclass(frozen=True)
class DatasetIndex:
    """What a data set's folder holds.

    Attributes:
        root: The folder that holds the splits or the classes, below any wrapper folders.
        layout: `"splits"` where there are train and val (or test) folders, else `"classes"`.
        classes: Names of all classes of all splits, in code-point order; the position is the label's number.
        files: Readable images, sorted by split, class and path (code points).
        unreadable: Images that cannot be used, sorted alike.
        skipped: `(path, why)` of files that are no images by their extension, or lie outside the class folders.
        empty_classes: Classes without a single readable image in any split.
        notes: Sentences about what was decided while scanning.
        test_as_validation: Whether a `test` folder serves as validation because there is no `val`.
        measures: What each image is like, by its SHA-256.
        left_out: `(folder, why)` of folders that hold images and are not used.
        reading: The word for `--layout` that stands for how the folders are read.
        reasons: Why they are read so, as sentences.
        others: `(word, sentence)` of the other ways to read them.
    """

    root: Path
    layout: Literal["splits", "classes"]
    classes: tuple[str, ...]
    files: tuple[ImageFile, ...]
    unreadable: tuple[Unreadable, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    empty_classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    test_as_validation: bool = False
    measures: dict[str, Measures] = field(default_factory=dict)
    left_out: tuple[tuple[str, str], ...] = ()
    reading: str = ""
    reasons: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()

    def counts(self) -> dict[str, dict[str, int]]:
        """Readable images by split and class, zeros included: `{"train": {"NORMAL": 12, ...}, ...}`."""
        always = {"train", "val"} if self.layout == "splits" else {""}
        splits = sorted(always | {f.split for f in self.files})
        found = Counter((f.split, f.label) for f in self.files)
        return {split: {label: found[split, label] for label in self.classes} for split in splits}

    def sizes(self) -> dict[tuple[int, int], int]:
        """Number of images by `(width, height)`, the most frequent first."""
        return dict(Counter((f.width, f.height) for f in self.files).most_common())

    def modes(self) -> dict[str, int]:
        """Number of images by pixel format, the most frequent first."""
        return dict(Counter(f.mode for f in self.files).most_common())

    def to_dict(self) -> dict[str, Any]:
        """The index as JSON types; its inverse is `from_dict`."""
        return {**asdict(self), "root": str(self.root)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "DatasetIndex":
        """Builds the index from what `to_dict` gave, also after a way through JSON."""
        return cls(
            root=Path(data["root"]),
            layout=data["layout"],
            classes=tuple(data["classes"]),
            files=tuple(ImageFile(**f) for f in data["files"]),
            unreadable=tuple(Unreadable(**f) for f in data["unreadable"]),
            skipped=tuple((path, why) for path, why in data["skipped"]),
            empty_classes=tuple(data["empty_classes"]),
            notes=tuple(data["notes"]),
            test_as_validation=data["test_as_validation"],
            measures={sha: Measures(*figures) for sha, figures in data["measures"].items()},
            left_out=tuple((path, why) for path, why in data.get("left_out", ())),
            reading=data.get("reading", ""),
            reasons=tuple(data.get("reasons", ())),
            others=tuple((word, text) for word, text in data.get("others", ())),
        )


@dataclass(frozen=True)
class _Found:
    """A file with an image's extension, before it is read."""

    path: str
    label: str
    split: str
    size: int
    changed_ns: tuple[int, int]
    """Times of change of content and of status: whoever puts the first one back changes the second."""
    group: str = ""
    fold: str = ""


def scan(
    root: Path, *, choice: Choice | None = None, cache_dir: Path | None = None, progress: Progress | None = None
) -> DatasetIndex:
    """Reads a data set's folder: with parts (`train`, `Training`, `val`, ...), or class folders alone.

    Args:
        root: The folder; wrapper folders around the data set are passed through.
        choice: How it is to be read. Defaults to what is remembered beside it, else to what names and structure say.
        cache_dir: Where results per file are kept between calls; a file is read again when its size or
            one of its times (of content or of status) has changed.
        progress: Called with (files read, files in all), from the calling thread.

    Raises:
        LayoutQuestion: if it can be read in several ways, and nobody has chosen one.
        DataError: if the folder is missing, cannot be read, or does not hold images in at least two class folders.
    """
    layout = find_layout(root, choice)
    found, skipped = _list_files(layout)
    if not found:
        kinds = ", ".join(sorted(images.EXTENSIONS))
        raise DataError(f"There are no images ({kinds}) in {images.display_name(str(root))}. {EXPECTED}")
    records = _read_all(layout.root, found, cache_dir, progress)
    files, unreadable, measures, patient_notes = _told_apart(found, records)
    filled = {f.label for f in files}
    return DatasetIndex(
        root=layout.root,
        layout=layout.kind,
        classes=layout.classes,
        files=files,
        unreadable=unreadable,
        skipped=tuple(sorted(skipped)),
        empty_classes=tuple(c for c in layout.classes if c not in filled),
        notes=(*layout.notes, *patient_notes),
        test_as_validation=layout.test_as_validation,
        measures=measures,
        left_out=layout.left_out,
        reading=layout.reading,
        reasons=layout.reasons,
        others=layout.others,
    )


def _told_apart(
    found: Sequence[_Found], records: Mapping[str, dict[str, Any]]
) -> tuple[tuple[ImageFile, ...], tuple[Unreadable, ...], dict[str, Measures], tuple[str, ...]]:
    """What was read of each file: images, what is none, measures by content, and a sentence about patients."""
    files, unreadable, measures = list[ImageFile](), list[Unreadable](), dict[str, Measures]()
    patients, notes = _patients(records[file.path] for file in found)
    for file in found:
        record = dict(records[file.path])
        if "reason" in record:
            unreadable.append(Unreadable(file.path, file.label, file.split, record["reason"]))
            continue
        measures[record["sha256"]] = Measures(*record.pop("quality"))
        patient = record.pop("patient")
        group = file.group or patients.get(patient, "")
        files.append(
            ImageFile(file.path, file.label, file.split, bytes=file.size, group=group, fold=file.fold, **record)
        )
    return tuple(files), tuple(unreadable), measures, notes


def _patients(records: Iterable[dict[str, Any]]) -> tuple[dict[str, str], tuple[str, ...]]:
    """A number for each patient in DICOM files, by the hash that the scan keeps, and a sentence about them.

    A number is all that leaves the cache: a hash of a short id could be found out by trying all ids.
    """
    seen = list(dict.fromkeys(record["patient"] for record in records if record.get("patient")))
    if len(seen) < 2:  # files that were made anonymous often name one and the same
        note = "All DICOM files name the same patient, so they are not grouped by it."
        return {}, (note,) if seen else ()
    note = f"The DICOM files are of {len(seen):,} patients; those of one patient stay in one part."
    return {patient: f"patient {k}" for k, patient in enumerate(seen, 1)}, (note,)


def _list_files(layout: Layout) -> tuple[list[_Found], list[tuple[str, str]]]:
    """Images in the class folders, sorted by split, class and path; and what was passed over."""
    found: list[_Found] = []
    skipped = [(path, "lies outside the class folders") for path in layout.outside]
    for image in layout.listed:
        info, why = status_of(layout.root / image.path)
        if info is None:
            skipped.append((image.path, why))
        else:
            found.append(_found(image, info))
    for folder in layout.folders:
        for path, info, why in _walk(layout.root, folder.path, MAX_DEPTH if folder.deep else -1):
            if info is None:
                skipped.append((path, why))
            elif label := folder.label_of(path.rpartition("/")[2]):
                found.append(_Found(path, label, folder.split, info.st_size, _times(info)))
            else:
                skipped.append((path, "has no class in its name"))
            if len(found) + len(skipped) > MAX_FILES:
                shown = images.display_name(str(layout.root))
                raise DataError(f"{shown} has more than {MAX_FILES:,} files; choose the data set's own folder.")
    found.sort(key=lambda f: (f.split, f.label, f.path))
    return found, skipped


def _found(image: Labelled, info: os.stat_result) -> _Found:
    """An image that a table of labels lists."""
    return _Found(image.path, image.label, image.split, info.st_size, _times(info), image.group, image.fold)


def _times(info: os.stat_result) -> tuple[int, int]:
    return info.st_mtime_ns, info.st_ctime_ns


def _walk(root: Path, relative: str, depth: int) -> Iterator[tuple[str, os.stat_result | None, str]]:
    """Yields (path, status, "") of images and (path, None, why) of all else; follows no link to a folder.

    A depth below 0 leaves sub-folders out without a word: they are class folders of their own.
    """
    try:
        entries = sorted(os.scandir(root / relative), key=lambda e: e.name)
    except OSError as error:
        yield images.display_name(relative), None, f"cannot be opened: {error.strerror}"
        return
    for entry in entries:
        path = f"{relative}/{entry.name}".lstrip("/")
        if is_junk(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            if depth > 0:
                yield from _walk(root, path, depth - 1)
            elif depth == 0:
                yield images.display_name(path), None, f"lies more than {MAX_DEPTH} folders deep"
        else:
            yield _look_at(entry, path)


def _look_at(entry: os.DirEntry[str], path: str) -> tuple[str, os.stat_result | None, str]:
    suffix = Path(entry.name).suffix.lower()
    if why := _why_passed_over(entry, suffix):
        return images.display_name(path), None, why
    try:
        path.encode()
        info = entry.stat()
        foreign_kind = suffix in foreign.EXTENSIONS and stat.S_ISREG(info.st_mode)
        if foreign_kind and (why := _why_foreign(Path(entry.path))):
            return images.display_name(path), None, why
    except UnicodeEncodeError:
        return images.display_name(path), None, "has a name that is not valid text"
    except OSError as error:
        return path, None, f"cannot be opened: {error.strerror}"
    if not stat.S_ISREG(info.st_mode):
        return path, None, "is not a regular file"
    return path, info, ""


def _why_passed_over(entry: os.DirEntry[str], suffix: str) -> str:
    if entry.is_symlink() and is_folder(entry):
        return "is a link to a folder; links are not followed"
    return "" if suffix in images.EXTENSIONS | foreign.EXTENSIONS else _NO_IMAGE


def _why_foreign(path: Path) -> str:
    """Why a file with the extension of an image that is not read is left out; empty where it is one that is read.

    A phone's .HEIC may be a JPEG.
    """
    with path.open("rb") as file:
        start = file.read(200)
    return "" if images.begins_as_image(start) else foreign.what_it_is(start) or _NO_IMAGE


def _read_all(
    root: Path, found: list[_Found], cache_dir: Path | None, progress: Progress | None
) -> dict[str, dict[str, Any]]:
    """What is known of each path: the fields of `ImageFile` that need reading, or a `reason`."""
    cache = ScanCache(root, cache_dir)
    records = {f.path: r for f in found if (r := cache.get(f.path, f.size, f.changed_ns)) is not None}
    fresh = [f for f in found if f.path not in records]
    small: thumbnails.Thumbnails = {}
    fine: dict[str, forms.Form] = {}
    rows: dict[str, traits.Floats] = {}
    comparable = cache_dir is not None and len(found) <= thumbnails.MAX_COMPARED
    measured = _measured(found) if comparable and fresh else frozenset()
    if progress is not None:
        progress(len(records), len(found))
    with ThreadPoolExecutor(_THREADS) as pool:
        batches = [fresh[k : k + _BATCH] for k in range(0, len(fresh), _BATCH)]
        read = chain.from_iterable(
            pool.map(lambda some: [_read(root / f.path, f.path in measured) for f in some], batches)
        )
        for file, seen in zip(fresh, read, strict=True):
            records[file.path] = seen.record
            if seen.lasting:
                cache.put(file.path, file.size, file.changed_ns, seen.record)
            if comparable and seen.small is not None and seen.form is not None:
                small[seen.record["sha256"]] = seen.small
                fine[seen.record["sha256"]] = seen.form
            if seen.row is not None:
                rows[seen.record["sha256"]] = seen.row
            if progress is not None:
                progress(len(records), len(found))
    cache.save()
    there = [record["sha256"] for record in records.values() if "sha256" in record]
    thumbnails.keep(root, small, there)
    forms.keep_forms(root, fine, there)
    traits.keep_traits(root, rows, there)
    return records


def _measured(found: Sequence[_Found]) -> frozenset[str]:
    """Paths of the images whose traits are measured; more of each class where the parts are not made yet."""
    cells: dict[tuple[str, str], list[_Found]] = defaultdict(list)
    for file in found:
        cells[file.split, file.label].append(file)
    return frozenset(file.path for file in traits.choose(cells.values(), 1 if any(s for s, _ in cells) else 3))


class _Seen(NamedTuple):
    """What reading a file gave: its record, whether that will still be true next time, and its small versions."""

    record: dict[str, Any]
    lasting: bool
    small: thumbnails.Small | None = None
    form: forms.Form | None = None
    row: traits.Floats | None = None


def _read(path: Path, with_traits: bool = False) -> _Seen:
    """Decodes a file once for everything that is asked of its pixels, and hashes it."""
    measured = None
    try:
        if with_traits:
            decoded = images.read_colour(path, quality.SIDE)
            header, grey, measured = decoded.header, decoded.grey, traits.measure(decoded)
        else:
            header, grey = images.read_grey(path, quality.SIDE)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except UnreadableImage as error:
        # No permission, no memory, a failing disk, a codec to be installed: these may pass, damage does not.
        cause = error.__cause__
        passing = isinstance(cause, MemoryError | CodecMissing) or getattr(cause, "errno", None) is not None
        return _Seen({"reason": str(error)}, not passing)
    except OSError as error:
        return _Seen({"reason": f"{images.display_name(path.name)} cannot be opened: {error.strerror}."}, False)
    record = {
        "sha256": digest,
        **{name: getattr(header, name) for name in _KEPT},
        "quality": list(quality.measure(grey)),
    }
    return _Seen(record, True, thumbnails.shrink(grey), forms.form_of(grey), measured)
