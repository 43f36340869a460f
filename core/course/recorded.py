"""Recorded order of a training's batches, from its trace: sorted by class, shuffled, label mix."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import comb, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.store.trace_record import TracedEpoch


@dataclass(frozen=True)
class Order:
    """What the batches of the first recorded epoch held.

    Attributes:
        batches: int. Recorded batches; 0 when none are.
        pure: int. Batches of more than one image that hold a single class.
        expected: float. As many a random order would have.
        changes: int. How often the class changes from one single-class batch to the next.
        classes: int. Number of classes.
    """

    batches: int
    pure: int
    expected: float
    changes: int
    classes: int

    @property
    def is_mixed(self) -> bool:
        """Whether chance explains the single-class batches there are."""
        return self.pure <= self.expected + 4 * sqrt(self.expected) + 1

    @property
    def is_class_ordered(self) -> bool:
        """Whether they came class by class: single classes, and hardly ever another one."""
        return self.batches > 0 and not self.is_mixed and self.changes < self.classes

    def words(self) -> str:
        """The order in words, without a full stop."""
        if not self.batches:
            return "the order of the batches was not recorded"
        count = f"{self.pure} of {self.batches} batches hold a single class"
        if self.is_mixed:
            return f"the classes are mixed ({count}, expected under shuffling: {self.expected:.1f})"
        return f"{count}, expected under shuffling: {self.expected:.1f}"

    def evidence(self) -> dict[str, float]:
        """The figures, for a finding."""
        return {"batches": self.batches, "single_class_batches": self.pure, "expected": round(self.expected, 2)}


def recorded_order(epochs: "Sequence[TracedEpoch]", classes: list[str]) -> Order:
    """What the first epoch with a recorded label mix held.

    Args:
        epochs: sequence of TracedEpoch.
        classes: list of str.
    """
    mix: list[list[int]] = next((epoch.mix for epoch in epochs if epoch.mix), [])
    totals = [sum(column) for column in zip(*mix, strict=True)]
    single = [max(range(len(row)), key=row.__getitem__) for row in mix if sum(row) > 1 and max(row) == sum(row)]
    expected = sum(_chance(totals, sum(row)) for row in mix if sum(row) > 1)
    changes = sum(one != other for one, other in pairwise(single))
    return Order(len(mix), len(single), expected, changes, len(classes))


def _chance(totals: list[int], size: int) -> float:
    """Chance that a batch of that size, drawn at random, holds one class only."""
    return sum(comb(count, size) for count in totals) / comb(sum(totals), size)
