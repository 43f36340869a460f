"""The search for the setting that makes two runs differ: the gap, single factors, then delta debugging.

A trial is a set of factors at the bad run's value, all others at the good one's: the empty set is the good run, the
full set the bad one. So "the good run with f switched" is `{f}` and "the bad run with f switched back" is everything
but `f`; where two questions are the same set, one training answers both.

Every trial is trained with the same list of seeds, and all tests are on differences within a seed
(core/stats/paired_seeds.py): the images stay as they are. After 3 seeds there is a first look, after 6 a second, after
12 the last. First the gap itself: without one that excludes 0 no factor is ever blamed. Then each factor, switched in
both directions: it is the one when both trials clear the midpoint between the ends, each to its side, by Holm over all
factors. Else sets are searched by delta debugging (Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing
Input, IEEE TSE 2002): `ddmin` finds a set of which no part does the same alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.bisect import verdict
from core.bisect.arm_values import Set, TrialValues
from core.bisect.ddmin import ddmin
from core.bisect.verdict import BAD, BETWEEN, GOOD, UNCLEAR, Conclusion, Words
from core.stats.paired_seeds import AUC_LEVEL, LEVELS, LOOKS, Estimate, holm, level_after

if TYPE_CHECKING:
    from core.store.bisect_record import BisectTest
    from core.store.job_records import Side


SEEDS = LOOKS[-1]
"""Trainings of one trial at most."""

_GIVEN_UP = 1.886
"""A factor is given up when a trial of it is beyond the midpoint on the wrong side by so many standard errors."""

_NEAR_MIDDLE = 0.25
"""A trial that is clearly apart from both ends and so near to the midpoint, as a share of the gap, is on neither side.

A setting that does 55 % of the effect is not the one. Two equal halves lie on the midpoint itself, where each trial
would be called a side by chance in 5 % of cases.
"""

_OTHER: "dict[str, Side]" = {"a": "b", "b": "a"}

_WANTED = {"sufficient": BAD, "necessary": GOOD}


class Unclear(Exception):
    """A trial is on neither side after all seeds, or failed, and the verdict depends on it."""


@dataclass
class Search:
    """One search between two runs.

    Args:
        factors: tuple of str. Keys, the likeliest culprits first.
        trials: ArmValues. With `SEEDS` seeds.
        margin: float. Gaps up to it do not matter. Defaults to a hundredth.
        words: Words. How the sentences name things.

    Attributes:
        good: str. `a` or `b`: the run with the higher mean; empty before that is known.
        gap: Estimate or None. Accuracy, good minus bad.
        auc_gap: Estimate or None. The same of the AUC.
        metric: str. `accuracy`, or `auc` where accuracy does not tell the ends apart and the AUC does.
        level: float. What the intervals of the gaps may miss.
    """

    factors: tuple[str, ...]
    trials: TrialValues
    margin: float = 0.01
    words: Words = field(default_factory=Words)
    good: str = ""
    gap: Estimate | None = None
    auc_gap: Estimate | None = None
    metric: str = "accuracy"
    level: float = LEVELS[0]
    _tests: "dict[tuple[str, str], BisectTest]" = field(default_factory=dict)

    @property
    def tests(self) -> "list[BisectTest]":
        """What each single factor did.

        A list of dict with factor, direction (sufficient: switched in the good run; necessary: switched back in the
        bad one), base, value and interval (mean of the trial), effect and effect_interval (what the switch did, towards
        the other end), side, p_value (one-sided, of not clearing the midpoint), seeds.
        """
        return list(self._tests.values())

    def run(self) -> Conclusion:
        """Searches to the end; an exception of `measure` (a stop, a spent budget) passes through."""
        try:
            if early := self._ends():
                return early
            found = self._single_factors() or self._sets()
        except Unclear as why:
            return verdict.unclear(str(why), self.tests, self.words)
        self._look_at_gap()
        gap = self._deciding_gap()
        return found if gap.excludes_zero() else verdict.inconclusive(gap, self.margin, self.level, self.words)

    def _ends(self) -> Conclusion | None:
        """Trains both ends; a verdict when they are the same, or not distinguished."""
        if not self.factors:
            return self._same()
        for look in range(len(LOOKS)):
            self.trials.fill([frozenset(), self._all()], look)
            both = self._contrast({frozenset(): 1, self._all(): -1}, LEVELS[look])
            if both.seeds < 2:
                raise Unclear("Too few training runs of one of the two ends succeeded.")
            self._call_good("a" if both.value >= 0 else "b")
            gap = self._deciding_gap()
            if gap.inside(self.margin) and (self.auc_gap is None or self.auc_gap.inside(self.margin)):
                return verdict.no_difference(gap, self.margin, self.words)
            if gap.excludes_zero() and not gap.inside(self.margin):
                return None
        return self._by_auc()

    def _same(self) -> Conclusion:
        """Nothing is left to differ: with one seed both ends are one training, so the first look is for the noise."""
        self.trials.fill([frozenset()], 0)
        values = list(self.trials.known(frozenset(), self.metric).values())
        if not values:
            raise Unclear("No training run with the settings of the two runs succeeded.")
        self.good, self.gap = "a", Estimate(0.0, 0.0, 0.0, 0.0, len(values), 1.0, 0.5)
        return verdict.by_construction(values, self.words)

    def _by_auc(self) -> Conclusion | None:
        """After the last look: the AUC may tell what the accuracy does not."""
        auc = self._contrast({self._good(): 1, self._bad(): -1}, AUC_LEVEL, "auc")
        if auc.seeds < 2 or not auc.excludes_zero():
            return verdict.inconclusive(self._deciding_gap(), self.margin, self.level, self.words)
        self.metric = "auc"
        good = self.good if auc.value > 0 else _OTHER[self.good]
        self.words = self.words.of_auc()
        self._call_good(good)
        return None

    def _call_good(self, good: str) -> None:
        self.good = good
        self.words = self.words.seen_from(good)
        self._look_at_gap()

    def _look_at_gap(self) -> None:
        """Both gaps as they are now, good minus bad."""
        ends = {self._good(): 1.0, self._bad(): -1.0}
        count = self._contrast(ends, 0.05).seeds
        self.level = AUC_LEVEL if self.metric == "auc" else level_after(count)
        self.gap, auc = self._contrast(ends, self.level, "accuracy"), self._contrast(ends, self.level, "auc")
        self.auc_gap = auc if auc.seeds > 1 else None

    def _deciding_gap(self) -> Estimate:
        found = self.gap if self.metric == "accuracy" else self.auc_gap
        if found is None:
            raise Unclear("The two ends have no finished training runs with a common seed.")
        return found

    def _single_factors(self) -> Conclusion | None:
        """Switches each factor alone in both directions; a verdict as soon as one explains all.

        A factor that both spoils the good run and cures the bad one ends the search: the second says that all other
        differences together do no harm without it.
        """
        if len(self.factors) == 1:
            return verdict.only(self.factors[0], self._means_of_ends(), self.words)
        possible = list(self.factors)
        for look in range(len(LOOKS)):
            p_values = dict.fromkeys(self.factors, 1.0)
            trials = [self._by_b(trial) for key in possible for trial in self._switches(key).values()]
            self.trials.planned(self.trials.missing(trials, look))
            for key in possible:
                p_values[key] = self._tried(key, look)
                cleared = holm(list(p_values.values()), LEVELS[look])[self.factors.index(key)]
                if cleared and self._may_be_single(key, LEVELS[look]):
                    there, back = (self._mean(trial) for trial in self._switches(key).values())
                    return verdict.single(key, (there, back), self._means_of_ends(), self.words)
            possible = [key for key in possible if self._may_be_single(key, LEVELS[look])]
        return None

    def _switches(self, key: str) -> dict[str, Set]:
        return {"sufficient": frozenset({key}), "necessary": self._all() - {key}}

    def _tried(self, key: str, look: int) -> float:
        """Trains both trials of a factor up to a look; the larger of their p-values, as both have to clear."""
        switches = self._switches(key)
        self.trials.fill([self._by_b(trial) for trial in switches.values()] + [frozenset(), self._all()], look)
        found = [self._test(key, direction, trial, LEVELS[look]) for direction, trial in switches.items()]
        return max(found)

    def _test(self, key: str, direction: str, trial: Set, level: float) -> float:
        """Notes what a switch did; gives the p-value of its not clearing the midpoint."""
        spoils = direction == "sufficient"
        clears = self._beyond_middle(trial, level, BAD if spoils else GOOD)
        start, sign = (self._good(), 1.0) if spoils else (self._bad(), -1.0)
        effect, mean = self._contrast({start: sign, self._by_b(trial): -sign}, level), self._mean(trial)
        self._tests[(key, direction)] = {
            "factor": key,
            "direction": direction,
            "base": _OTHER[_OTHER[self.good]] if spoils else _OTHER[self.good],
            "value": mean.value if mean.seeds else None,
            "interval": mean.to_list() if mean.seeds else None,
            "side": self._judge(trial, level),
            "effect": effect.value if effect.seeds else None,
            "effect_interval": effect.to_list() if effect.seeds else None,
            "p_value": clears.above,
            "seeds": mean.seeds,
        }
        return clears.above if clears.seeds > 1 else 1.0

    def _may_be_single(self, key: str, level: float) -> bool:
        """Whether no trial of a factor is clearly on the wrong side, or a part of the effect near the midpoint."""
        for direction, trial in self._switches(key).items():
            if self._is_near_middle(trial, level):
                return False
            clears = self._beyond_middle(trial, level, _WANTED[direction])
            error = clears.spread / max(1, clears.seeds) ** 0.5
            if clears.value < -_GIVEN_UP * error:
                return False
        return True

    def _sets(self) -> Conclusion:
        """Delta debugging, once for the smallest set that spoils the good run, once for the one that cures the bad."""
        everything = self._all()
        worse = self._alone("sufficient") or ddmin(self.factors, lambda trial: self._decided(trial, BAD))
        cure = self._alone("necessary") or ddmin(self.factors, lambda trial: self._decided(everything - trial, GOOD))
        if worse == cure and len(worse) == 1:
            what = self.words.listed(sorted(worse))
            raise Unclear(f"{what} is beyond the midpoint, but not far enough to exclude chance after trying "
                          f"{len(self.factors)} settings.")  # fmt: skip
        return verdict.sets(worse, cure, self.factors, self._mean, self.words)

    def _alone(self, direction: str) -> Set:
        """The first factor that was seen to do it alone; the empty set when none was."""
        wanted = (direction, _WANTED[direction])
        return frozenset([test["factor"] for test in self.tests if (test["direction"], test["side"]) == wanted][:1])

    def _decided(self, trial: Set, wanted: str) -> bool:
        side = self._side(trial)
        if side == UNCLEAR:
            what = self.words.listed([key for key in self.factors if key in trial]) or "nothing"
            raise Unclear(f"The good run with {what} switched is on neither side of the midpoint after {SEEDS} seeds.")
        return side == wanted

    def _side(self, trial: Set) -> str:
        """Trains a trial, look after look, until it clears the midpoint."""
        side = UNCLEAR
        for look in range(len(LOOKS)):
            self.trials.fill([self._by_b(trial), frozenset(), self._all()], look)
            side = self._judge(trial, LEVELS[look])
            if side in (GOOD, BAD):
                return side
        return side

    def _judge(self, trial: Set, level: float) -> str:
        middle = self._beyond_middle(trial, level, GOOD)
        if middle.seeds < 2:
            return UNCLEAR
        if self._is_near_middle(trial, level):
            return BETWEEN
        if middle.excludes_zero():
            return GOOD if middle.low > 0 else BAD
        return BETWEEN if self._is_part(trial, level) and middle.seeds > LOOKS[0] else UNCLEAR

    def _is_part(self, trial: Set, level: float) -> bool:
        """Part of the effect, and clearly neither all nor nothing of it: more seeds would not make a side of it."""
        ends = (self._good(), self._bad())
        return all(self._contrast({self._by_b(trial): 1, end: -1}, level).excludes_zero() for end in ends)

    def _is_near_middle(self, trial: Set, level: float) -> bool:
        """Whether a trial is clearly a part of the effect, and not much more or less than half of it."""
        gap = self._contrast({self._good(): 1, self._bad(): -1}, level).value
        return self._is_part(trial, level) and abs(self._beyond_middle(trial, level, GOOD).value) < _NEAR_MIDDLE * gap

    def _beyond_middle(self, trial: Set, level: float, side: str) -> Estimate:
        """By how much a trial lies beyond the midpoint between the ends, towards a side."""
        sign = 1 if side == GOOD else -1
        return self._contrast({self._by_b(trial): sign, self._good(): -sign / 2, self._bad(): -sign / 2}, level)

    def _contrast(self, weights: Mapping[Set, float], level: float, metric: str = "") -> Estimate:
        """A weighted sum of trials (as factors at run B's value), seed by seed."""
        return self.trials.contrast(weights, level, metric or self.metric)

    def _mean(self, trial: Set) -> Estimate:
        """Mean of a trial over its seeds."""
        return self._contrast({self._by_b(trial): 1}, self.level)

    def _means_of_ends(self) -> tuple[Estimate, Estimate]:
        """The good one's and the bad one's."""
        return self._mean(frozenset()), self._mean(self._all())

    def _all(self) -> Set:
        return frozenset(self.factors)

    def _by_b(self, trial: Set) -> Set:
        """The trial as the factors that have run B's value."""
        return trial if self.good == "a" else self._all() - trial

    def _good(self) -> Set:
        return self._by_b(frozenset())

    def _bad(self) -> Set:
        return self._by_b(self._all())


def seeds_of(a: int, b: int) -> list[int]:
    """Training seeds of every trial: fresh ones.

    The two runs themselves are shown and nothing is inferred from them, as they were chosen because they differ.

    Args:
        a: int. Run A's own.
        b: int. Run B's own.
    """
    return [seed for seed in range(1, SEEDS + 3) if seed not in (a, b)][:SEEDS]
