"""Verdicts in words, with the numbers that were measured."""

from core.bisect import verdict
from core.bisect.verdict import Words
from core.stats.paired_seeds import Estimate, estimate

WORDS = Words(values={"data.shuffle": ("samples", "none"), "training.learning_rate": ("0.001", "1.0")})


def mean(value: float, half: float = 0.01, seeds: int = 6) -> Estimate:
    return Estimate(value, value - half, value + half, 0.005, seeds, 0.5, 0.5)


MEASURED = {
    frozenset[str](): mean(0.838),
    frozenset({"data.shuffle"}): mean(0.585),
    frozenset({"training.learning_rate"}): mean(0.735),
    frozenset({"data.shuffle", "training.learning_rate"}): mean(0.51),
}


def sets(worse: set[str], cure: set[str], *parts: str) -> verdict.Conclusion:
    order = ("data.shuffle", "training.learning_rate")
    return verdict.sets(frozenset(worse), frozenset(cure), order, MEASURED.__getitem__, WORDS, parts)


BOTH = {"data.shuffle", "training.learning_rate"}


def test_a_set_needed_together_is_joint_and_told_with_what_was_measured() -> None:
    found = sets(BOTH, {"data.shuffle"})
    assert (found.verdict, found.factors) == ("joint", ("data.shuffle", "training.learning_rate"))
    assert found.sentence == (
        "data.shuffle and training.learning_rate spoil the good run only together; switching data.shuffle back cures "
        "the bad one. Mean validation accuracy: data.shuffle (samples in the good run, none in the bad one) alone "
        "58.5 %, training.learning_rate (0.001 in the good run, 1.0 in the bad one) alone 73.5 %, both 51.0 %, neither "
        "83.8 %."
    )


def test_settings_that_alone_do_a_part_are_not_said_to_do_it_only_together() -> None:
    rate = "training.learning_rate"
    said = sets(BOTH, {"data.shuffle"}, rate).sentence
    assert said.startswith(
        "data.shuffle and training.learning_rate spoil the good run together, training.learning_rate alone does a part "
        "of it; switching data.shuffle back cures the bad one. Mean validation accuracy: "
    )
    said = sets(BOTH, BOTH, "data.shuffle", rate).sentence
    assert said.startswith(
        "data.shuffle and training.learning_rate spoil the good run together, data.shuffle and training.learning_rate "
        "alone do a part of it; switching data.shuffle and training.learning_rate back cures the bad one. Mean"
    )
    found = sets({"data.shuffle"}, BOTH, rate)
    assert found.verdict == "interaction"
    assert found.sentence.startswith(
        "data.shuffle spoils the good run, training.learning_rate alone does a part of it; switching data.shuffle and "
    )


def test_a_gap_between_runs_with_images_of_their_own_is_not_one_on_these_images() -> None:
    words = Words(same_images=False)
    small, wide = mean(0.001, 0.002), mean(0.02, 0.05)
    assert "0.1 [-0.1, 0.3] points in validation accuracy each on its own images, all of it inside ±1.0 points." in (
        verdict.no_difference(small, 0.01, words).sentence
    )
    assert "in validation accuracy each on its own images. That neither excludes" in (
        verdict.inconclusive(wide, 0.01, 0.05, words.of_auc().seen_from("b")).sentence.replace("AUC", "accuracy")
    )


def test_two_faults_that_hide_each_other_are_an_interaction() -> None:
    found = sets({"data.shuffle"}, BOTH)
    assert found.verdict == "interaction"
    assert found.sentence.startswith(
        "data.shuffle alone spoils the good run, but the bad run is cured only by switching back data.shuffle and "
        "training.learning_rate together: each hides the effect of the other. Mean validation accuracy: "
    )


def test_what_spoils_and_what_cures_may_have_nothing_in_common() -> None:
    found = sets({"data.shuffle"}, {"training.learning_rate"})
    assert (found.verdict, len(found.factors)) == ("interaction", 2)
    assert "what one setting does depends on the others" in found.sentence


def test_a_single_factor_is_told_with_both_directions_and_both_values() -> None:
    words = WORDS.seen_from("b")
    found = verdict.single("data.shuffle", (mean(0.5), mean(0.88)), (mean(0.9), mean(0.51)), words)
    assert found.sentence == (
        "data.shuffle (none in the good run, samples in the bad one) alone, switched in the good run, takes validation "
        "accuracy from 90.0 % [89.0, 91.0] to 50.0 % [49.0, 51.0]; switched back in the bad run, it takes it from "
        "51.0 % [50.0, 52.0] to 88.0 % [87.0, 89.0] (6 seeds)."
    )
    found = verdict.single("data.shuffle", (mean(0.5), mean(0.88)), (mean(0.9), mean(0.51)), words.of_auc())
    assert "takes validation AUC from 0.900 [0.890, 0.910] to 0.500 [0.490, 0.510]; " in found.sentence


def test_an_inconclusive_gap_says_what_is_not_excluded_and_what_it_would_take() -> None:
    gap = estimate([0.016, -0.004] * 6, 0.024)
    found = verdict.inconclusive(gap, 0.01, 0.024, WORDS)
    assert (found.verdict, found.factors) == ("inconclusive", ())
    assert found.sentence == (
        "Trained with the same 12 seeds, the two ends differ by 0.6 [-0.4, 1.6] points in validation accuracy on "
        "these images. That neither excludes 0 nor lies inside ±1.0 points. The largest gap not excluded is 1.6 "
        "points. About 32 seeds in all would settle it in four of five cases, if gap and spread stay as they are. With "
        "a margin of that size it would be settled now."
    )
    of_auc = verdict.inconclusive(gap, 0.01, 0.024, WORDS.of_auc()).sentence
    assert (
        "differ by 0.006 [-0.004, 0.016] in validation AUC on these images. That neither excludes 0 nor lies" in of_auc
    )


def test_an_interval_inside_the_margin_is_not_said_to_reach_beyond_it() -> None:
    said = verdict.inconclusive(estimate([0.006, -0.004] * 6, 0.024), 0.01, 0.024, WORDS).sentence
    assert "on these images. That does not exclude 0. The largest gap not excluded is 0.6 points." in said


def test_no_accuracy_is_above_one() -> None:
    assert WORDS.level_of(mean(1.0)) == "100.0 % [99.0, 100.0]"
    assert WORDS.level_of(mean(0.004)) == "0.4 % [0.0, 1.4]"
    assert WORDS.of_auc().level_of(mean(0.998)) == "0.998 [0.988, 1.000]"
    assert WORDS.gap_of(mean(0.0)) == "0.0 [-1.0, 1.0] points"
    assert WORDS.of_auc().gap_of(mean(0.0)) == "0.000 [-0.010, 0.010]"


def test_an_inconclusive_search_says_what_was_clear_all_the_same() -> None:
    tests = [
        {"factor": "data.shuffle", "direction": "sufficient", "side": "bad"},
        {"factor": "data.shuffle", "direction": "necessary", "side": "unclear"},
    ]
    found = verdict.unclear("The budget is spent.", tests)
    assert (found.verdict, found.factors) == ("inconclusive", ())
    assert found.sentence == "The budget is spent. So far: switching data.shuffle in the good run spoils it."
