"""What tells training images from held-out ones: every kind of trait, over all classes and in each, against chance."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.checks.sample import Sample, once_a_sample
from core.stats.two_sample import held_out_areas, permuted, wide_areas

FEWEST = 12
"""Images of a split, below which a class is not tested."""

_SHUFFLES = 199
_WORTH, _MUCH, _MUCH_AT_LEAST = 0.75, 0.85, 0.75
_UNITS = 8.0
"""Groups of images (effective number) of a part, below which what they share cannot be told from how they were made."""

FEATURES = "features of the backbone"
"""The kind that is named where no measured one tells the parts apart as surely: it does not say in what they differ."""

Bools = NDArray[np.bool_]


class Told(NamedTuple):
    """By what training and held-out images are distinguished.

    Attributes:
        kind: str. A kind of `TRAITS`.
        label: int or None. The class; None for all, each compared with itself.
        auc: float. Area under the ROC curve of images that were left out.
        least: float. Lower end of its interval (95 %, one-sided).
        chance: float. The same with random splits, at most.
        beyond: bool. Whether that is more than chance gives.
    """

    kind: str
    label: int | None
    auc: float
    least: float
    chance: float
    beyond: bool = True

    @property
    def is_much(self) -> bool:
        """Whether it changes what the figures mean."""
        return self.auc >= _MUCH and self.least >= _MUCH_AT_LEAST


@once_a_sample
def tell(sample: Sample) -> list[Told]:
    """What was asked, over all classes and of each; `beyond` where the splits are distinguished, enough for an info."""
    asked, areas = [], []
    for label in (None, *sorted(set(sample.labels.tolist()))):
        chosen = rows_of(sample, label)
        second, units, labels = sample.held_out[chosen], sample.units[chosen], sample.labels[chosen]
        if min(int(second.sum()), int((~second).sum())) < FEWEST or min(_effective(units, second)) < _UNITS:
            continue
        lots = permuted(second, units, labels, _SHUFFLES)
        for kind, values in sample.traits.items():
            if np.ptp(values[chosen], axis=0).any():
                asked.append((kind, label))
                areas.append(held_out_areas(values[chosen], lots, units, labels))
        if sample.features is not None:
            asked.append((FEATURES, label))
            areas.append(wide_areas(sample.features[chosen], lots, units, labels))
    if not asked:
        return []
    # One question was asked many times: what counts is the largest of all answers by lot.
    table = np.array(areas)
    beyond = (table - table[:, 1:].mean(axis=1, keepdims=True)) / table[:, 1:].std(axis=1, keepdims=True).clip(0.01)
    limit = beyond[:, 1:].max()
    return [
        Told(
            kind, label, float(row[0]), _least(sample, label, float(row[0])), float(row[1:].max()),
            bool(far > limit and row[0] >= _WORTH),
        )
        for (kind, label), row, far in zip(asked, table, beyond[:, 0], strict=True)
    ]  # fmt: skip


def can_ask(sample: Sample) -> bool:
    """Whether there are enough images that do not belong together, of a class or over all."""
    for label in (None, *sorted(set(sample.labels.tolist()))):
        chosen = rows_of(sample, label)
        second, units = sample.held_out[chosen], sample.units[chosen]
        if min(int(second.sum()), int((~second).sum())) >= FEWEST and min(_effective(units, second)) >= _UNITS:
            return True
    return False


def _effective(units: NDArray[np.int64], second: Bools) -> tuple[float, float]:
    """Effective number of units on each side: 1 over the sum of their squared shares."""
    counts = (np.unique(units[second == side], return_counts=True)[1] for side in (False, True))
    first, other = (float(count.sum() ** 2 / (count**2).sum()) for count in counts)
    return first, other


def _least(sample: Sample, label: int | None, auc: float) -> float:
    """Lower end of the interval of an AUC by the standard error of Hanley and McNeil (1982), a unit counted once."""
    chosen = rows_of(sample, label)
    one, other = _effective(sample.units[chosen], sample.held_out[chosen])
    twice, squared = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (one - 1) * (twice - auc**2) + (other - 1) * (squared - auc**2)
    return auc - 1.645 * float(np.sqrt(max(spread, 0.0) / (one * other)))


def rows_of(sample: Sample, label: int | None) -> Bools:
    """Which images are of a class; all for None."""
    return np.ones(len(sample.files), bool) if label is None else sample.labels == label
