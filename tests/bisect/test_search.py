"""The search against made-up worlds in which the truth is known."""

import itertools
import random
from collections.abc import Callable

import pytest

from core.bisect.search import REPEATS, Search, Set, ddmin, seeds_of

World = Callable[[Set], float]
"""Factors at run B's value to the true accuracy."""

ABC = ("a", "b", "c")


class Bench:
    """Counts the trainings that a search asks for."""

    def __init__(self, world: World, noise: float = 0.01) -> None:
        self.world, self.noise = world, noise
        self.asked: list[tuple[Set, int]] = []

    def __call__(self, trial: Set, seed: int) -> float | None:
        self.asked.append((trial, seed))
        value = self.world(trial) + random.Random(f"{sorted(trial)} {seed}").gauss(0, self.noise)
        return None if self.world(trial) < 0 else value


def search(world: World, factors: tuple[str, ...] = ABC, *, noise: float = 0.01, images: int = 800) -> Search:
    return Search(factors, seeds_of(1, 1, same=not factors), images, Bench(world, noise))


def bad_if(*sets: str) -> World:
    return lambda trial: 0.5 if any(set(s) <= trial for s in sets) else 0.9


def test_one_factor_that_spoils_and_cures_is_single() -> None:
    searching = search(bad_if("b"))
    found = searching.run()
    assert (found.verdict, found.factors, searching.good) == ("single", ("b",), "a")
    assert [(t["factor"], t["direction"], t["side"]) for t in searching.tests] == [
        ("a", "sufficient", "good"), ("a", "necessary", "bad"), ("b", "sufficient", "bad"), ("b", "necessary", "good"),
    ]  # fmt: skip


def test_the_order_of_the_two_runs_does_not_matter() -> None:
    searching = search(lambda trial: 0.5 if "b" not in trial else 0.9)
    found = searching.run()
    assert (found.verdict, found.factors, searching.good) == ("single", ("b",), "b")
    assert searching.gap is not None
    assert searching.gap.low > 0.3


def test_of_two_factors_each_training_answers_two_questions() -> None:
    searching = search(bad_if("a"), ("a", "b"))
    assert searching.run().factors == ("a",)
    bench = searching.measure
    assert isinstance(bench, Bench)
    assert len(bench.asked) == 2 * REPEATS + 2


def test_the_only_factor_needs_no_further_training() -> None:
    searching = search(bad_if("a"), ("a",))
    found = searching.run()
    assert (found.verdict, found.factors) == ("single", ("a",))
    assert found.sentence.startswith("a is the only difference that can matter")


def test_two_factors_needed_together_are_joint() -> None:
    found = search(bad_if("ac")).run()
    assert (found.verdict, found.factors) == ("joint", ("a", "c"))


def test_two_faults_each_enough_are_both_named() -> None:
    found = search(bad_if("a", "c")).run()
    assert (found.verdict, found.factors) == ("interaction", ("a", "c"))


def test_three_factors_needed_together_among_six() -> None:
    found = search(bad_if("adf"), tuple("abcdef")).run()
    assert (found.verdict, found.factors) == ("joint", ("a", "d", "f"))


def test_an_effect_in_equal_parts_is_joint() -> None:
    found = search(lambda trial: 0.9 - 0.2 * len(trial & {"a", "b"}), images=4000).run()
    assert (found.verdict, found.factors) == ("joint", ("a", "b"))


def test_noise_alone_is_no_difference() -> None:
    for repeat in range(20):
        searching = search(lambda trial, repeat=repeat: 0.9 + 1e-6 * repeat, noise=0.02)  # type: ignore[misc]
        assert searching.run().verdict == "no-difference"


def test_nothing_that_differs_is_no_difference_whatever_the_values() -> None:
    searching = search(lambda trial: 0.9, ())
    searching.skipped = ["training.seed"]
    found = searching.run()
    assert (found.verdict, found.factors) == ("no-difference", ())
    bench = searching.measure
    assert isinstance(bench, Bench)
    assert len(set(bench.asked)) == 2 * REPEATS, "each end has trainings of its own"


def test_a_gap_below_what_the_validation_images_can_show_is_no_difference() -> None:
    world: World = lambda trial: 0.9 if not trial else 0.85  # noqa: E731
    assert search(world, noise=0.001, images=50).run().verdict == "no-difference"
    assert search(world, noise=0.001, images=5000).run().verdict != "no-difference"


def test_a_trial_on_neither_side_makes_the_search_inconclusive() -> None:
    # Thirty images: 0.78 lies so near the midpoint of 0.7, and so near 0.9, that it is neither.
    found = search(lambda trial: {0: 0.9, 1: 0.78, 2: 0.5}[len(trial)], ("a", "b"), noise=0, images=30).run()
    assert (found.verdict, found.factors) == ("inconclusive", ())
    assert "is on neither side after 3 repeats." in found.sentence


def test_a_failed_trial_makes_the_search_inconclusive_not_wrong() -> None:
    found = search(lambda trial: -1.0 if trial == {"a"} else bad_if("ab")(trial), ("a", "b")).run()
    assert found.verdict == "inconclusive"


def test_an_end_that_always_fails_is_told() -> None:
    found = search(lambda trial: -1.0 if trial else 0.9).run()
    assert found.sentence == "Every repeat of one of the two ends failed."


def test_a_trial_is_repeated_only_while_it_is_unclear() -> None:
    clear, noisy = search(bad_if("a")), search(bad_if("a"), noise=0.09, images=100)
    for searching in (clear, noisy):
        searching.run()
    counts = [
        max(len(list(group)) for _, group in itertools.groupby(sorted(map(sorted, trials))))
        for searching in (clear, noisy)
        if (trials := [trial for trial, _ in searching.measure.asked[2 * REPEATS :]])  # type: ignore[attr-defined]
    ]
    assert counts[0] == 1
    assert counts[1] <= REPEATS


@pytest.mark.parametrize("culprits", [c for n in (1, 2, 3) for c in itertools.combinations("abcdef", n)])
def test_ddmin_finds_the_smallest_set(culprits: tuple[str, ...]) -> None:
    asked: list[Set] = []

    def fails(trial: Set) -> bool:
        asked.append(trial)
        return set(culprits) <= trial

    assert ddmin("abcdef", fails) == set(culprits)
    assert frozenset() not in asked
    assert frozenset("abcdef") not in asked


def test_ddmin_gives_a_set_of_which_no_part_fails_where_several_do() -> None:
    found = ddmin("abcdef", lambda trial: {"a", "b"} <= trial or {"e", "f"} <= trial)
    assert found in ({"a", "b"}, {"e", "f"})


def test_each_end_keeps_its_own_seed_first() -> None:
    assert seeds_of(7, 7, same=False) == ([7, 1, 2], [7, 1, 2])
    assert seeds_of(2, 5, same=False) == ([2, 5, 1], [5, 2, 1])


@pytest.mark.parametrize(("a", "b"), [(1, 1), (1, 2), (9, 3)])
def test_ends_that_differ_in_the_seed_alone_never_share_one(a: int, b: int) -> None:
    one, two = seeds_of(a, b, same=True)
    assert one[0] == a
    assert len({*one, *two}) == 2 * REPEATS
    if a != b:
        assert two[0] == b
