"""Where a trial lies between the two ends of a bisect: on the good side of the midpoint, on the bad one, or between."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.bisect.arm_values import Set, TrialValues
from core.bisect.verdict import BAD, BETWEEN, GOOD, UNCLEAR
from core.stats.paired_seeds import LEVELS, LOOKS, Estimate

_NEAR_MIDDLE = 0.25
"""A trial that is clearly apart from both ends and so near to the midpoint, as a share of the gap, is on neither side.

A setting that does 55 % of the effect is not the one. Two equal halves lie on the midpoint itself, where each trial
would be called a side by chance in 5 % of cases.
"""


@dataclass
class Midpoint:
    """The two ends and what lies between them; a trial is a set of factors at the bad run's value.

    Args:
        factors: tuple of str. Keys.
        trials: TrialValues. What came out of the trials so far.

    Attributes:
        good: str. `a` or `b`: the run with the higher mean; empty before that is known.
        metric: str. `accuracy`, or `auc` where accuracy does not tell the ends apart and the AUC does.
        level: float. What the intervals of the gaps may miss.
    """

    factors: tuple[str, ...]
    trials: TrialValues
    good: str = ""
    metric: str = "accuracy"
    level: float = LEVELS[0]

    def side(self, trial: Set, level: float) -> str:
        """`GOOD`, `BAD`, `BETWEEN` (a part of the effect, however many seeds), or `UNCLEAR` as yet."""
        middle = self.beyond(trial, level, GOOD)
        if middle.seeds < 2:
            return UNCLEAR
        if self.is_near(trial, level):
            return BETWEEN
        if middle.excludes_zero():
            return GOOD if middle.low > 0 else BAD
        return BETWEEN if self._is_part(trial, level) and middle.seeds > LOOKS[0] else UNCLEAR

    def is_near(self, trial: Set, level: float) -> bool:
        """Whether a trial is clearly a part of the effect, and not much more or less than half of it."""
        gap = self.gap(level).value
        return self._is_part(trial, level) and abs(self.beyond(trial, level, GOOD).value) < _NEAR_MIDDLE * gap

    def _is_part(self, trial: Set, level: float) -> bool:
        """Part of the effect, and clearly neither all nor nothing of it: more seeds would not make a side of it."""
        ends = (self.good_end, self.bad_end)
        return all(self.contrast({self.by_b(trial): 1, end: -1}, level).excludes_zero() for end in ends)

    def beyond(self, trial: Set, level: float, side: str) -> Estimate:
        """By how much a trial lies beyond the midpoint between the ends, towards a side."""
        sign = 1 if side == GOOD else -1
        return self.contrast({self.by_b(trial): sign, self.good_end: -sign / 2, self.bad_end: -sign / 2}, level)

    def contrast(self, weights: Mapping[Set, float], level: float, metric: str = "") -> Estimate:
        """A weighted sum of trials (as factors at run B's value), seed by seed."""
        return self.trials.contrast(weights, level, metric or self.metric)

    def gap(self, level: float, metric: str = "") -> Estimate:
        """What the two ends differ by, good minus bad."""
        return self.contrast({self.good_end: 1, self.bad_end: -1}, level, metric).difference()

    def mean(self, trial: Set) -> Estimate:
        """Mean of a trial over its seeds."""
        return self.contrast({self.by_b(trial): 1}, self.level)

    def means_of_ends(self) -> tuple[Estimate, Estimate]:
        """The good one's and the bad one's."""
        return self.mean(frozenset()), self.mean(self.everything)

    def both_ends(self) -> tuple[Set, Set]:
        """Run A's and run B's, whichever is the good one."""
        return frozenset(), self.everything

    @property
    def everything(self) -> Set:
        """All factors."""
        return frozenset(self.factors)

    def by_b(self, trial: Set) -> Set:
        """The trial as the factors that have run B's value."""
        return trial if self.good == "a" else self.everything - trial

    @property
    def good_end(self) -> Set:
        """The good run, as the factors that have run B's value."""
        return self.by_b(frozenset())

    @property
    def bad_end(self) -> Set:
        """The bad run, likewise."""
        return self.by_b(self.everything)
