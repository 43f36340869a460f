"""Looks that come from how images were taken and not from the objects: noise or focus, and light that falls off."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.checks.class_frames import corner_levels
from core.checks.sample import Sample
from core.data.traits import TRAITS, Floats
from core.stats.two_sample import areas, balanced_right

LOOK_AUC = 0.95
"""AUC by which a look tells a class."""

_GRAIN = (("noise", "noise of flat areas"), ("sharpness", "finest details"))
_COARSE = (
    *(("sharpness", name) for name in ("middle details", "coarse details")),
    *(("direction of edges", name) for name in TRAITS["direction of edges"]),
)
"""What noise and focus change, and what they leave alone while objects with other textures differ in it."""

_OF_OBJECTS = 0.9
"""AUC of any coarse trait, above which the grain may be that of the objects."""

_MIDDLE = 0.75
"""AUC of the middle, above which the whole image is lighter or darker."""

Bools = NDArray[np.bool_]


class Look(NamedTuple):
    """A look that tells a class.

    Attributes:
        look: str. What the claim calls it.
        label: int. The class.
        auc: float. Of images that were left out, or of single traits.
        right: float. Mean share of both sides.
        next: float. AUC of what it is compared with.
        than: str. The claim about that.
        is_alone: bool. Whether it is the only class that this look tells.
        trait: str. The trait whose medians are told; empty where it is to be found among those of the look.
        values: float32 `(n,)`. That trait.
    """

    look: str
    label: int
    auc: float
    right: float
    next: float
    than: str
    is_alone: bool = False
    trait: str = ""
    values: Floats | None = None


def acquired(sample: Sample, asked: list[int], targets: Bools) -> list[Look]:
    """Looks that count although others tell the class as well: one cause changes several of them at once.

    Args:
        sample: Sample.
        asked: list of int. Classes.
        targets: bool `(n, len(asked))`. Which images are of each.
    """
    return [*_grain(sample, asked, targets), *_corners(sample, asked, targets)]


def _grain(sample: Sample, asked: list[int], targets: Bools) -> list[Look]:
    """Noise floor and finest details both tell a class, in one direction, and no coarser structure does.

    Noise raises both, blur and enlarging lower both. Where objects differ, one is of more contrast (the noise floor) or
    of other sizes (all details).
    """
    fine, coarse = (np.stack([_trait(sample, *name) for name in names], axis=1) for names in (_GRAIN, _COARSE))
    found = []
    for k, label in enumerate(asked):
        sides, others = _areas(fine, targets[:, k]), _areas(coarse, targets[:, k])
        least, most = max(sides.min(), (1 - sides).min()), float(np.maximum(others, 1 - others).max())
        if least >= LOOK_AUC and most <= _OF_OBJECTS:
            right = _right(fine[:, 0], targets[:, k])
            than = "coarser structures and the direction of edges do not (AUC {:.2f} at most)"
            found.append(
                Look(
                    "sharpness and noise", label, float(least), right, most, than, trait=_GRAIN[0][1], values=fine[:, 0]
                )
            )
    return found


def _corners(sample: Sample, asked: list[int], targets: Bools) -> list[Look]:
    """The corners tell a class by their grey level, and the middle does not: a vignette, an aperture, a margin."""
    corners, middle = corner_levels(sample.forms)
    found = []
    for k, label in enumerate(asked):
        sides = _areas(np.stack([corners, middle], axis=1), targets[:, k])
        own, inner = np.maximum(sides, 1 - sides).tolist()
        if own >= LOOK_AUC and inner <= _MIDDLE:
            right, than = _right(corners, targets[:, k]), "the grey level of the middle does not (AUC {:.2f})"
            name, named = "grey level of the corners", _evener(corners, sample.labels, label)
            found.append(Look(name, named, own, right, inner, than, trait=name, values=corners))
    return found


def _evener(values: Floats, labels: NDArray[np.int64], label: int) -> int:
    """Of two classes the one of which the values differ less, so that it is named as the check of marks names it."""
    both = np.unique(labels)
    if len(both) > 2:
        return label
    return int(min(both, key=lambda one: float(np.ptp(np.quantile(values[labels == one], (0.25, 0.75))))))


def _trait(sample: Sample, kind: str, name: str) -> Floats:
    return sample.traits[kind][:, TRAITS[kind].index(name)]


def _areas(values: Floats, of_class: Bools) -> NDArray[np.float64]:
    """Area under the ROC curve of each column."""
    return areas(values, np.repeat(of_class[:, None], values.shape[1], axis=1))


def _right(values: Floats, of_class: Bools) -> float:
    """Mean share of both sides by the better direction of a trait."""
    return max(balanced_right(values, of_class), balanced_right(-values, of_class))
