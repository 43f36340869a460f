"""What a search has measured of combinations of settings: means over seeds, by the measure that decided its verdict."""

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from core.bisect.arm_values import Judged, Set, TrialValues
from core.bisect.factors import find_factors
from core.bisect.reading import PARTS
from core.bisect.seeds import seeds_of
from core.errors import RunError
from core.stats.paired_seeds import AUC_LEVEL, Estimate, level_after
from core.store.runs import Run

if TYPE_CHECKING:
    from core.store.bisect_record import BisectResult

CURED, PART, NOT_SHOWN, UNMEASURED = "cured", "part", "not-shown", "not-measured"
"""What came of settings that were switched back in the bad run.

`cured`: their mean lies beyond the midpoint between the ends, on the good side; `part`: better than the bad end, but
not so far; `not-shown`: neither; `not-measured`: fewer than two seeds of them. By the one-sided t of differences in a
seed, at the level of the search's last look, as the search itself clears a trial.
"""


class Measured:
    """The trials of a search, with the measure that decided.

    Args:
        result: BisectResult. As result.json has it, seen from either run; empty before there is one.

    Attributes:
        metric: str. `accuracy` or `auc`.
        name: str. The same in words, with the part of the images: `validation AUC`.
    """

    def __init__(self, result: "BisectResult | Mapping[str, object]") -> None:
        found: Mapping[str, object] = result
        self.metric = "auc" if found.get("decided_by") == "auc" else "accuracy"
        part = PARTS.get(str(found.get("part") or "val"), "validation")
        self.name = f"{part} {'AUC' if self.metric == 'auc' else 'accuracy'}"
        self._everything = frozenset(_listed(found.get("candidates")))
        self._good = str(found.get("good") or "")
        self._values = _values(found)
        count = self._estimate({frozenset(): 1.0, self._everything: -1.0}, 0.05).seeds
        self.level = AUC_LEVEL if self.metric == "auc" else level_after(count)

    def ends(self) -> tuple[Estimate, Estimate]:
        """The means of the two runs' settings, that of run A first."""
        return self.mean(frozenset()), self.mean(self._everything)

    def mean(self, trial: Set) -> Estimate:
        """The mean of one combination: the settings that have run B's value."""
        return self._estimate({trial: 1.0}, self.level)

    def trial_of(self, good: Run, repaired: Run) -> Set | None:
        """The combination that a training stands for: run B's values it has, of the settings that the search went over.

        Args:
            good: Run. The better one of the two that were searched between.
            repaired: Run. It has an epoch at least.

        Returns:
            None where it differs from the better one in a setting that the search did not go over.
        """
        try:
            differing = frozenset(find_factors(good, repaired).keys)
        except RunError:
            return None
        if not self._good or not differing <= self._everything:
            return None
        return differing if self._good == "a" else self._everything - differing

    def outcome(self, trial: Set | None) -> str:
        """One of `CURED`, `PART`, `NOT_SHOWN`, `UNMEASURED`."""
        if trial is None or not self._good:
            return UNMEASURED
        beyond = self._beyond_middle(trial)
        if beyond.seeds < 2:
            return UNMEASURED
        if beyond.above <= self.level:
            return CURED
        better = self._estimate(_sum((trial, 1.0), (self._bad_end(), -1.0)), self.level)
        return PART if better.above <= self.level else NOT_SHOWN

    def smallest_cure(self, factors: Collection[str]) -> tuple[str, ...]:
        """The fewest of the settings at fault that were measured to cure the bad end; all where none were."""
        for some in _subsets(tuple(factors)):
            back = frozenset(some)
            trial = self._everything - back if self._good == "a" else back
            if self.outcome(trial) == CURED:
                return some
        return tuple(factors)

    def _good_end(self) -> Set:
        return frozenset() if self._good == "a" else self._everything

    def _bad_end(self) -> Set:
        return self._everything - self._good_end()

    def _beyond_middle(self, trial: Set) -> Estimate:
        weights = _sum((trial, 1.0), (self._good_end(), -0.5), (self._bad_end(), -0.5))
        return self._estimate(weights, self.level)

    def _estimate(self, weights: Mapping[Set, float], level: float) -> Estimate:
        return self._values.contrast(weights, level, self.metric)


def _sum(*parts: tuple[Set, float]) -> dict[Set, float]:
    """Weights by trial, where one trial may stand in several parts."""
    found: dict[Set, float] = {}
    for trial, weight in parts:
        found[trial] = found.get(trial, 0.0) + weight
    return found


_MOST_SUBSETS = 200


def _subsets(factors: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """All parts of the settings, the smallest first; no more than `_MOST_SUBSETS`."""
    every = (some for size in range(1, len(factors) + 1) for some in combinations(factors, size))
    return (some for _, some in zip(range(_MOST_SUBSETS), every, strict=False))


def _values(found: Mapping[str, object]) -> TrialValues:
    """The trials by seed; the two runs themselves are none, as nothing is inferred from them."""
    rows = found.get("arms")
    values = TrialValues(seeds_of(-1, -1), _count(found), lambda trial, seed: None, lambda trials: None)
    for row in rows if isinstance(rows, list) else []:
        if row.get("status") == "finished" and not row.get("own") and row.get("value") is not None:
            known = values.found.setdefault(frozenset(row["from_b"]), {})
            known[int(row["seed"])] = Judged(row["value"], row.get("auc"))
    values.seeds = sorted({seed for known in values.found.values() for seed in known})
    return values


def _count(found: Mapping[str, object]) -> int:
    images = found.get("images")
    return images if isinstance(images, int) else 0


def _listed(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
