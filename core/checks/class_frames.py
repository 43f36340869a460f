"""What lies around the content and that only one class has: bars without any structure, and corners of another grey."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.checks.context import Context, named, percent
from core.checks.finding import Finding
from core.checks.sample import Sample
from core.stats.metrics import wilson

_FEWEST, _CLASSES = 12, 20
_FLAT = 2.0  # standard deviation (grey levels) of a row of a bar, and half of what its rows may differ by
_STEP = 12.0  # grey levels, at least, between a bar and what is behind it, in half of the columns
_DEEPEST = 20  # rows of 64
_DIFFERENCE, _SURE = 0.4, 0.2
_CORNER = 6  # pixels of 64
_MIDDLE = slice(16, 48)

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


def told_by_bars(context: Context, sample: Sample) -> Finding | None:
    """Most images of one class have bars on two opposite sides, whatever their width, and few others have.

    A bar is even and ends at a straight line, where what is behind it begins: an even ground around an object is none.
    """
    has = bars(sample.forms)
    found = [one for label in _asked(sample) if (one := _shares(has, sample.labels == label, label))]
    if not found:
        return None
    best = max(found)
    of_class, name = sample.labels == best.label, context.dataset.classes[best.label]
    right = (1 + best.own - best.rest) / 2
    return Finding(
        "class-told-by-mark",
        "warning",
        f"{percent(best.own)} of the images of {named([name])} have bars of one grey level on two opposite sides, and "
        f"{percent(best.rest)} of the others. That alone separates them with a balanced accuracy of {percent(right)}, "
        "without the object; validation images with the same bars cannot show whether they are what is learned.",
        {
            "class": name, "place": "on two opposite sides", "share_in_class": round(best.own, 4),
            "share_in_others": round(best.rest, 4), "right": round(right, 4),
            "files": sample.examples(of_class & has, ~of_class & ~has),
        },
        "Crop the bars off the images of all classes.",
    )  # fmt: skip


class _Shares(NamedTuple):
    difference: float
    label: int
    own: float
    rest: float


def _asked(sample: Sample) -> list[int]:
    """The largest classes that have enough images."""
    labels, counts = np.unique(sample.labels, return_counts=True)
    return [int(labels[k]) for k in np.argsort(-counts, kind="stable")[:_CLASSES] if counts[k] >= _FEWEST]


def _shares(has: Bools, of_class: Bools, label: int) -> _Shares | None:
    """How many have bars in a class and in the others; None where that is no sound difference."""
    own, rest = has[of_class], has[~of_class]
    if not len(rest):
        return None
    low, high = wilson(int(own.sum()), len(own))[0], wilson(int(rest.sum()), len(rest))[1]
    difference = float(own.mean() - rest.mean())
    is_sound = difference >= _DIFFERENCE and low - high >= _SURE
    return _Shares(difference, label, float(own.mean()), float(rest.mean())) if is_sound else None


def bars(forms: NDArray[np.uint8]) -> Bools:
    """Which images have bars at the top and bottom, or left and right.

    Args:
        forms: uint8 `(n, 64, 64)`.
    """
    top, bottom, left, right = (bar_depths(seen) > 0 for seen in sides(forms))
    return np.asarray((top & bottom) | (left & right))


def sides(forms: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], ...]:
    """The same images turned so that what was at the top, bottom, left and right comes first."""
    turned = forms.transpose(0, 2, 1)
    return forms, forms[:, ::-1], turned, turned[:, ::-1]


def bar_depths(forms: NDArray[np.uint8], deepest: int = _DEEPEST) -> NDArray[np.int64]:
    """How many of the first rows are one bar of at most `deepest`; 0 for none: int `(n,)`."""
    grey = forms.astype(np.float32)
    levels = grey.mean(axis=2)
    flat = (grey.std(axis=2) <= _FLAT) & (np.abs(levels - levels[:, :1]) <= 2 * _FLAT)
    depth = np.where(flat.all(axis=1), len(flat[0]), (~flat).argmax(axis=1))
    behind = np.minimum(depth + 1, grey.shape[1] - 1)  # the row between is a mixture of both
    steps = np.abs(grey[np.arange(len(grey)), behind] - levels[:, :1])
    return np.where((depth <= deepest) & (np.median(steps, axis=1) >= _STEP), depth, 0)


def corner_levels(forms: NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """The median grey level of the four corners (a tenth of the side), and the mean of the middle: float32 `(n,)`."""
    near, far = slice(None, _CORNER), slice(-_CORNER, None)
    corners = [forms[:, down, across].mean(axis=(1, 2)) for down in (near, far) for across in (near, far)]
    middle = forms[:, _MIDDLE, _MIDDLE].mean(axis=(1, 2), dtype=np.float32)
    return np.median(corners, axis=0).astype(np.float32), middle
