"""Frames and shots in the order of a running number, divided by chance: held-out images lie next to training images.

Names such as `frame_00012` say no film. Whether numbers in a row belong together is asked of the images: where those
next to each other are of one scene, and any two of the class are not, each held-out one has a neighbour that is
trained on.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.checks.context import NAMED, Context, percent
from core.checks.finding import Finding
from core.data.dataset_index import ImageFile
from core.data.split import AUTO, group_names

_NUMBER = re.compile(r"^(.*?)(\d+)(\D*)$")
_MOST = 6000
"""Images up to which this is asked."""

_NEXT = 3
"""Places in the order of the numbers up to which a training image is next to a held-out one."""

_FAR, _ALIKE = 4.0, 0.6
"""Spreads of the likeness of pairs of a class, and correlation, from which on two images show one scene."""

_FEWEST, _SHARE, _OTHERS = 6, 0.3, 0.5
"""Held-out images, and their share, from which on this is told; and what random pairs may reach of that share."""

_PAIRS = 400
"""Pairs of a class by which its usual likeness is known."""


class Neighbour(NamedTuple):
    """A held-out image and the training image beside it that is the most like it.

    Attributes:
        train, other: ImageFile.
        alike: float. Correlation of what is neither coarse nor fine, -1 to 1.
    """

    train: ImageFile
    other: ImageFile
    alike: float


def leak_sequence(context: Context) -> Finding | None:
    """Held-out images are of one scene with the training images beside them in the running number of the names.

    In a random order, or of images that stand each for themselves, neighbours are no more alike than others.
    """
    files = [file for part in context.parts.values() for file in part]
    if len(context.parts) < 2 or len(files) > _MOST or not context.is_comparable or _is_grouped(context, files):
        return None
    series = _series(context, files)
    if not any(series.values()):
        return None
    rows = _structure(context.forms)
    place = {file.path: k for k, file in enumerate(files)}
    found, by_chance, asked = list[Neighbour](), 0.0, 0
    for label, pairs in series.items():
        own = np.array([place[file.path] for file in context.train if file.label == label])
        limit, usual = _limits(rows, own)
        for other, beside in pairs:
            values = rows[[place[file.path] for file in beside]] @ rows[place[other.path]]
            best = int(np.argmax(values))
            found += [Neighbour(beside[best], other, float(values[best]))] * bool(values[best] >= limit)
            by_chance += 1 - (1 - usual) ** len(beside)
        asked += len(pairs)
    count, share = len(files) - len(context.train), len(found) / max(1, asked)
    if len(found) < _FEWEST or len(found) < _SHARE * count or by_chance / asked > _OTHERS * share:
        return None
    found.sort(key=lambda one: -one.alike)
    return Finding(
        "leak-sequence",
        "warning",
        f"{len(found)} of {count} held-out images ({percent(len(found), count)}) show the same scene as a training "
        f"image next to them in the running number of the names; by chance {percent(by_chance, asked)} would.",
        {
            "held_out": len(found), "share": round(len(found) / count, 4), "by_chance": round(by_chance / asked, 4),
            "files": [[one.train.path, one.other.path] for one in found[:NAMED]],
            "alike": [round(one.alike, 3) for one in found[:NAMED]],
        },
        "If they are frames of films or shots of one object, keep those of each together: give each a folder or a name "
        "of its own and re-split the images by it (data.group_pattern, or Split on the Dataset page).",
    )  # fmt: skip


def _is_grouped(context: Context, files: Sequence[ImageFile]) -> bool:
    """Whether names tell what belongs together, which then is another finding's."""
    names = group_names(files, context.config.data.group_pattern or AUTO)
    return sum(map(bool, names)) > len(files) / 2


def _series(context: Context, files: Sequence[ImageFile]) -> dict[str, list[tuple[ImageFile, list[ImageFile]]]]:
    """By class, held-out images with the training images next to them: those of names that differ in one number."""
    ordered = defaultdict[tuple[str, str, str], list[tuple[int, ImageFile]]](list)
    for file in files:
        match = _NUMBER.match(file.path.rsplit("/", 1)[-1].rsplit(".", 1)[0])
        if match and len(match[2]) <= 9:
            ordered[file.label, match[1], match[3]].append((int(match[2]), file))
    found: dict[str, list[tuple[ImageFile, list[ImageFile]]]] = {file.label: [] for file in files}
    for (label, *_), several in ordered.items():
        several.sort(key=lambda one: (one[0], one[1].path))
        in_order = [file for _, file in several]
        for k, file in enumerate(in_order):
            if context.part_of[file.path] == "train":
                continue
            beside = in_order[max(0, k - _NEXT) : k][::-1], in_order[k + 1 : k + 1 + _NEXT]
            nearest = [next((one for one in side if context.part_of[one.path] == "train"), None) for side in beside]
            if any(nearest):
                found[label].append((file, [one for one in nearest if one is not None]))
    return found


def _structure(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What is neither coarse nor fine, a row of length 1: light and noise do not count, nor does the border."""
    cells = small.astype(np.float32).reshape(-1, 16, 4, 16, 4).mean(axis=(2, 4))[:, 1:-1, 1:-1]
    coarse = cells.reshape(-1, 2, 7, 2, 7).mean(axis=(2, 4)).repeat(7, axis=1).repeat(7, axis=2)
    rows = (cells - coarse).reshape(len(small), -1)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-3)
    return np.asarray(rows, np.float32)


def _limits(rows: NDArray[np.float32], own: NDArray[np.integer]) -> tuple[float, float]:
    """The likeness that random pairs of these images hardly reach, and the share of them that does."""
    if len(own) < _FEWEST:
        return 2.0, 0.0
    first, second = np.random.default_rng(0).integers(0, len(own), (2, _PAIRS))
    first, second = own[first[first != second]], own[second[first != second]]
    alike = np.arctanh(np.clip((rows[first] * rows[second]).sum(axis=1), -0.999, 0.999))
    usual = float(np.median(alike))
    spread = 1.48 * float(np.median(np.abs(alike - usual)))
    limit = max(usual + _FAR * spread, float(np.arctanh(_ALIKE)))
    return float(np.tanh(limit)), float((alike >= limit).mean())
