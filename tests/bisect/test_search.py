"""The search against made-up worlds in which the truth is known."""

import random
from collections.abc import Callable

from core.bisect.arm_values import Judged, Set, TrialValues
from core.bisect.search import Search
from core.bisect.seeds import SEEDS, seeds_of
from core.bisect.verdict import Words
from core.stats.paired_seeds import LOOKS
from tests.bench.simulate_bisect import FAILING, WORLDS, rates

World = Callable[[Set], float]
"""Factors at run B's value to the true accuracy."""

ABC = ("a", "b", "c")


class Bench:
    """Counts the trainings that a search asks for."""

    def __init__(self, world: World, noise: float = 0.01, auc: World | None = None) -> None:
        self.world, self.noise, self.auc = world, noise, auc
        self.asked: list[tuple[Set, int]] = []

    def __call__(self, trial: Set, seed: int) -> Judged | None:
        self.asked.append((trial, seed))
        chance = random.Random(f"{sorted(trial)} {seed}").gauss(0, self.noise)
        auc = None if self.auc is None else self.auc(trial) + chance / 5
        return None if self.world(trial) < 0 else Judged(self.world(trial) + chance, auc)


def search(
    world: World,
    factors: tuple[str, ...] = ABC,
    *,
    noise: float = 0.01,
    images: int = 800,
    auc: World | None = None,
    own: tuple[float, float] | None = (0.9, 0.9),
) -> Search:
    values = {key: (f"{key}1", f"{key}2") for key in factors}
    trials = TrialValues(seeds_of(1, 1), images, Bench(world, noise, auc), lambda trials: None)
    return Search(factors, trials, words=Words(values=values), own=own)


def asked(searching: Search) -> list[tuple[Set, int]]:
    bench = searching.trials.measure
    assert isinstance(bench, Bench)
    return bench.asked


def bad_if(*sets: str) -> World:
    return lambda trial: 0.5 if any(set(s) <= trial for s in sets) else 0.9


def test_one_factor_that_spoils_and_cures_is_single() -> None:
    searching = search(bad_if("b"))
    found = searching.run()
    assert (found.verdict, found.factors, searching.midpoint.good) == ("single", ("b",), "a")
    assert [(t["factor"], t["direction"], t["side"]) for t in searching.tests] == [
        ("a", "sufficient", "good"), ("a", "necessary", "bad"), ("b", "sufficient", "bad"), ("b", "necessary", "good"),
    ]  # fmt: skip


def test_the_order_of_the_two_runs_does_not_matter() -> None:
    searching = search(lambda trial: 0.5 if "b" not in trial else 0.9)
    found = searching.run()
    assert (found.verdict, found.factors, searching.midpoint.good) == ("single", ("b",), "b")
    assert searching.gap is not None
    assert searching.gap.low > 0.25


def test_of_two_factors_each_training_answers_two_questions() -> None:
    searching = search(bad_if("a"), ("a", "b"), noise=0.001)
    assert searching.run().factors == ("a",)
    assert len(asked(searching)) == 4 * LOOKS[0], "two ends and two trials, each with the seeds of the first look"


def test_the_only_factor_needs_no_further_training() -> None:
    searching = search(bad_if("a"), ("a",), noise=0.001)
    found = searching.run()
    assert (found.verdict, found.factors) == ("single", ("a",))
    assert found.sentence.startswith("a (a1 in the good run, a2 in the bad one) is the only difference that can matter")
    assert len(asked(searching)) == 2 * LOOKS[0]


def test_every_trial_has_the_same_seeds_and_each_is_trained_once() -> None:
    searching = search(bad_if("b"), noise=0.02)
    searching.run()
    trained = asked(searching)
    assert len(set(trained)) == len(trained)
    by_trial = {trial: [seed for one, seed in trained if one == trial] for trial, _ in trained}
    longest = max(by_trial.values(), key=len)
    assert all(seeds == longest[: len(seeds)] for seeds in by_trial.values())
    assert {len(seeds) for seeds in by_trial.values()} <= set(LOOKS)


def test_two_factors_needed_together_are_joint_and_told_by_what_was_measured() -> None:
    found = search(bad_if("ac"), noise=1e-5).run()
    assert (found.verdict, found.factors) == ("joint", ("a", "c"))
    assert found.sentence.startswith("a and c spoil the good run only together; ")
    assert (
        "Mean validation accuracy: a (a1 in the good run, a2 in the bad one) alone 90.0 %, c (c1 in the good run, c2 "
        "in the bad one) alone 90.0 %, both 50.0 %, neither 90.0 %; in the bad run, a back 90.0 %, c back 90.0 %."
    ) in found.sentence


def test_two_faults_each_enough_are_both_named() -> None:
    found = search(bad_if("a", "c"), noise=1e-5).run()
    assert (found.verdict, found.factors) == ("interaction", ("a", "c"))
    assert "alone 50.0 %, both 50.0 %, neither 90.0 %; in the bad run, a back 50.0 %, c back 50.0 %." in found.sentence


def test_three_factors_needed_together_among_six() -> None:
    found = search(bad_if("adf"), tuple("abcdef")).run()
    assert (found.verdict, found.factors) == ("joint", ("a", "d", "f"))


def test_an_effect_in_equal_parts_is_joint() -> None:
    # To the last digit equal, the two halves are at the midpoint, on neither side of it.
    found = search(lambda trial: 0.9 - 0.2 * len(trial & {"a", "b"}), images=4000).run()
    assert (found.verdict, found.factors) == ("joint", ("a", "b"))
    assert found.sentence.startswith("a and b spoil the good run together, a and b alone do a part of it; switching ")


def test_a_setting_that_does_little_more_than_half_of_it_is_not_called_the_one() -> None:
    # With so little noise a lies clearly beyond the midpoint, and as clearly short of the end.
    found = search(lambda trial: 0.9 - 0.021 * ("a" in trial) - 0.019 * ("b" in trial), noise=0.0005, images=0).run()
    assert (found.verdict, found.factors) == ("joint", ("a", "b"))
    most = search(lambda trial: 0.9 - 0.035 * ("a" in trial) - 0.005 * ("b" in trial), noise=0.0005, images=0).run()
    assert (most.verdict, most.factors) == ("single", ("a",))


def test_nothing_that_differs_is_no_difference_by_construction() -> None:
    searching = search(lambda trial: 0.9, (), noise=0.02)
    searching.words = Words(skipped=["training.seed"], own="The two runs themselves reach 90.5 % and 89.5 %.")
    found = searching.run()
    assert (found.verdict, found.factors) == ("no-difference", ())
    assert found.sentence.startswith("Nothing that can change the result differs but training.seed: with the same")
    assert found.sentence.endswith("The two runs themselves reach 90.5 % and 89.5 %.")
    assert asked(searching) == [(frozenset(), seed) for seed in searching.trials.seeds[: LOOKS[0]]]


def test_no_difference_is_said_only_of_an_interval_inside_the_margin() -> None:
    alike = search(lambda trial: 0.9, noise=0.002).run()
    assert alike.verdict == "no-difference"
    assert alike.sentence.startswith("There is no gap that matters: trained with the same 6 seeds, the two ends differ")
    small = search(lambda trial: 0.905 if trial else 0.9, noise=0.0003, images=8000).run()
    assert small.sentence.startswith("There is a gap, but too small to matter")
    noisy = search(lambda trial: 0.9, noise=0.03)
    found = noisy.run()
    assert found.verdict == "inconclusive"
    assert noisy.gap is not None
    assert noisy.gap.seeds == SEEDS
    assert "neither excludes 0 nor lies inside ±1.0 points. The largest gap not excluded is " in found.sentence
    assert f"The largest gap not excluded is {100 * noisy.gap.reach:.1f} points." in found.sentence
    assert found.sentence.endswith("With a margin of that size it would be settled now.")


def test_no_difference_takes_more_than_the_fewest_seeds() -> None:
    """A training that fails in every tenth seed is well in three of three in 73 % of cases."""
    assert len(asked(same := search(lambda trial: 0.9, noise=0))) == 0
    assert same.run().verdict == "no-difference"
    assert len(asked(same)) == 2 * LOOKS[1]
    unknown = search(lambda trial: 0.9, noise=0.002, own=None)
    assert unknown.run().verdict == "no-difference"
    assert len(asked(unknown)) == 2 * LOOKS[2], "without the two runs themselves all seeds are needed"


def test_two_runs_that_do_not_fit_what_new_seeds_do_are_not_called_alike() -> None:
    searching = search(lambda trial: 0.9, noise=0.002, own=(0.9, 0.5))
    found = searching.run()
    assert found.verdict == "inconclusive"
    assert (
        "But the two runs themselves reach 90.0 % and 50.0 %, which these seeds do not show: either a "
        in found.sentence
    )
    assert "A failure that comes in up to 22 % of seeds can have gone unseen." in found.sentence
    near = search(lambda trial: 0.9, noise=0.002, own=(0.902, 0.899))
    assert (near.run().verdict, len(asked(near))) == ("no-difference", 2 * LOOKS[1])
    blamed = search(bad_if("b"), noise=0.002, own=(0.9, 0.9))
    assert blamed.run().factors == ("b",), "nothing is inferred from the two runs where the seeds differ"


def failing(seeds: set[int], ends: Callable[[Set], bool], gap: float = 0.0) -> Search:
    """Ends that fail in some seeds; else run B's lies lower by a gap."""
    searching = search(lambda trial: 0.9 - gap * bool(trial), ("a",), noise=0.001)
    measure = searching.trials.measure
    searching.trials.measure = lambda trial, seed: (
        Judged(0.5) if seed in seeds and ends(trial) else measure(trial, seed)
    )
    return searching


def test_ends_that_fail_in_the_same_seeds_are_looked_at_to_the_last() -> None:
    searching = failing({4}, lambda trial: True)
    assert searching.run().verdict == "no-difference"
    assert len(searching.trials.found[frozenset()]) == SEEDS
    assert failing({4}, bool).run().verdict == "inconclusive"


def test_a_seed_that_fails_does_not_hide_a_gap_in_all_the_others() -> None:
    found = failing({3}, bool, gap=0.006).run()
    assert (found.verdict, found.factors) == ("single", ("a",))
    assert failing({3}, bool).run().verdict == "inconclusive"
    assert failing({3}, lambda trial: not trial, gap=0.006).run().verdict == "inconclusive"


def test_where_only_the_auc_is_open_the_sentence_says_so() -> None:
    """The accuracies lie inside the margin; that neither of the two does was said of them."""
    searching = search(lambda trial: 0.9, noise=0.001, auc=lambda trial: 0.95)
    measure, noise = searching.trials.measure, random.Random(0)
    searching.trials.measure = lambda trial, seed: (
        Judged(found.accuracy, 0.9 + noise.gauss(0, 0.03)) if (found := measure(trial, seed)) else None
    )
    found = searching.run()
    assert found.verdict == "inconclusive"
    assert found.sentence.startswith("By the accuracy they agree: trained with the same 12 seeds, the two ends differ ")
    assert (
        "all of it inside ±1.0 points. The AUC leaves it open. Trained with the same 12 seeds, the " in found.sentence
    )
    assert "in validation AUC on these images. That neither excludes 0 nor lies inside ±0.010." in found.sentence


def test_no_difference_is_not_said_of_few_seeds_of_which_most_crashed() -> None:
    searching = search(lambda trial: 0.9, noise=0, images=4000)
    measure = searching.trials.measure
    searching.trials.measure = lambda trial, seed: None if trial and seed > 4 else measure(trial, seed)
    assert searching.run().sentence.startswith("Only 3 seeds have both ends trained")


def test_what_few_images_hide_is_not_called_equal() -> None:
    """Twelve times the same count of twenty images: their accuracy moves in steps of five points."""
    found = search(lambda trial: 0.9, noise=0, images=20).run()
    assert found.verdict == "inconclusive"
    assert search(lambda trial: 0.9, noise=0, images=200).run().verdict == "no-difference"


def test_an_auc_that_is_lower_decides_where_the_accuracy_does_not() -> None:
    auc: World = lambda trial: 0.828 if "b" in trial else 0.909  # noqa: E731
    searching = search(lambda trial: 0.9, noise=0.02, auc=auc)
    found = searching.run()
    assert (found.verdict, found.factors, searching.midpoint.metric) == ("single", ("b",), "auc")
    assert "takes validation AUC from 0.9" in found.sentence
    equal = search(lambda trial: 0.9, noise=0.002, auc=auc).run()
    assert equal.verdict == "single", "equal accuracies are no `no-difference` while the AUC is lower"


def test_a_failed_trial_makes_the_search_inconclusive_not_wrong() -> None:
    found = search(lambda trial: -1.0 if trial == {"a"} else bad_if("ab")(trial), ("a", "b")).run()
    assert found.verdict == "inconclusive"


def test_an_end_that_always_fails_is_told_after_the_first_look() -> None:
    searching = search(lambda trial: -1.0 if trial else 0.9)
    assert searching.run().sentence == "Too few training runs of one of the two ends succeeded."
    assert len(asked(searching)) == 2 * LOOKS[0]


def test_one_failed_seed_is_left_out_of_the_pairs() -> None:
    searching = search(bad_if("b"), noise=0.001)
    measure = searching.trials.measure
    searching.trials.measure = lambda trial, seed: None if (trial, seed) == (frozenset(), 3) else measure(trial, seed)
    assert searching.run().factors == ("b",)


def test_the_procedure_is_wrong_as_rarely_as_it_says() -> None:
    """A few of the worlds of docs/bisect.md, which has them all and more of each."""
    chosen = {world.name: world for world in WORLDS}
    nothing = rates(chosen["gap 0, 1 factor"], 150)
    assert nothing.get("single", 0) <= 0.07
    at_margin = rates(chosen["gap 1, 3 factors, noise 0.3"], 60)
    assert at_margin.get("no-difference", 0) <= 0.05
    for name in ("gap 4, 3 factors", "gap 4, two needed together", "gap 4, either of two"):
        assert rates(chosen[name], 30)["right"] >= 0.9, name


def test_where_one_end_failed_and_that_is_why_one_asks_it_is_no_no_difference() -> None:
    for world in FAILING:
        seen = rates(world, 25)
        if world.own == "failed":
            assert seen.get("no-difference", 0) == 0, world.name
        elif world.name == "gap 0, noise 0.3":
            assert (seen["no-difference"], seen["trainings"] <= 14) == (1, True)
