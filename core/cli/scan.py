"""The command `scan`: classes, parts, image quality and corrections of a dataset."""

import argparse
from collections.abc import Sequence
from typing import Any

from core.checks.data import data_findings
from core.checks.quality import KINDS, Quality, assess
from core.cli.command import AddCommand
from core.cli.layout import add_layout, heed_layout, read_as
from core.cli.output import print_json
from core.cli.settings import DATASET_HELP
from core.cli.terminal import Line
from core.config import DataConfig
from core.data.dataset import Dataset, prepare, scan_dataset
from core.data.dataset_index import DatasetIndex, ImageFile

_NAMED = 3
"""Files named after each kind in the text; JSON has all of them."""


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    parser = command("scan", scan, "Show the contents of a dataset and the images with quality issues.")
    parser.add_argument("dataset", metavar="DATASET", help=DATASET_HELP)
    add_layout(parser)


def scan(options: argparse.Namespace) -> int:
    """Prints what the scan found."""
    line = Line(quiet=options.json)
    heed_layout(options)
    index = scan_dataset(options.dataset, line.progress("Scanning"))
    quality = assess(index, line.progress("Compares"))
    dataset = prepare(index, DataConfig())
    line.show("")
    if options.json:
        print_json(_record(index, dataset, quality))
        return 0
    _print_contents(index)
    _print_decisions(dataset)
    _print_quality(quality)
    return 0


def _record(index: DatasetIndex, dataset: Dataset, quality: Quality) -> dict[str, Any]:
    return {
        "dataset": str(index.root),
        "layout": index.layout,
        "reading": _reading(index),
        "classes": list(index.classes),
        "counts": {split or "all": counts for split, counts in index.counts().items()},
        "images": len(index.files),
        "sizes": [{"width": w, "height": h, "count": n} for (w, h), n in index.sizes().items()],
        "modes": index.modes(),
        "unreadable": [{"file": file.path, "reason": file.reason} for file in index.unreadable],
        "skipped": [{"file": path, "reason": why} for path, why in index.skipped],
        "empty_classes": list(index.empty_classes),
        "notes": list(index.notes),
        "quality": quality.to_dict(),
        "corrections": dataset.corrections.to_dict(),
        "split_file": dataset.split_file.to_dict(dataset.index) if dataset.split_file else None,
        "findings": [finding.to_dict() for finding in data_findings(index)],
    }


def _reading(index: DatasetIndex) -> dict[str, Any]:
    """How the folders were read, as JSON types."""
    return {
        "layout": index.reading,
        "reasons": list(index.reasons),
        "others": [{"layout": word, "reads": text} for word, text in index.others],
        "left_out": [{"folder": path, "reason": why} for path, why in index.left_out],
    }


def _print_contents(index: DatasetIndex) -> None:
    print(f"{index.root}\n")
    for split, counts in index.counts().items():
        print(f"{split or 'all':<6}" + "  ".join(f"{name} {count}" for name, count in counts.items()))
    print("sizes " + ", ".join(f"{w}x{h} ({n})" for (w, h), n in list(index.sizes().items())[:5]))
    print("modes " + ", ".join(f"{mode} ({n})" for mode, n in index.modes().items()))
    for note in (*read_as(index), *index.notes):
        print(note)
    for file in index.unreadable:
        print(f"unreadable: {file.path}: {file.reason}")
    for path, why in index.skipped:
        print(f"left out: {path}: {why}")


def _print_decisions(dataset: Dataset) -> None:
    if text := dataset.corrections.sentence():
        print(text)
    if dataset.split_file:
        print(dataset.split_file.sentence(dataset.index))
        parts = {part: len(getattr(dataset.split, part)) for part in ("train", "val", "test")}
        print("divided into " + ", ".join(f"{part} {number}" for part, number in parts.items() if number))


def _group(files: Sequence[ImageFile]) -> str:
    """`a/1.png = b/2.png`, and how many more there are."""
    more = f" and {len(files) - _NAMED:,} like them" if len(files) > _NAMED else ""
    return " = ".join(file.path for file in files[:_NAMED]) + more


def _print_quality(quality: Quality) -> None:
    """A line for each question that singles something out; one line where none does."""
    found = [kind for kind in KINDS if quality.count(kind.id)]
    for kind in found:
        if kind.id in quality.odd:
            names = [odd.file.path for odd in quality.odd[kind.id]]
        else:
            names = [_group(group) for group in quality.groups[kind.id]]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        usual = ", as most images in this dataset" if quality.is_usual(kind.id) else ""
        print(f"{kind.title.lower()}: {quality.count(kind.id)}{usual}: {', '.join(names[:_NAMED])}{more}")
    if not found:
        print("No image is blurry, dark, overexposed, blank, of unusual size or shape, or a duplicate.")
    if not quality.is_compared:
        print("Too many images to search for near-duplicates; only identical files were searched for.")
