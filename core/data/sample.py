"""The built-in sample set: phantoms drawn from a seed, NORMAL and PNEUMONIA, in a folder that is whole or not there.

Every image is a pure function of (SAMPLE_SEED, split, class, number).
"""

import itertools
import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from core import files
from core.data.phantom import draw_phantom
from core.errors import DataError
from core.progress import Progress

SAMPLE_SEED = 20180222
SAMPLE_VERSION = 1  # raise it whenever an image changes: it names the folder, and a run's record names the folder
SAMPLE_COUNTS = {"train": 400, "val": 80}  # images of each class
CLASSES = ("NORMAL", "PNEUMONIA")
_README = (
    "These images are synthetic: the program drew them from a seed. They show no patient and no disease. Do not use "
    "them for diagnosis or to evaluate a medical method. Licence: CC0 1.0.\n"
)


def sample_is_ready(root: Path) -> bool:
    """Whether the complete sample set lies below root."""
    folder = sample_folder(root)
    with suppress(OSError, ValueError):
        counts = json.loads((folder / "sample.json").read_text(encoding="utf-8"))
        return counts == SAMPLE_COUNTS and {name for name, _ in _images()} <= _files_below(folder)
    return False


def _files_below(folder: Path) -> set[str]:
    """Names of the files in the folders of the classes: read folder by folder, each image is not asked for."""
    classes = [Path(split, label) for split in SAMPLE_COUNTS for label in CLASSES]
    return {
        (place / entry.name).as_posix() for place in classes for entry in os.scandir(folder / place) if entry.is_file()
    }


def ensure_sample(root: Path, progress: Progress | None = None) -> Path:
    """Returns the sample set's folder; draws the set first if it is not there.

    Drawn beside its place and moved there in one step: no reader meets half a set. One process or thread draws, others
    wait for it. A drawing that is broken off, as when a page is left, is continued by the next call.

    Args:
        root: Folder that holds the sample set; made if absent.
        progress: Called in this thread with (images drawn, images in all); not called if nothing is drawn. What it
            raises ends the drawing, or the waiting.

    Returns:
        `<root>/sample-v<version>`, with `train` and `val`, each with a folder of JPEG files per class.

    Raises:
        DataError: root cannot be written, or has no room left.
    """
    if sample_is_ready(root):
        return sample_folder(root)
    lock = files.Lock(root / ".lock")
    try:
        _wait_for(lock, root, progress)
        try:
            if not sample_is_ready(root):
                _draw_all(_partial(root), progress)
                _install(root)
        finally:
            lock.release()
    except OSError as error:
        raise DataError(f"The sample set cannot be written to {root}: {files.why_not_written(error)}.") from error
    return sample_folder(root)


def _wait_for(lock: files.Lock, root: Path, progress: Progress | None) -> None:
    """Until nobody else draws; what is on the disk tells how far they are."""
    total = len(list(_images()))
    while not lock.acquire(timeout=0.2):
        if progress:
            progress(sum(1 for _ in _partial(root).glob("*/*/*.jpg")), total)


def _partial(root: Path) -> Path:
    """Where a set is drawn."""
    return root / f".partial-v{SAMPLE_VERSION}"


def sample_folder(root: Path) -> Path:
    """Where the sample set lies, once drawn, below `root`."""
    return root / f"sample-v{SAMPLE_VERSION}"


def _images() -> Iterator[tuple[str, list[int]]]:
    """Every image's path and seed. Numbers run through the whole set, so that no two images share a name."""
    numbers = itertools.count(1)
    for part, (split, count) in enumerate(SAMPLE_COUNTS.items()):
        for diseased, label in enumerate(CLASSES):
            for number in itertools.islice(numbers, count):
                yield f"{split}/{label}/phantom-{number:04d}.jpg", [SAMPLE_SEED, part, diseased, number]


def _draw_one(path: Path, seed: list[int]) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    image = draw_phantom(np.random.default_rng(seed), diseased=path.parent.name == CLASSES[1])
    unfinished = path.with_suffix(".unfinished")
    Image.fromarray(image).save(unfinished, "JPEG", quality=92)
    unfinished.replace(path)  # a process that is killed leaves no half image for the next one


def _draw_all(folder: Path, progress: Progress | None) -> None:
    pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1))
    try:
        drawn = [pool.submit(_draw_one, folder / name, seed) for name, seed in _images()]
        for done, future in enumerate(as_completed(drawn), start=1):
            future.result()
            if progress:
                progress(done, len(drawn))
    finally:
        pool.shutdown(cancel_futures=True)  # waits, so that nothing is drawn by who no longer holds the lock
    for left in folder.glob("*/*/*.unfinished"):
        left.unlink()
    (folder / "README.txt").write_text(_README, encoding="utf-8")
    (folder / "sample.json").write_text(json.dumps(SAMPLE_COUNTS), encoding="utf-8")


def _install(root: Path) -> None:
    """Moves the drawn set to its place; leftovers go."""
    partial, folder, old = _partial(root), sample_folder(root), root / ".partial-old"
    shutil.rmtree(old, ignore_errors=True)
    with suppress(FileNotFoundError):
        folder.replace(old)  # a set that somebody took images out of
    partial.replace(folder)
    for left in root.glob(".partial-*"):
        shutil.rmtree(left, ignore_errors=True)
