"""Ranks the candidates of a search, says which are distinguished from the best, and what to expect of the best.

Two candidates are compared on the same folds, by Nadeau and Bengio's corrected resampled t interval of the differences
of their accuracies (core/stats/fold_interval.py); with one comparison a candidate, p-values are corrected by Holm's
method. The figure of the best is corrected for having been chosen by the bootstrap of Tsamardinos, Greasidou and
Borboudakis (2018) over whole groups of images, among those that were not dropped on the way (their BBCD-CV).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.cross_validation.figures import fold_figures
from core.stats.fold_interval import corrected_t
from core.stats.paired_seeds import holm
from core.stats.winner_bias import Corrected, correct_for_choice

if TYPE_CHECKING:
    from core.store.fold_records import FoldFigures, FoldHead

LEVEL = 0.05


@dataclass(frozen=True)
class Scored:
    """A candidate with the heads that were trained of it.

    Attributes:
        number: int. Which candidate.
        heads: list. One a repeat and fold.
        folds: int. In a repeat.
    """

    number: int
    heads: "Sequence[FoldHead]"
    folds: int

    @property
    def figures(self) -> "FoldFigures":
        """Accuracy, AUC and loss over its heads."""
        return fold_figures(self.heads, self.folds)

    @property
    def mean_loss(self) -> float:
        """Loss over all its images; infinite where it is not a number in any fold."""
        loss = self.figures["loss"]
        return float("inf") if loss is None else loss


@dataclass(frozen=True)
class Pair:
    """The best candidate beside another one, on the folds that both have.

    Attributes:
        number: int. The other candidate.
        difference: float. Accuracy of the best minus that of the other.
        interval: tuple of (low, high). 95 %.
        p_value: float. Not corrected for the number of comparisons.
        apart: bool. Whether they are distinguished, at 5 % for all comparisons together.
    """

    number: int
    difference: float
    interval: tuple[float, float]
    p_value: float
    apart: bool


def ranked(scored: "Sequence[Scored]") -> list[Scored]:
    """The best first: those with the most folds, by accuracy; of equals the one with the lower loss."""

    def place(one: Scored) -> tuple[float, ...]:
        return -len(one.heads), -one.figures["accuracy"], one.mean_loss, one.number

    return sorted((one for one in scored if one.heads), key=place)


def pairs(order: Sequence[Scored]) -> list[Pair]:
    """The first of a ranking beside each of the others.

    Args:
        order: sequence of Scored. From `ranked`.
    """
    found = [_pair(order[0], other) for other in order[1:]]
    apart = holm([pair.p_value for pair in found], LEVEL)
    return [
        Pair(pair.number, pair.difference, pair.interval, pair.p_value, is_apart)
        for pair, is_apart in zip(found, apart, strict=True)
    ]


def expected(right: NDArray[np.float64], losses: NDArray[np.float64], group_of: NDArray[np.int64]) -> Corrected:
    """What the best of these candidates may be expected to do on other images.

    Args:
        right: float array of shape `(candidates, images)`. Share of the repeats in which the answer is right.
        losses: float array of the same shape.
        group_of: integer array of shape `(images,)`. Images of one group are drawn together.
    """
    return correct_for_choice(right, losses, groups=group_of)


def _pair(best: Scored, other: Scored) -> Pair:
    mine = {(head["repeat"], head["fold"]): head for head in best.heads}
    both = [(mine[place], head) for head in other.heads if (place := (head["repeat"], head["fold"])) in mine]
    if len(both) < 2:
        return Pair(other.number, 0.0, (-1.0, 1.0), 1.0, apart=False)
    counts = [head["count"] for _, head in both]
    gaps = [a["accuracy"] - b["accuracy"] for a, b in both]
    images = round(sum(counts) / len(counts) * best.folds)
    gap = abs(sum(gap * count for gap, count in zip(gaps, counts, strict=True)) / sum(counts))
    least = (gap * images + 2) / (images + 4) * best.folds / images  # so many answers differ at least
    found = corrected_t(gaps, 1 / (best.folds - 1), least, counts)
    low, high = max(-1.0, found.low), min(1.0, found.high)
    return Pair(other.number, found.value, (low, high), found.p_value, apart=False)
