"""Check of marks at the border that only one class has: a tag, a logo, a time stamp, a frame."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.checks.class_frames import told_by_bars
from core.checks.context import Context, named, percent
from core.checks.finding import Finding
from core.checks.sample import Sample, once_a_sample
from core.stats.metrics import wilson

FEWEST, _CLASSES = 12, 20
_SIDE, _STEP = 8, 4
_NEAR = 12  # pixels from the middle within which a square is on neither side
_OUTER = 8  # pixels of 64 from which on a square is in the middle
_CENTRE = (24, 40)  # of 64: where what begins at the border is no mark any more
_STRONG = 4.0
"""Contrast (grey levels) of what is common to the images of a class, from which on it is a mark."""

_SAME, _ENERGY = 0.75, 0.4
_DIFFERENCE, _BEYOND, _SURE = 0.4, 0.3, 0.2

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


class Mark(NamedTuple):
    """What many images of a class have in common at one place, and others have not.

    Attributes:
        difference: float. Share of the class's images that have it, less that of the others.
        label: int. The class.
        top: int. Place of the square, in pixels of 64.
        left: int. Likewise.
        shows: bool `(n,)`. Which images have it.
    """

    difference: float
    label: int
    top: int
    left: int
    shows: Bools

    @property
    def is_outer(self) -> bool:
        """Whether it touches the outer ring, where the object is not."""
        far = 64 - _SIDE - _OUTER
        return min(self.top, self.left) < _OUTER or max(self.top, self.left) > far

    @property
    def is_central(self) -> bool:
        """Whether it touches the middle quarter of the side, both ways."""
        return all(_CENTRE[0] - _SIDE < at < _CENTRE[1] for at in (self.top, self.left))


def class_told_by_mark(context: Context) -> Finding | None:
    """The images of one class have the same mark at one place of the border, where others have none.

    A network may read that instead of the object, and validation that was made in the same way cannot show it. What is
    common to the images of a class in their middle as well is the object, or how it is placed. Bars of different width
    have nothing in common at one place; they are looked for where there is no mark.
    """
    sample = context.sample
    if sample is None:
        return None
    found = _search(sample)
    if found is None:
        return told_by_bars(context, sample)
    best, outer = found
    own, rest = (float(best.shows[side].mean()) for side in (sample.labels == best.label, sample.labels != best.label))
    alike = [mark for mark in outer if mark.label == best.label and mark.difference >= 0.9 * best.difference]
    place, name = _place(alike), context.dataset.classes[best.label]
    examples = sample.examples((sample.labels == best.label) & best.shows, sample.labels != best.label)
    return Finding(
        "class-told-by-mark",
        "warning",
        f"{percent(own)} of the images of {named([name])} show the same structure {place}, and {percent(rest)} of "
        f"the others. That alone separates them with a balanced accuracy of {percent((1 + own - rest) / 2)}, "
        "without the object; validation images with the same mark cannot show whether it is what is learned.",
        {
            "class": name, "place": place, "share_in_class": round(own, 4), "share_in_others": round(rest, 4),
            "right": round((1 + own - rest) / 2, 4), "files": examples,
        },
        "Look at that region in these images; crop or cover tags, frames and stamps in the images of all classes.",
    )  # fmt: skip


def found_mark(sample: Sample) -> Mark | None:
    """The mark that tells a class best; None where there is none."""
    found = _search(sample)
    return found[0] if found else None


@once_a_sample
def _search(sample: Sample) -> tuple[Mark, list[Mark]] | None:
    """The best mark, and all that lie outside the middle; None where none is sound."""
    marks = sorted(_marks(sample), key=lambda mark: -mark.difference)
    outer = [mark for mark in marks if mark.is_outer]
    return (outer[0], outer) if outer and _is_sound(outer[0], marks, sample) else None


def _is_sound(best: Mark, marks: list[Mark], sample: Sample) -> bool:
    """Whether it is a mark: in far more images of the class than of others, and more than anything in the middle."""
    of_class = [mark for mark in marks if mark.label == best.label]
    own = _reach(best, [mark for mark in of_class if mark.difference > best.difference - _BEYOND])
    inner = max(
        (mark.difference for mark in of_class if not mark.is_outer and (mark.top, mark.left) not in own), default=0.0
    )
    own, rest = best.shows[sample.labels == best.label], best.shows[sample.labels != best.label]
    least = wilson(int(own.sum()), len(own))[0] - wilson(int(rest.sum()), len(rest))[1]
    return best.difference >= _DIFFERENCE and best.difference - inner >= _BEYOND and least >= _SURE


def _reach(best: Mark, marks: list[Mark]) -> set[tuple[int, int]]:
    """Squares that a large tag or a wide frame takes: all that adjoin the mark; none where they reach the centre."""
    left = {(mark.top, mark.left): mark for mark in marks}
    found, waiting = set[tuple[int, int]](), [(best.top, best.left)]
    while waiting:
        top, across = waiting.pop()
        if (mark := left.pop((top, across), None)) is None:
            continue
        if mark.is_central:
            return set()
        found.add((top, across))
        waiting += [(top + down, across + side) for down in (-_STEP, 0, _STEP) for side in (-_STEP, 0, _STEP)]
    return found


def _marks(sample: Sample) -> Iterator[Mark]:
    """For each place and class what its images have in common there, as far as it has contrast."""
    fine = fine_structure(sample.forms)
    labels, counts = np.unique(sample.labels, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_CLASSES]
    classes = [int(labels[k]) for k in order if counts[k] >= FEWEST]
    for top in range(0, 64 - _SIDE + 1, _STEP):
        for left in range(0, 64 - _SIDE + 1, _STEP):
            squares = fine[:, top : top + _SIDE, left : left + _SIDE].reshape(len(fine), -1)
            squares = squares - squares.mean(axis=1, keepdims=True)
            for label in classes:
                if (shows := _shows(squares, sample.labels == label)) is not None:
                    of_class = sample.labels == label
                    difference = float(shows[of_class].mean() - shows[~of_class].mean()) if not of_class.all() else 0.0
                    yield Mark(difference, label, top, left, shows)


def _shows(squares: Floats, of_class: Bools) -> Bools | None:
    """Which images show what is the median of a class; None where that has no contrast."""
    common = np.median(squares[of_class], axis=0)
    common -= common.mean()
    size = float(np.linalg.norm(common))
    if size < _STRONG * _SIDE:
        return None
    sizes = np.linalg.norm(squares, axis=1)
    return np.asarray((squares @ common > _SAME * size * sizes) & (sizes > _ENERGY * size))


def fine_structure(forms: NDArray[np.uint8]) -> Floats:
    """What a blur of 7 x 7 pixels takes away, float32 of the same shape."""
    grey = forms.astype(np.float32)
    for axis in (1, 2):
        padded = np.pad(grey, [(3, 3) if k == axis else (0, 0) for k in range(3)], mode="edge")
        side = forms.shape[axis]
        shifted = [padded[:, k : k + side] if axis == 1 else padded[:, :, k : k + side] for k in range(7)]
        grey = sum(shifted[1:], start=shifted[0]) / np.float32(7)
    return np.asarray(forms - grey, np.float32)


def _place(marks: list[Mark]) -> str:
    """Where squares lie: in a corner, on a side, around the image."""
    middle = (64 - _SIDE) / 2
    rows = {mark.top > middle for mark in marks if abs(mark.top - middle) > _NEAR}
    columns = {mark.left > middle for mark in marks if abs(mark.left - middle) > _NEAR}
    if len(rows) == 2 and len(columns) == 2:
        return "along the border"
    down = ("lower" if True in rows else "upper") if len(rows) == 1 else ""
    across = ("right" if True in columns else "left") if len(columns) == 1 else ""
    if down and across:
        return f"in the {down} {across} corner"
    return f"at the {down or across or 'outer'} edge"
