"""Bisect search: noise floor, single factors, then delta debugging (ddmin) for what makes two runs differ.

A trial is a set of factors at the bad run's value, all others at the good one's: the empty set is the good run, the
full set the bad one. So "the good run with f switched" is `{f}` and "the bad run with f switched back" is everything
but `f`; where two questions are the same set, one training answers both.

The sets are searched by delta debugging (Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input,
IEEE TSE 2002): `ddmin` finds a set of which no part does the same alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.bisect import verdict
from core.bisect.verdict import BAD, BETWEEN, GOOD, UNCLEAR, Conclusion, Interval, Noise

Set = frozenset[str]

Measure = Callable[[Set, int], float | None]
"""Trains the trial with these factors at run B's value and this training seed; None when that failed."""

REPEATS = 3
"""Trainings of one trial at most; each end has as many."""


class Unclear(Exception):
    """A trial is on neither side after all repeats, or failed, and the verdict depends on it."""


@dataclass
class Search:
    """One search between two runs.

    Args:
        factors: tuple of str. Keys, the likeliest culprits first.
        seeds: pair of sequences. Training seeds of the repeats of run A and of run B, at least three each.
        images: int. Validation images.
        measure: callable. See `Measure`.
        planned: callable. Is told trials that are known to follow. Defaults to none.
        skipped: sequence of str. Keys that differ and change nothing, for the sentence.

    Attributes:
        good: str. `a` or `b`: the run with the higher mean; empty before that is known.
        values: dict. Trial (as factors at run B's value) to the values of its repeats.
        gap: Interval or None. Good minus bad.
        tests: list of dict. What each single factor did: factor, direction (sufficient: switched in the good run;
            necessary: switched back in the bad one), base, value, interval, side.
    """

    factors: tuple[str, ...]
    seeds: tuple[Sequence[int], Sequence[int]]
    images: int
    measure: Measure
    planned: Callable[[list[tuple[Set, int]]], object] = lambda trials: None
    skipped: Sequence[str] = ()
    good: str = ""
    values: dict[Set, list[float]] = field(default_factory=dict)
    gap: Interval | None = None
    tests: list[dict[str, Any]] = field(default_factory=list)
    noise: Noise = field(default_factory=lambda: Noise(0.0, 0, 1))
    repeats: tuple[list[float], list[float]] = ([], [])
    _failed: set[Set] = field(default_factory=set)

    def run(self) -> Conclusion:
        """Searches to the end; an exception of `measure` (a stop, a spent budget) passes through."""
        try:
            found = self._noise_floor() or self._single_factors() or self._sets()
        except Unclear as why:
            return verdict.inconclusive(str(why), self.tests)
        return found

    def _noise_floor(self) -> Conclusion | None:
        """Repeats both ends; a verdict when chance explains the gap."""
        everything = frozenset(self.factors)
        nothing: Set = frozenset()
        ends = ((nothing, self.seeds[0]), (everything, self.seeds[1]))
        self.planned([(trial, seeds[repeat]) for repeat in range(REPEATS) for trial, seeds in ends])
        self.repeats = ([], [])
        for repeat in range(REPEATS):  # in turn, so that a search that is broken off knows about both
            for values, (trial, seeds) in zip(self.repeats, ends, strict=True):
                value = self.measure(trial, seeds[repeat])
                values.extend([] if value is None else [value])
        a, b = self.repeats
        if not a or not b:
            raise Unclear("Every repeat of one of the two ends failed.")
        self.noise = verdict.pool([a, b], self.images)
        self.values = {everything: b, nothing: a}
        self.good = "a" if sum(a) / len(a) >= sum(b) / len(b) else "b"
        (good, bad) = (a, b) if self.good == "a" else (b, a)
        self.gap = verdict.difference(verdict.estimate(good, self.noise), verdict.estimate(bad, self.noise))
        if not self.factors or self.gap.low <= 0:
            return verdict.no_difference(self.gap, self.factors, self.skipped)
        return None

    def _single_factors(self) -> Conclusion | None:
        """Switches each factor alone in both directions; a verdict as soon as one explains all.

        A factor that both spoils the good run and cures the bad one ends the search: the second says that all other
        differences together do no harm without it.
        """
        if len(self.factors) == 1:
            return verdict.single(self.factors[0], None, None, self.ends())
        alone = [(frozenset({key}), self._all() - {key}) for key in self.factors]
        trials = [trial for pair in alone for trial in pair]
        self.planned([(self._by_b(trial), self._seed(trial, 0)) for trial in trials])
        for key, (there, back) in zip(self.factors, alone, strict=True):
            sides = self._test(key, "sufficient", there), self._test(key, "necessary", back)
            if sides == (BAD, GOOD):
                return verdict.single(key, self._interval(there), self._interval(back), self.ends())
        return None

    def _test(self, key: str, direction: str, trial: Set) -> str:
        side = self._side(trial)
        values = self.values.get(self._by_b(trial))
        interval = verdict.estimate(values, self.noise) if values else None
        other = "b" if self.good == "a" else "a"
        self.tests.append(
            {
                "factor": key,
                "direction": direction,
                "base": self.good if direction == "sufficient" else other,
                "value": interval.value if interval else None,
                "interval": interval.to_list() if interval else None,
                "side": side,
            }
        )
        return side

    def _sets(self) -> Conclusion:
        """Delta debugging, once for the smallest set that spoils the good run, once for the one that cures the bad."""
        everything = self._all()
        worse = self._alone("sufficient", BAD) or ddmin(self.factors, lambda trial: self._decided(trial, BAD))
        cure = self._alone("necessary", GOOD) or ddmin(
            self.factors, lambda trial: self._decided(everything - trial, GOOD)
        )
        return verdict.sets(worse, cure, self.factors)

    def _alone(self, direction: str, side: str) -> Set:
        """The first factor that was seen to do it alone; the empty set when none was."""
        keys = [test["factor"] for test in self.tests if (test["direction"], test["side"]) == (direction, side)]
        return frozenset(keys[:1])

    def _decided(self, trial: Set, wanted: str) -> bool:
        side = self._side(trial)
        if side == UNCLEAR:
            what = ", ".join(key for key in self.factors if key in trial) or "nothing"
            raise Unclear(f"The good run with {what} switched is on neither side after {REPEATS} repeats.")
        return side == wanted

    def _side(self, trial: Set) -> str:
        """Repeats a trial, with one more seed each time, until its interval clears."""
        key = self._by_b(trial)
        while True:
            values = self.values.get(key, [])
            side = self._judge(values)
            if side != UNCLEAR or len(values) >= REPEATS or key in self._failed:
                return side
            value = self.measure(key, self._seed(trial, len(values)))
            if value is None:
                self._failed.add(key)
            else:
                self.values[key] = [*values, value]

    def _judge(self, values: list[float]) -> str:
        if not values:
            return UNCLEAR
        good, bad = self.ends()
        side = verdict.side(verdict.estimate(values, self.noise), good.value, bad.value)
        # One repeat cannot tell a part of the effect from a run of bad luck.
        return UNCLEAR if side == BETWEEN and len(values) < REPEATS else side

    def ends(self) -> tuple[Interval, Interval]:
        """Means of the good and the bad run, with intervals."""
        good, bad = self.values[self._by_b(frozenset())], self.values[self._by_b(self._all())]
        return verdict.estimate(good, self.noise), verdict.estimate(bad, self.noise)

    def _interval(self, trial: Set) -> Interval:
        return verdict.estimate(self.values[self._by_b(trial)], self.noise)

    def _all(self) -> Set:
        return frozenset(self.factors)

    def _by_b(self, trial: Set) -> Set:
        """The trial as the factors that have run B's value."""
        return trial if self.good == "a" else self._all() - trial

    def _seed(self, trial: Set, repeat: int) -> int:
        return self.seeds[0 if self.good == "a" else 1][repeat]


def ddmin(keys: Sequence[str], fails: Callable[[Set], bool]) -> Set:
    """A smallest set that still fails: none of its members can be left out (Zeller and Hildebrandt 2002, figure 1).

    Args:
        keys: sequence of str. All of them together fail.
        fails: callable. Whether a set of keys fails; not asked about the full or the empty set.
    """
    current, parts = list(keys), 2
    while len(current) >= 2:
        size = -(-len(current) // parts)
        chunks = [current[start : start + size] for start in range(0, len(current), size)]
        smaller = next((chunk for chunk in chunks if fails(frozenset(chunk))), None)
        if smaller is not None:
            current, parts = smaller, 2
            continue
        rests = [[key for key in current if key not in chunk] for chunk in chunks]
        rest = next((rest for rest in rests if parts > 2 and fails(frozenset(rest))), None)
        if rest is not None:
            current, parts = rest, max(parts - 1, 2)
        elif len(chunks) == len(current):
            break
        else:
            parts = min(len(current), 2 * parts)
    return frozenset(current)


def seeds_of(a: int, b: int, *, same: bool) -> tuple[list[int], list[int]]:
    """Training seeds of the repeats of both ends: the run's own first.

    Args:
        a: int. Run A's.
        b: int. Run B's.
        same: bool. Whether seeds are all that the two differ in: then each end must have seeds of its own, or both
            would be the same trainings.
    """
    spare = [seed for seed in range(1, 2 * REPEATS + 3) if seed not in (a, b)]
    if same:
        b = b if b != a else spare.pop()
        return [a, *spare[: REPEATS - 1]], [b, *spare[REPEATS - 1 : 2 * REPEATS - 2]]
    return _own_first(a, [b, *spare]), _own_first(b, [a, *spare])


def _own_first(own: int, others: list[int]) -> list[int]:
    return [own, *(seed for seed in others if seed != own)][:REPEATS]
