"""Whether two groups of rows can be distinguished by their values: a cross-validated classifier against permutations.

The classifier two-sample test (Lopez-Paz and Oquab, ICLR 2017) with ridge regression on ranks and their squares, whose
statistic is the area under the ROC curve of the rows that were left out. Where rows belong together (images of a
patient), they are left out and permuted together, so that what they share is no difference between the groups.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
FOLDS = 5


def permuted(second: Bools, units: Ints, strata: Ints, count: int, seed: int = 0) -> Bools:
    """Which rows are of the second group, and the same `count` times at random.

    Args:
        second: bool `(n,)`.
        units: int `(n,)`. Rows with one number belong together; they stay on one side where they all are on one side.
        strata: int `(n,)`. Rows are exchanged within these.
        count: int. How many times.
        seed: int. Defaults to 0.

    Returns:
        bool `(n, 1 + count)`; the first column is `second`.
    """
    rng = np.random.default_rng(seed)
    made = np.repeat(second[:, None], 1 + count, axis=1)
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        unit = _whole(units[rows], second[rows])
        sides = np.zeros(unit.max() + 1, bool)
        sides[unit] = second[rows]
        for k in range(1, 1 + count):
            made[rows, k] = sides[rng.permutation(len(sides))][unit]
    return made


def _whole(units: Ints, second: Bools) -> Ints:
    """Numbers of the units that lie on one side; rows of others count each by itself."""
    _, unit = np.unique(units, return_inverse=True)
    on_second = np.bincount(unit, second, unit.max() + 1)
    divided = (on_second > 0) & (on_second < np.bincount(unit))
    alone = divided[unit]
    unit = unit.copy()
    unit[alone] = unit.max() + 1 + np.arange(int(alone.sum()))
    return np.asarray(np.unique(unit, return_inverse=True)[1], np.int64)


def held_out_areas(values: NDArray[np.floating], targets: Bools, units: Ints, strata: Ints, seed: int = 0) -> Floats:
    """Areas under the ROC curve (0.5 is chance) of rows that were left out, for each column of targets.

    Args:
        values: float `(n, d)`. They count by their ranks within their stratum.
        targets: bool `(n, m)`.
        units: int `(n,)`. Rows with one number are left out together.
        strata: int `(n,)`.
        seed: int. Of the folds. Defaults to 0.
    """
    return areas(held_out_scores(values, targets, units, strata, seed), targets)


def held_out_scores(values: NDArray[np.floating], targets: Bools, units: Ints, strata: Ints, seed: int = 0) -> Floats:
    """Scores of rows that were left out, `(n, m)`; see `held_out_areas`."""
    inputs = within(values, strata)
    inputs = np.column_stack([inputs, inputs**2 - 1])
    scores = np.full(targets.shape, 0.5)
    for out in _left_out(units, seed):
        wanted = targets[~out] - targets[~out].mean(axis=0)
        held = inputs[~out].T @ inputs[~out] + max(2.0, 0.05 * int((~out).sum())) * np.eye(inputs.shape[1])
        scores[out] = inputs[out] @ np.linalg.solve(held, inputs[~out].T @ wanted)
    return scores


def wide_areas(rows: NDArray[np.floating], targets: Bools, units: Ints, strata: Ints, seed: int = 0) -> Floats:
    """As `held_out_areas`, of rows with more columns than there are rows, such as features of a network."""
    return areas(wide_scores(rows, targets, units, strata, seed), targets)


def wide_scores(rows: NDArray[np.floating], targets: Bools, units: Ints, strata: Ints, seed: int = 0) -> Floats:
    """As `held_out_scores`, by ridge regression in its dual form on columns that are centred within their stratum."""
    centred = rows.astype(np.float64)
    for stratum in np.unique(strata):
        centred[strata == stratum] -= centred[strata == stratum].mean(axis=0)
    centred /= centred.std(axis=0) + 1e-6
    alike = centred @ centred.T / max(1, centred.shape[1])
    scores = np.full(targets.shape, 0.5)
    for out in _left_out(units, seed):
        wanted = targets[~out] - targets[~out].mean(axis=0)
        held = alike[np.ix_(~out, ~out)] + np.eye(int((~out).sum()))
        scores[out] = alike[np.ix_(out, ~out)] @ np.linalg.solve(held, wanted)
    return scores


def _left_out(units: Ints, seed: int) -> Iterator[Bools]:
    """The rows of each fold; those of one unit are left out together."""
    _, unit = np.unique(units, return_inverse=True)
    fold = (np.random.default_rng(seed).permutation(unit.max() + 1) % FOLDS)[unit]
    for number in range(FOLDS):
        out = fold == number
        if out.any() and not out.all():
            yield out


def within(values: NDArray[np.floating], strata: Ints) -> Floats:
    """Each column by its ranks within its stratum, ties alike, from -1.7 to 1.7: no value, however far out, decides."""
    made = np.zeros(values.shape)
    for stratum in np.unique(strata):
        rows = strata == stratum
        made[rows] = _ranks(values[rows]) * np.sqrt(12)
    return made


def _ranks(values: NDArray[np.floating]) -> Floats:
    """Ranks of each column from -0.5 to 0.5; values that are equal, or none, share one."""
    order = np.argsort(values, axis=0, kind="stable")
    ordered = np.take_along_axis(values, order, axis=0)
    place = np.arange(len(values))[:, None]
    starts = np.ones(values.shape, bool)  # none comes last, and is equal to none
    starts[1:] = (ordered[1:] != ordered[:-1]) & (ordered[:-1] == ordered[:-1])
    ends = np.ones(values.shape, bool)
    ends[:-1] = starts[1:]
    first = np.maximum.accumulate(np.where(starts, place, 0), axis=0)
    last = np.minimum.accumulate(np.where(ends, place, len(values))[::-1], axis=0)[::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2, axis=0)
    return (ranks - (len(values) - 1) / 2) / max(len(values), 1)


def area(scores: NDArray[np.floating], second: Bools) -> float:
    """Area under the ROC curve; 0.5 where one group is empty."""
    return float(areas(scores[:, None], second[:, None])[0])


def areas(scores: NDArray[np.floating], second: Bools) -> Floats:
    """Areas under the ROC curves of columns, each with a second group of its own; see `area`."""
    ranks, few, many = _ranks(scores), second.sum(axis=0), (~second).sum(axis=0)
    apart = (ranks * second).sum(axis=0) / np.maximum(few, 1) - (ranks * ~second).sum(axis=0) / np.maximum(many, 1)
    return np.asarray(np.where((few > 0) & (many > 0), 0.5 + apart, 0.5))


def balanced_right(scores: NDArray[np.floating], second: Bools) -> float:
    """Mean share of both groups that are on the right side of the best threshold, 0.5 to 1."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(second[order]) / max(1, int(second.sum()))
    false = np.cumsum(~second[order]) / max(1, int((~second).sum()))
    return float(max(0.5, ((hits - false).max() + 1) / 2))
