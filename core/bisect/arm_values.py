"""What came out of every trial with every seed, and sums over trials taken within a seed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.stats.paired_seeds import LOOKS, Estimate, estimate, rounding_of

Set = frozenset[str]
"""A trial, as the factors that have run B's value."""


@dataclass(frozen=True)
class Judged:
    """What came out of one training, on the images that are judged.

    Attributes:
        accuracy: float. Of the saved model.
        auc: float or None. None where there is none.
    """

    accuracy: float
    auc: float | None = None

    def of(self, metric: str) -> float | None:
        """The value of `accuracy` or `auc`."""
        return self.accuracy if metric == "accuracy" else self.auc


Measure = Callable[[Set, int], Judged | None]
"""Trains the trial with these factors at run B's value and this training seed; None when that failed."""

Planned = Callable[[list[tuple[Set, int]]], object]
"""Is told trials that are known to follow."""


@dataclass
class TrialValues:
    """Values by trial and seed, measured as they are asked for.

    Args:
        seeds: sequence of int. Training seeds, the same for every trial.
        images: int. Images that each accuracy is a share of.
        measure: callable. See `Measure`.
        planned: callable. See `Planned`.

    Attributes:
        found: dict. Trial to what came out, by seed; None where it failed.
    """

    seeds: Sequence[int]
    images: int
    measure: Measure
    planned: Planned
    found: dict[Set, dict[int, Judged | None]] = field(default_factory=dict)

    def fill(self, trials: Iterable[Set], look: int) -> None:
        """Trains trials up to a look; one that failed throughout the first, no further."""
        todo = self.missing(trials, look)
        if todo:
            self.planned(todo)
        for trial, seed in todo:  # seed after seed, so that a search that is broken off knows about all trials
            if not self._hopeless(trial):
                self.found.setdefault(trial, {})[seed] = self.measure(trial, seed)

    def missing(self, trials: Iterable[Set], look: int) -> list[tuple[Set, int]]:
        """What trials still lack up to a look."""
        wanted = [(trial, seed) for seed in self.seeds[: LOOKS[look]] for trial in dict.fromkeys(trials)]
        return [
            (trial, seed)
            for trial, seed in wanted
            if seed not in self.found.get(trial, {}) and not self._hopeless(trial)
        ]

    def known(self, trial: Set, metric: str) -> dict[int, float]:
        """The values of a trial by seed."""
        values = {seed: judged.of(metric) for seed, judged in self.found.get(trial, {}).items() if judged}
        return {seed: value for seed, value in values.items() if value is not None}

    def contrast(self, weights: Mapping[Set, float], level: float, metric: str) -> Estimate:
        """A weighted sum of trials, seed by seed, over the seeds that all of them have.

        Args:
            weights: mapping. Trial to what it counts.
            level: float. What the interval may miss.
            metric: str. `accuracy` or `auc`.
        """
        known = [self.known(trial, metric) for trial in weights]
        seeds = [seed for seed in self.seeds if all(seed in values for values in known)]
        sums = [sum(w * values[seed] for w, values in zip(weights.values(), known, strict=True)) for seed in seeds]
        return estimate(sums, level, rounding_of(list(weights.values()), self.images) if metric == "accuracy" else 0.0)

    def _hopeless(self, trial: Set) -> bool:
        found = self.found.get(trial, {})
        return len(found) >= LOOKS[0] and not any(found.values())
