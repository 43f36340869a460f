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

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.bisect import verdict
from core.bisect.alike import reach_unpaired, with_own
from core.bisect.arm_values import Set, TrialValues
from core.bisect.ddmin import ddmin
from core.bisect.midpoint import Midpoint
from core.bisect.seeds import SEEDS
from core.bisect.verdict import BAD, BETWEEN, GOOD, UNCLEAR, Conclusion, Words
from core.stats.paired_seeds import AUC_LEVEL, LEVELS, LOOKS, Estimate, holm, level_after

if TYPE_CHECKING:
    from core.store.bisect_record import BisectTest
    from core.store.job_records import Side

_GIVEN_UP = 1.886
"""A factor is given up when a trial of it is beyond the midpoint on the wrong side by so many standard errors."""

_OTHER: "dict[str, Side]" = {"a": "b", "b": "a"}

_WANTED = {"sufficient": BAD, "necessary": GOOD}


class Unclear(Exception):
    """A trial is on neither side after all seeds, or failed, and the verdict depends on it."""


@dataclass
class Search:
    """One search between two runs.

    Args:
        factors: tuple of str. Keys, the likeliest culprits first.
        trials: TrialValues. With `SEEDS` seeds.
        margin: float. Gaps up to it do not matter. Defaults to a hundredth.
        words: Words. How the sentences name things.
        own: tuple of float. Accuracies of the two runs themselves, run A's first; None where one does not count.

    Attributes:
        midpoint: Midpoint. Which run is the good one, and where trials lie.
        gap: Estimate or None. Accuracy, good minus bad.
        auc_gap: Estimate or None. The same of the AUC.
    """

    factors: tuple[str, ...]
    trials: TrialValues
    margin: float = 0.01
    words: Words = field(default_factory=Words)
    own: tuple[float, float] | None = None
    midpoint: Midpoint = field(init=False)
    gap: Estimate | None = None
    auc_gap: Estimate | None = None
    _tests: "dict[tuple[str, str], BisectTest]" = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.midpoint = Midpoint(self.factors, self.trials)

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
        return found if gap.excludes_zero() else verdict.inconclusive(gap, self.margin, self.midpoint.level, self.words)

    def _ends(self) -> Conclusion | None:
        """Trains both ends; a verdict when they are the same, or not distinguished."""
        if not self.factors:
            return self._same()
        for look in range(len(LOOKS)):
            self.trials.fill(self.midpoint.both_ends(), look)
            both = self.midpoint.contrast({frozenset(): 1, self.midpoint.everything: -1}, LEVELS[look])
            if both.seeds < 2:
                raise Unclear("Too few training runs of one of the two ends succeeded.")
            self._call_good("a" if both.value >= 0 else "b")
            gap = self._deciding_gap()
            if self._no_difference_is_safe(look):
                return verdict.no_difference(gap, self.margin, self.words)
            if gap.excludes_zero() and not gap.inside(self.margin):
                return None
        return self._by_auc()

    def _same(self) -> Conclusion:
        """Nothing is left to differ: with one seed both ends are one training, so the first look is for the noise."""
        self.trials.fill([frozenset()], 0)
        values = list(self.trials.known(frozenset(), self.midpoint.metric).values())
        if not values:
            raise Unclear("No training run with the settings of the two runs succeeded.")
        self.midpoint.good, self.gap = "a", Estimate(0.0, 0.0, 0.0, 0.0, len(values), 1.0, 0.5)
        return verdict.by_construction(values, self.words)

    def _no_difference_is_safe(self, look: int) -> bool:
        """Whether both gaps lie inside the margin, and nothing seen tells of trainings that fail in some seeds only.

        The fewest seeds never suffice. Before the last look the two runs themselves are known, and fit, and both ends
        are steady by themselves.
        """
        gap, (a, b) = self._deciding_gap(), (self.trials.known(t, "accuracy") for t in self.midpoint.both_ends())
        seen = with_own(a, b, self.own, self.trials.images, LEVELS[look])
        if not all(one.inside(self.margin) for one in (gap, self.auc_gap or gap, seen)):
            return False
        steady = self.own is not None and reach_unpaired(a, b, LEVELS[look]) <= self.margin
        return gap.seeds > LOOKS[0] and (steady or look == len(LOOKS) - 1)

    def _by_auc(self) -> Conclusion | None:
        """After the last look: the AUC may tell what the accuracy does not."""
        auc = self.midpoint.gap(AUC_LEVEL, "auc")
        if auc.seeds < 2 or not auc.excludes_zero():
            return self._not_told(auc)
        self.midpoint.metric = "auc"
        good = self.midpoint.good if auc.value > 0 else _OTHER[self.midpoint.good]
        self.words = self.words.of_auc()
        self._call_good(good)
        return None

    def _not_told(self, auc: Estimate) -> Conclusion:
        """Neither a difference nor none: which of the conditions of `no-difference` is not met."""
        gap = self._deciding_gap()
        if not gap.inside(self.margin):
            return verdict.inconclusive(gap, self.margin, self.midpoint.level, self.words)
        if auc.seeds > 1 and not auc.inside(self.margin):
            return verdict.inconclusive_by_auc(gap, auc, self.margin, AUC_LEVEL, self.words)
        if gap.seeds <= LOOKS[0]:
            raise Unclear(f"Only {gap.seeds} seeds have both ends trained: too few to say that there is no difference.")
        return verdict.own_not_seen(gap, self.own or (0.0, 0.0), self.margin, self.words)

    def _call_good(self, good: str) -> None:
        self.midpoint.good = good
        self.words = self.words.seen_from(good)
        self._look_at_gap()

    def _look_at_gap(self) -> None:
        """Both gaps as they are now, good minus bad."""
        middle = self.midpoint
        middle.level = AUC_LEVEL if middle.metric == "auc" else level_after(middle.gap(0.05).seeds)
        self.gap, auc = middle.gap(middle.level, "accuracy"), middle.gap(middle.level, "auc")
        self.auc_gap = auc if auc.seeds > 1 else None

    def _deciding_gap(self) -> Estimate:
        found = self.gap if self.midpoint.metric == "accuracy" else self.auc_gap
        if found is None:
            raise Unclear("The two ends have no finished training runs with a common seed.")
        return found

    def _single_factors(self) -> Conclusion | None:
        """Switches each factor alone in both directions; a verdict as soon as one explains all.

        A factor that both spoils the good run and cures the bad one ends the search: the second says that all other
        differences together do no harm without it.
        """
        if len(self.factors) == 1:
            return verdict.only(self.factors[0], self.midpoint.means_of_ends(), self.words)
        possible = list(self.factors)
        for look in range(len(LOOKS)):
            p_values = dict.fromkeys(self.factors, 1.0)
            trials = [self.midpoint.by_b(trial) for key in possible for trial in self._switches(key).values()]
            self.trials.planned(self.trials.missing(trials, look))
            for key in possible:
                p_values[key] = self._tried(key, look)
                cleared = holm(list(p_values.values()), LEVELS[look])[self.factors.index(key)]
                if cleared and self._may_be_single(key, LEVELS[look]):
                    there, back = (self.midpoint.mean(trial) for trial in self._switches(key).values())
                    return verdict.single(key, (there, back), self.midpoint.means_of_ends(), self.words)
            possible = [key for key in possible if self._may_be_single(key, LEVELS[look])]
        return None

    def _switches(self, key: str) -> dict[str, Set]:
        return {"sufficient": frozenset({key}), "necessary": self.midpoint.everything - {key}}

    def _tried(self, key: str, look: int) -> float:
        """Trains both trials of a factor up to a look; the larger of their p-values, as both have to clear."""
        switches = self._switches(key)
        trials = [self.midpoint.by_b(trial) for trial in switches.values()]
        self.trials.fill([*trials, *self.midpoint.both_ends()], look)
        found = [self._test(key, direction, trial, LEVELS[look]) for direction, trial in switches.items()]
        return max(found)

    def _test(self, key: str, direction: str, trial: Set, level: float) -> float:
        """Notes what a switch did; gives the p-value of its not clearing the midpoint."""
        spoils = direction == "sufficient"
        clears = self.midpoint.beyond(trial, level, BAD if spoils else GOOD)
        start, sign = (self.midpoint.good_end, 1.0) if spoils else (self.midpoint.bad_end, -1.0)
        effect = self.midpoint.contrast({start: sign, self.midpoint.by_b(trial): -sign}, level)
        mean = self.midpoint.mean(trial)
        self._tests[(key, direction)] = {
            "factor": key,
            "direction": direction,
            "base": _OTHER[_OTHER[self.midpoint.good]] if spoils else _OTHER[self.midpoint.good],
            "value": mean.value if mean.seeds else None,
            "interval": mean.share().to_list() if mean.seeds else None,
            "side": self.midpoint.side(trial, level),
            "effect": effect.value if effect.seeds else None,
            "effect_interval": effect.to_list() if effect.seeds else None,
            "p_value": clears.above,
            "seeds": mean.seeds,
        }
        return clears.above if clears.seeds > 1 else 1.0

    def _may_be_single(self, key: str, level: float) -> bool:
        """Whether no trial of a factor is clearly on the wrong side, or a part of the effect near the midpoint."""
        for direction, trial in self._switches(key).items():
            if self.midpoint.is_near(trial, level):
                return False
            clears = self.midpoint.beyond(trial, level, _WANTED[direction])
            error = clears.spread / max(1, clears.seeds) ** 0.5
            if clears.value < -_GIVEN_UP * error:
                return False
        return True

    def _sets(self) -> Conclusion:
        """Delta debugging, once for the smallest set that spoils the good run, once for the one that cures the bad."""
        everything = self.midpoint.everything
        worse = self._alone("sufficient") or ddmin(self.factors, lambda trial: self._decided(trial, BAD))
        cure = self._alone("necessary") or ddmin(self.factors, lambda trial: self._decided(everything - trial, GOOD))
        if worse == cure and len(worse) == 1:
            what = self.words.listed(sorted(worse))
            raise Unclear(f"{what} is beyond the midpoint, but not far enough to exclude chance after trying "
                          f"{len(self.factors)} settings.")  # fmt: skip
        parts = [key for key in self.factors if key in worse | cure and self._does_a_part(key)]
        return verdict.sets(worse, cure, self.factors, self.midpoint.mean, self.words, parts)

    def _does_a_part(self, key: str) -> bool:
        """Whether a factor alone clearly does a part of the effect: then it is no cause "only together" with others."""
        return self.midpoint.side(frozenset({key}), self.midpoint.level) == BETWEEN

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
            self.trials.fill([self.midpoint.by_b(trial), *self.midpoint.both_ends()], look)
            side = self.midpoint.side(trial, LEVELS[look])
            if side in (GOOD, BAD):
                return side
        return side
