"""Scans a folder of images into a DatasetIndex: classes, splits, headers, hashes, unreadable files.

Every image is decoded once and hashed here, so that no training fails half-way on a damaged file; while its pixels
are there its quality is measured, a small grey version is kept for the search for duplicates, and of a part of the
images traits are measured. All of it is kept per file, so that an unchanged folder is scanned again in a fraction of a
second.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from core.data import forms, images, quality, thumbnails, traits
from core.data.dataset_index import DatasetIndex, ImageFile, Unreadable
from core.data.file_names import EXTENSIONS, display_name
from core.data.found_files import FoundFile, find_files
from core.data.layout import EXPECTED, find_layout
from core.data.layout_choice import Choice
from core.data.quality import Measures
from core.data.refused import CodecMissing
from core.data.scan_cache import ScanCache
from core.errors import DataError, UnreadableImage
from core.progress import Progress

_BATCH = 16  # files a thread reads in one go: handing over each small file costs time of its own
_THREADS = min(8, max(2, os.cpu_count() or 2))  # decoding releases the GIL; more than 8 would only cost memory

_KEPT = ("width", "height", "mode", "format", "orientation", "pages", "transparent", "patient")


def scan(
    root: Path, *, choice: Choice | None = None, cache_dir: Path | None = None, progress: Progress | None = None
) -> DatasetIndex:
    """Reads a dataset's folder: with parts (`train`, `Training`, `val`, ...), or class folders alone.

    Args:
        root: The folder; wrapper folders around the dataset are passed through.
        choice: How it is to be read. Defaults to what is remembered beside it, else to what names and structure say.
        cache_dir: Where results per file are kept between calls; a file is read again when its size or
            one of its times (of content or of status) has changed.
        progress: Called with (files read, files in all), from the calling thread.

    Raises:
        LayoutQuestion: if it can be read in several ways, and nobody has chosen one.
        DataError: if the folder is missing, cannot be read, or does not hold images in at least two class folders.
    """
    layout = find_layout(root, choice)
    found, skipped = find_files(layout)
    if not found:
        kinds = ", ".join(sorted(EXTENSIONS))
        raise DataError(f"There are no images ({kinds}) in {display_name(str(root))}. {EXPECTED}")
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
    found: Sequence[FoundFile], records: Mapping[str, dict[str, Any]]
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
        note = "All DICOM files name the same patient, so they are not grouped by patient."
        return {}, (note,) if seen else ()
    note = f"The DICOM files are of {len(seen):,} patients; those of one patient stay in one split."
    return {patient: f"patient {k}" for k, patient in enumerate(seen, 1)}, (note,)


def _read_all(
    root: Path, found: list[FoundFile], cache_dir: Path | None, progress: Progress | None
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
        read = chain.from_iterable(pool.map(lambda some: _read_some(root, some, measured), batches))
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
    thumbnails.THUMBNAILS.add(root, small, there)
    forms.FORMS.add(root, fine, there)
    traits.KEPT.add(root, rows, there)
    return records


def _measured(found: Sequence[FoundFile]) -> frozenset[str]:
    """Paths of the images whose traits are measured; more of each class where the parts are not made yet."""
    cells: dict[tuple[str, str], list[FoundFile]] = defaultdict(list)
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


def _read_some(root: Path, files: Sequence[FoundFile], measured: frozenset[str]) -> list[_Seen]:
    return [_read(root / file.path, file.path in measured) for file in files]


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
        return _Seen({"reason": f"{display_name(path.name)} cannot be opened: {error.strerror}."}, False)
    record = {
        "sha256": digest,
        **{name: getattr(header, name) for name in _KEPT},
        "quality": list(quality.measure(grey)),
    }
    return _Seen(record, True, thumbnails.shrink(grey), forms.form_of(grey), measured)
