"""The whole procedure of a bisect on made-up worlds: how often each verdict comes, and after how many trainings.

`python -m tests.bench.simulate_bisect [WORLDS] [failing]` prints the tables of docs/bisect.md: that of seeds which are
alike, or with `failing` that of ends which fail in some seeds. 2000 worlds a row take minutes. A training's accuracy is
the trial's true one, plus what its seed does to all trials alike, plus noise of its own; both are normal. With `images`
it is then what so many images would show: these are fixed, so only the rounding is added.
"""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.bisect.arm_values import Judged, Set, TrialValues
from core.bisect.search import Search
from core.bisect.seeds import SEEDS
from core.bisect.verdict import Conclusion

Truth = Callable[[Set], float]
"""Factors at run B's value to the true accuracy on the images."""


@dataclass(frozen=True)
class World:
    """One kind of world.

    Attributes:
        name: str. For the table.
        truth: callable. See `Truth`.
        factors: str. One letter a factor.
        noise: float. Standard deviation between seeds of one trial.
        right: tuple of (verdict, factors as letters). What should come out.
        images: int. Validation images; 0 for accuracies that are not rounded.
        fails: tuple of float. Shares of the trainings that come to nothing: without the first factor, and with it.
        low: float. Accuracy of such a one, before the noise.
        own: str. What the two runs themselves are: `drawn` as any other, or `failed`: the second has failed, and that
            is why they are compared.
    """

    name: str
    truth: Truth
    factors: str
    noise: float
    right: tuple[str, str]
    images: int = 0
    fails: tuple[float, float] = (0.0, 0.0)
    low: float = 0.5
    own: str = "drawn"


def one(world: World, seed: int, margin: float = 0.01) -> tuple[Conclusion, int]:
    """One bisect; what it found, and its trainings."""
    rng, shared = np.random.default_rng(seed), {}
    share = world.noise / 2  # of the variance a quarter is the seed's, alike in all trials

    def measure(trial: Set, training: int) -> Judged:
        if training not in shared:
            shared[training] = rng.normal(0, share)
        own = rng.normal(0, (world.noise**2 - share**2) ** 0.5)
        failed = rng.random() < world.fails[world.factors[0] in trial]
        return Judged(shown(world.low if failed else world.truth(trial) + shared[training] + own))

    def shown(value: float) -> float:
        value = min(1.0, max(0.0, value))
        return round(value * world.images) / world.images if world.images else value

    trials = TrialValues(range(1, SEEDS + 1), world.images, measure, lambda trials: None)
    runs = [measure(trial, -1 - k).accuracy for k, trial in enumerate((frozenset[str](), frozenset(world.factors)))]
    if world.own == "failed":
        runs[1] = shown(world.low)
    found = Search(tuple(world.factors), trials, margin, own=(runs[0], runs[1])).run()
    return found, sum(map(len, trials.found.values()))


def rates(world: World, worlds: int) -> dict[str, float]:
    """Share of each verdict; `right` counts the right one with the right factors, `trainings` is their mean."""
    found = [one(world, seed) for seed in range(worlds)]
    counts = Counter(conclusion.verdict for conclusion, _ in found)
    right = sum((c.verdict, "".join(c.factors)) == world.right for c, _ in found)
    trainings = sum(count for _, count in found)
    return {**{name: count / worlds for name, count in counts.items()}, "right": right / worlds,
            "trainings": trainings / worlds}  # fmt: skip


def lower(gap: float, *sets: str) -> Truth:
    """0.9, less a gap where all factors of one of the sets are switched."""
    return lambda trial: 0.9 - gap if any(set(one) <= trial for one in sets) else 0.9


def additive(**parts: float) -> Truth:
    """0.9, less the part of each factor that is switched."""
    return lambda trial: 0.9 - sum(part for key, part in parts.items() if key in trial)


NOTHING = ("no-difference", "")

WORLDS = (
    World("gap 0, 1 factor", lower(0, "a"), "a", 0.01, NOTHING),
    World("gap 0, 3 factors", lower(0, "a"), "abc", 0.01, NOTHING),
    World("gap 0, 6 factors", lower(0, "a"), "abcdef", 0.01, NOTHING),
    World("gap 0, 3 factors, noise 0.3", lower(0, "a"), "abc", 0.003, NOTHING),
    World("gap 0, 3 factors, noise 3", lower(0, "a"), "abc", 0.03, NOTHING),
    World("gap 0, 3 factors, 40 images", lower(0, "a"), "abc", 0.01, NOTHING, 40),
    World("gap 0, two cancel", additive(a=0.04, b=-0.04), "abc", 0.01, NOTHING),
    World("gap 1, 3 factors", lower(0.01, "a"), "abc", 0.01, ("single", "a")),
    World("gap 1, 3 factors, noise 0.3", lower(0.01, "a"), "abc", 0.003, ("single", "a")),
    World("gap 1, 3 factors, noise 0.5", lower(0.01, "a"), "abc", 0.005, ("single", "a")),
    World("gap 1, 3 factors, 200 images", lower(0.01, "a"), "abc", 0.005, ("single", "a"), 200),
    World("gap 2, 3 factors", lower(0.02, "b"), "abc", 0.01, ("single", "b")),
    World("gap 4, 1 factor", lower(0.04, "a"), "a", 0.01, ("single", "a")),
    World("gap 4, 2 factors", lower(0.04, "b"), "ab", 0.01, ("single", "b")),
    World("gap 4, 3 factors", lower(0.04, "b"), "abc", 0.01, ("single", "b")),
    World("gap 4, 6 factors", lower(0.04, "d"), "abcdef", 0.01, ("single", "d")),
    World("gap 4, 3 factors, 200 images", lower(0.04, "b"), "abc", 0.01, ("single", "b"), 200),
    World("gap 4, two needed together", lower(0.04, "ac"), "abc", 0.01, ("joint", "ac")),
    World("gap 4, either of two", lower(0.04, "a", "c"), "abc", 0.01, ("interaction", "ac")),
    World("gap 4, two halves", additive(a=0.02, c=0.02), "abc", 0.01, ("joint", "ac")),
    World("gap 4, 55 and 45 %", additive(a=0.022, c=0.018), "abc", 0.003, ("joint", "ac")),
    World("gap 40, 2 factors, noise 0.3", lower(0.4, "a"), "ab", 0.003, ("single", "a")),
)  # fmt: skip

_ONE_END = ((0.05, 0.1), (0.1, 0.5), (0.3, 0.77), (0.1, 0.1), (0.2, 0.5), (0.3, 0.63), (0.3, 0.4))
"""Shares of the seeds in which B fails, and its accuracy there: mean gaps of 4, 8 and 15 points."""

FAILING = (
    *(
        World(f"{100 * (0.9 - low) * share:.0f} points: {100 * share:.0f} % at {100 * low:.0f} %, {told}",
              lower(0, "a"), "a", 0.003, ("single", "a"), 1000, (0.0, share), low, own)
        for share, low in _ONE_END
        for own, told in (("drawn", "runs as any"), ("failed", "run B failed"))
    ),
    World("gap 0, noise 0.3", lower(0, "a"), "abc", 0.003, NOTHING, 1000),
    World("gap 0, noise 0.5", lower(0, "a"), "abc", 0.005, NOTHING, 1000),
    World("gap 0, noise 1", lower(0, "a"), "abc", 0.01, NOTHING, 1000),
    World("gap 1, noise 0.3", lower(0.01, "a"), "abc", 0.003, ("single", "a"), 1000),
    World("gap 4, noise 1", lower(0.04, "a"), "abc", 0.01, ("single", "a"), 1000),
    World("gap 0, both fail in 10 %", lower(0, "a"), "a", 0.003, NOTHING, 1000, (0.1, 0.1)),
    World("gap 0, both fail in 30 %", lower(0, "a"), "a", 0.003, NOTHING, 1000, (0.3, 0.3)),
    World("gap 3, B fails in 10 %", lower(0.03, "a"), "a", 0.003, ("single", "a"), 1000, (0.0, 0.1)),
)  # fmt: skip

COLUMNS = ("single", "joint", "interaction", "no-difference", "inconclusive", "right", "trainings")


def main(worlds: int, chosen: tuple[World, ...] = WORLDS) -> None:
    """Prints a table."""
    print(f"| {worlds} worlds each, points; seed noise 1 unless told | " + " | ".join(COLUMNS) + " |")
    print("|---|" + "---|" * len(COLUMNS))
    for world in chosen:
        seen = rates(world, worlds)
        cells = [f"{100 * seen.get(name, 0):.1f} %" for name in COLUMNS[:-1]] + [f"{seen['trainings']:.0f}"]
        print(f"| {world.name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000, FAILING if "failing" in sys.argv else WORLDS)
