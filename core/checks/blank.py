"""Checks of images in which there is nothing: blank ones, and classes whose images are all the same."""

from collections import defaultdict

from core.checks.context import Context, named, paths_of, percent
from core.checks.finding import Finding
from core.data.dataset_index import ImageFile

BLANK = 0.5
"""Entropy of the grey levels in bits up to which an image is blank: two levels of which one is a tenth have 0.47."""

MANY = 0.01
"""Share of the images from which on blank ones bias figures."""

_FEWEST = 5


def blank_images(context: Context) -> Finding | None:
    """Images of one grey level: nothing can be learned from them, and a class of many of them is told by that."""
    measures = context.index.measures
    files = [file for part in context.parts.values() for file in part]
    blank = [file for file in files if file.sha256 in measures and measures[file.sha256].entropy <= BLANK]
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
