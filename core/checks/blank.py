"""Checks of images in which there is nothing: blank ones, and classes whose images are all the same."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from core.checks.context import Context, named, paths_of, percent
from core.checks.finding import Finding
from core.data import images
from core.data.dataset_index import ImageFile
from core.data.thumbnails import thumbnails

BLANK = 0.5
"""Entropy of the grey levels in bits up to which an image may be blank: two levels of which one is a tenth have 0.47,
so it is asked whether the tenth is an object."""

_SEEN, _LEAST = 8, 0.02
"""Grey levels from the most frequent one, and share of the pixels that are as far from it, from which on something is
shown."""

_DECODED = 500
"""Images that are read for their colours; among more that are even in grey, those of two colours do not matter."""

MANY = 0.01
"""Share of the images from which on blank ones bias figures."""

_FEWEST = 5


def blank_images(context: Context) -> Finding | None:
    """Images of one grey level: nothing can be learned from them, and a class of many of them is told by that."""
    measures = context.index.measures
    files = [file for part in context.parts.values() for file in part]
    even = [file for file in files if file.sha256 in measures and measures[file.sha256].entropy <= BLANK]
    blank = _blank(context, even) if even else []
    if not blank:
        return None
    classes = {name: sum(file.label == name for file in blank) for name in sorted({file.label for file in blank})}
    return Finding(
        "blank-images",
        "warning" if len(blank) >= MANY * len(files) else "info",
        f"{len(blank)} of {len(files)} images ({percent(len(blank), len(files))}) are blank, of {named(classes)}: "
        "nearly all of their pixels have the same grey level.",
        {"blank": len(blank), "images": len(files), "classes": classes, "files": paths_of(blank)},
        "Exclude them, or save them again if they should show something.",
    )


def _blank(context: Context, even: list[ImageFile]) -> list[ImageFile]:
    """Those of images with nearly one grey level in which no object can be seen, by its grey or by its colour."""
    small = context.thumbnails if context.is_comparable else thumbnails(context.dataset.root, even)
    grey = [file for file in even if not _shows(small[file.sha256].astype(np.int64))]
    return [file for k, file in enumerate(grey) if k >= _DECODED or not _has_colours(context, file)]


def _has_colours(context: Context, file: ImageFile) -> bool:
    """Whether an object differs from the ground in its colour."""
    pixels = images.load(context.dataset.root / file.path, 32).astype(np.int64)
    return any(_shows(pixels[..., k] - pixels[..., 1]) for k in (0, 2))


def _shows(values: NDArray[np.int64]) -> bool:
    """Whether enough of the values are far from the most frequent one."""
    levels, counts = np.unique(values, return_counts=True)
    return bool((np.abs(values - levels[counts.argmax()]) > _SEEN).mean() >= _LEAST)


def constant_class(context: Context) -> Finding | None:
    """All training images of a class are one and the same: what tells the class is that image, not what it shows."""
    by_class: dict[str, list[ImageFile]] = defaultdict(list)
    for file in context.train:
        by_class[file.label].append(file)
    same = {
        name: files
        for name, files in by_class.items()
        if len(files) >= _FEWEST and len({file.sha256 for file in files}) == 1
    }
    if not same:
        return None
    return Finding(
        "constant-class",
        "error",
        f"All training images of {named(same)} are the same file, {sum(map(len, same.values()))} times.",
        {"classes": {name: len(files) for name, files in same.items()},
         "files": [path for files in same.values() for path in paths_of(files)[:2]]},
        "Add different images of the class.",
    )  # fmt: skip
