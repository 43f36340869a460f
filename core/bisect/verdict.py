"""Verdict of a bisect: intervals of repeated trainings, and which side (good, bad, between, unclear) a trial is on.

A value is the best epoch's validation accuracy. The last epoch's is noisy on small data sets, and early stopping keeps
the best one anyway. It is uncertain in two ways, which are added in quadrature:

* another training seed gives another value: Student's t, 95 %, over the repeats. The standard deviation is pooled
  over the repeats of the two ends, as most other trials have a single repeat;
* other validation images would give another value: half of Wilson's interval of that share of so many images.

All trials see the same validation images, so the second part is more than a paired test would ask for: the verdict
would rather be `inconclusive` than name a wrong culprit.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.stats.metrics import wilson

GOOD, BAD, BETWEEN, UNCLEAR = "good", "bad", "between", "unclear"
"""Sides. `between`: part of the effect; the interval excludes both ends. `unclear`: more repeats are needed."""

# Two-sided 95 % quantiles of Student's t for 1, 2, ... degrees of freedom.
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
_T_LARGE = 1.96


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval."""

    value: float
    low: float
    high: float

    def to_list(self) -> list[float]:
        """The two ends, for JSON."""
        return [self.low, self.high]

    def excludes(self, value: float) -> bool:
        """Whether a value lies outside."""
        return not self.low <= value <= self.high


@dataclass(frozen=True)
class Noise:
    """What repeats say about chance.

    Attributes:
        spread: float. Standard deviation between training seeds, pooled over groups of repeats.
        freedom: int. Degrees of freedom behind it; 0 where nothing was repeated.
        images: int. Validation images that each value is a share of.
    """

    spread: float
    freedom: int
    images: int


def pool(groups: Sequence[Sequence[float]], images: int) -> Noise:
    """Noise from groups of repeats; the members of a group differ in the training seed alone."""
    squares = sum(sum((value - _mean(group)) ** 2 for value in group) for group in groups if group)
    freedom = sum(max(0, len(group) - 1) for group in groups)
    return Noise(math.sqrt(squares / freedom) if freedom else 0.0, freedom, images)


def estimate(values: Sequence[float], noise: Noise) -> Interval:
    """Mean of repeats with its interval; never of width 0, as the validation images are a sample too."""
    mean = _mean(values)
    by_seed = _quantile(noise.freedom) * noise.spread / math.sqrt(len(values)) if noise.freedom else 0.0
    low, high = wilson(round(mean * noise.images), noise.images)
    half = math.hypot(by_seed, (high - low) / 2)
    return Interval(mean, mean - half, mean + half)


def difference(a: Interval, b: Interval) -> Interval:
    """`a - b` with its interval."""
    half = math.hypot((a.high - a.low) / 2, (b.high - b.low) / 2)
    return Interval(a.value - b.value, a.value - b.value - half, a.value - b.value + half)


def side(trial: Interval, good: float, bad: float) -> str:
    """On which side of the midpoint between the two ends' means a trial lies, where its interval leaves no doubt."""
    middle = (good + bad) / 2
    if trial.low > middle:
        return GOOD
    if trial.high < middle:
        return BAD
    return BETWEEN if trial.excludes(good) and trial.excludes(bad) else UNCLEAR


@dataclass(frozen=True)
class Conclusion:
    """What a bisect has found.

    Attributes:
        verdict: str. single, joint, interaction, no-difference or inconclusive.
        factors: tuple of str. Keys of the culprits; empty for the last two.
        sentence: str. The evidence.
    """

    verdict: str
    factors: tuple[str, ...]
    sentence: str


def number(value: float) -> str:
    """A share as the sentences show it."""
    return f"{value:.3f}"


def shown(interval: Interval) -> str:
    """A mean with its interval as the sentences show it."""
    return f"{number(interval.value)} [{number(interval.low)}, {number(interval.high)}]"


def no_difference(gap: Interval, factors: Sequence[str], skipped: Sequence[str]) -> Conclusion:
    """The verdict when chance explains the gap, or when nothing that matters differs."""
    if factors:
        sentence = (
            f"Repeated with other training seeds, the two ends differ by {shown(gap)} in validation accuracy: "
            "the interval holds 0, so chance explains it."
        )
    else:
        differs = f" but {_listed(skipped)}" if skipped else ""
        sentence = (
            f"Nothing that can change the result differs{differs}. Repeated with other training seeds, the two ends "
            f"differ by {shown(gap)} in validation accuracy."
        )
    return Conclusion("no-difference", (), sentence)


def single(key: str, there: Interval | None, back: Interval | None, ends: tuple[Interval, Interval]) -> Conclusion:
    """One factor turns good into bad and bad into good; without the two intervals it is the only one there is."""
    good, bad = ends
    if there is None or back is None:
        sentence = (
            f"{key} is the only difference that can matter, and the ends are apart: {shown(good)} and {shown(bad)}."
        )
    else:
        sentence = (
            f"{key} alone, switched in the good run, takes validation accuracy from {shown(good)} to {shown(there)}; "
            f"switched back in the bad run, it takes it from {shown(bad)} to {shown(back)}."
        )
    return Conclusion("single", (key,), sentence)


def sets(worse: frozenset[str], cure: frozenset[str], order: Sequence[str]) -> Conclusion:
    """The verdict from the smallest set that spoils the good run and the smallest that cures the bad one."""
    keys = tuple(key for key in order if key in worse | cure)
    spoil, heal = _listed([k for k in order if k in worse]), _listed([k for k in order if k in cure])
    if len(worse) > 1 and cure <= worse:
        sentence = f"{spoil} spoil the good run only together; switching {heal} back cures the bad one."
        return Conclusion("joint", keys, sentence)
    if len(worse) == 1 and worse < cure:
        sentence = (
            f"{spoil} alone spoils the good run, but the bad run is cured only by switching back {heal} together: "
            "each hides what the other does."
        )
    else:
        sentence = (
            f"The good run is spoilt by {spoil}, the bad one is cured by switching back {heal}: what one setting does "
            "depends on the others."
        )
    return Conclusion("interaction", keys, sentence)


def inconclusive(why: str, tests: Sequence[Mapping[str, Any]]) -> Conclusion:
    """No verdict; says what stood in the way and which switches were clear all the same."""
    words = {"sufficient": "in the good run spoils it", "necessary": "back in the bad run cures it"}
    wanted = {"sufficient": BAD, "necessary": GOOD}
    clear = [f"switching {t['factor']} {words[t['direction']]}" for t in tests if t["side"] == wanted[t["direction"]]]
    return Conclusion("inconclusive", (), why + (f" So far: {'; '.join(clear)}." if clear else ""))


def _listed(keys: Sequence[str]) -> str:
    return " and ".join([", ".join(keys[:-1]), keys[-1]] if len(keys) > 1 else keys)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _quantile(freedom: int) -> float:
    return _T[freedom - 1] if freedom <= len(_T) else _T_LARGE + 2.65 / freedom  # within 0.01 from 11 on
