"""Whether images of a group are more alike than others of their class, and more than with shuffled groups."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.checks.copy_search import described
from core.stats.metrics import auc

_SHUFFLES = 20
"""How often groups are shuffled."""

_ALIKE, _SURE = 0.6, 6.0
"""Chance that two of a group are more alike than two of the class, and by how many standard deviations above that of
shuffled names. See docs/checks.md for what real and drawn sets reach."""

Values = NDArray[np.floating]
Numbers = NDArray[np.int64]


class Sample(NamedTuple):
    """Images that are asked: what they show, how they look, and their labels."""

    values: tuple[Values, Values]
    labels: Numbers


def looks(small: NDArray[np.uint8], held_out: NDArray[np.bool_]) -> tuple[Values, Values]:
    """What images show (whitened frequencies) and how they look (light, contrast, sharpness), a row each.

    The latter by ranks within each part, so that it does not count where one part is darker as a whole.
    """
    grey = small.astype(np.float32)
    fine = np.abs(np.diff(grey, axis=1)).mean(axis=(1, 2)) + np.abs(np.diff(grey, axis=2)).mean(axis=(1, 2))
    levels = np.quantile(grey.reshape(len(grey), -1), (0.05, 0.5, 0.95), axis=1)
    spread = grey.std(axis=(1, 2))
    look = np.column_stack([levels.T, spread, fine / (spread + 1)])
    for part in (held_out, ~held_out):
        look[part] = look[part].argsort(axis=0).argsort(axis=0) / max(1, part.sum())
    return described(small), look


def alike(
    sample: Sample, groups: Numbers, within: Numbers | None = None, *, across: bool = False
) -> tuple[float, float] | None:
    """How much more alike images of a group are than others of their class, and with shuffled names at most.

    Args:
        sample: Sample. Images, their values and labels.
        groups: int `(n,)`, -1 for none.
        within: int `(n,)`. Smaller groups whose own pairs do not count. Defaults to none.
        across: bool. Whether the two of a group are of different classes; the other image is of the second's. Defaults
            to False.

    Returns:
        None where it may be chance.
    """
    rng = np.random.default_rng(0)
    mine = _likeness(sample, groups, rng, within, across=across)
    if max(mine) < _ALIKE:
        return None
    shuffled = np.array(
        [_likeness(sample, _mixed(groups, sample.labels, rng), rng, within, across=across) for _ in range(_SHUFFLES)]
    )
    sure = (mine - shuffled.mean(axis=0)) / np.maximum(shuffled.std(axis=0), 0.008)
    found = [k for k in (0, 1) if mine[k] >= _ALIKE and sure[k] >= _SURE]
    best = max(found, key=lambda k: mine[k], default=None)
    return None if best is None else (float(mine[best]), float(shuffled[:, best].max()))


def _mixed(groups: Numbers, labels: Numbers, rng: np.random.Generator) -> Numbers:
    """Groups shuffled among the images of a class that have one."""
    made = groups.copy()
    for label in np.unique(labels):
        rows = np.flatnonzero((labels == label) & (groups >= 0))
        made[rows] = groups[rng.permutation(rows)]
    return made


def _likeness(
    sample: Sample, groups: Numbers, rng: np.random.Generator, within: Numbers | None, *, across: bool
) -> NDArray[np.float64]:
    """For both kinds of values, how often two of a group and class are more alike than one of them and another of the
    class; each image is asked once at most."""
    labels = sample.labels
    order = rng.permutation(np.flatnonzero(groups >= 0))
    # Stable: by class and group (or group alone), else as permuted.
    order = order[np.lexsort((groups[order],) if across else (groups[order], labels[order]))]
    one, same = order[:-1], order[1:]
    kept = (groups[one] == groups[same]) & ((labels[one] != labels[same]) == across)
    if within is not None:
        kept &= within[one] != within[same]
    one, same = one[kept], same[kept]
    other = _others(labels, groups, same, rng)
    apart = groups[one] != groups[other]
    one, same, other = one[apart], same[apart], other[apart]
    if len(one) < 10:
        return np.array([0.5, 0.5])
    second = np.repeat([1, 0], len(one))
    found = []
    for rows in sample.values:
        near = np.concatenate([-((rows[one] - rows[partner]) ** 2).sum(axis=1) for partner in (same, other)])
        found.append(auc(second, np.column_stack([near, near]).astype(np.float64)) or 0.5)
    return np.array(found)


def _others(labels: Numbers, groups: Numbers, images: Numbers, rng: np.random.Generator) -> Numbers:
    """For each image another random one of its class that has a group."""
    other = images.copy()
    for label in np.unique(labels[images]):
        rows = np.flatnonzero(labels[images] == label)
        other[rows] = rng.choice(np.flatnonzero((labels == label) & (groups >= 0)), len(rows))
    return other
