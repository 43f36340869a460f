"""What a sweep tries: grids, random trials, and what is refused."""

import math

import pytest

from core.config import RunConfig, make_config
from core.errors import ConfigError
from core.sweep.plan import VARIED, Span, config_of, plan, read_choices, trial_name

RATE, DROPOUT, UNITS = "training.learning_rate", "model.dropout", "model.dense_units"
BASE = make_config("sample", {"training.epochs": 3})


def test_a_grid_is_every_combination_in_order() -> None:
    choices = {RATE: read_choices(RATE, "1e-4, 1e-3"), DROPOUT: read_choices(DROPOUT, "0,.5,.5")}
    trials = plan(BASE, choices)
    assert trials == [
        {RATE: 1e-4, DROPOUT: 0.0}, {RATE: 1e-4, DROPOUT: 0.5}, {RATE: 1e-3, DROPOUT: 0.0}, {RATE: 1e-3, DROPOUT: 0.5},
    ]  # fmt: skip
    config = config_of(BASE, trials[1], "x")
    assert (config.training.learning_rate, config.model.dropout, config.training.epochs, config.name) == (
        1e-4, 0.5, 3, "x",
    )  # fmt: skip
    assert trial_name(trials[1]) == "learning_rate=0.0001, dropout=0.5"


def test_random_trials_are_different_a_function_of_the_seed_and_within_their_ranges() -> None:
    choices = {RATE: read_choices(RATE, "1e-5..1e-1"), UNITS: read_choices(UNITS, "8..12"), DROPOUT: (0.0, 0.5)}
    trials = plan(BASE, choices, 60, seed=4)
    assert len(trials) == 60
    assert len({tuple(trial.items()) for trial in trials}) == 60
    assert plan(BASE, choices, 60, seed=4) == trials
    assert plan(BASE, choices, 60, seed=5) != trials
    rates = [trial[RATE] for trial in trials]
    assert 1e-5 <= min(rates) <= max(rates) <= 1e-1
    below = sum(rate < 1e-3 for rate in rates)
    assert 15 < below < 45, "half of them on either side of the middle power of ten"
    assert {type(trial[UNITS]) for trial in trials} == {int}
    assert {trial[UNITS] for trial in trials} == {8, 9, 10, 11, 12}
    assert {trial[DROPOUT] for trial in trials} == {0.0, 0.5}


def test_more_trials_than_there_are_gives_those_that_there_are() -> None:
    trials = plan(BASE, {DROPOUT: (0.0, 0.5), UNITS: (0, 8)}, 50)
    assert sorted(map(str, trials)) == sorted(map(str, plan(BASE, {DROPOUT: (0.0, 0.5), UNITS: (0, 8)})))


def test_a_narrow_range_is_drawn_from_evenly() -> None:
    span = read_choices(DROPOUT, "0..0.9")
    assert span == Span(0.0, 0.9)
    values = [trial[DROPOUT] for trial in plan(BASE, {DROPOUT: span}, 100)]
    assert math.isclose(sum(values) / len(values), 0.45, abs_tol=0.1)


@pytest.mark.parametrize(
    ("key", "text", "sentence"),
    [
        (
            "data.image_size",
            "32,64",
            "data.image_size cannot be varied in a sweep, as the cached features would change",
        ),
        ("training.learning_rat", "1", 'there is no setting "training.learning_rat"; did you mean'),
        (RATE, "fast", 'training.learning_rate is a number, but "fast" came; it may be 1e-07 to 10'),
        (RATE, "100", "training.learning_rate is 100.0; it may be 1e-07 to 10"),
        (RATE, "1e-2..1e-3", "training.learning_rate: the range 1e-2..1e-3 is empty; give the smaller number first"),
        (RATE, " , ", "training.learning_rate has no values to try"),
        ("training.optimizer", "adam..sgd", "training.optimizer is not a number, so it has no range"),
        ("training.optimizer", "adam,magic", 'training.optimizer is "magic"; it may be adam, adamw, sgd, rmsprop'),
    ],
)
def test_values_that_are_not_allowed_are_one_sentence(key: str, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_choices(key, text)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(
    ("base", "choices", "count", "sentence"),
    [
        ({}, {}, 0, "nothing is varied"),
        ({}, {RATE: Span(1e-4, 1e-1)}, 0, "training.learning_rate is a range; say how many trials are to be drawn"),
        ({}, {RATE: tuple(k / 100 for k in range(1, 12)), "training.seed": tuple(range(10))}, 0,
         "that makes 110 combinations; a sweep may have 100: draw some at random"),
        ({}, {DROPOUT: (0.0, 0.1)}, 101, "101 trials requested; a sweep may have 1 to 100"),
        ({"training.mode": "fine_tune"}, {DROPOUT: (0.0, 0.1)}, 0, "a sweep trains heads on cached features"),
        ({"training.mode": "end_to_end", "training.literal": True}, {DROPOUT: (0.0, 0.1)}, 0, "a sweep trains heads"),
        ({"training.mode": "end_to_end", "training.mixup": 0.2}, {DROPOUT: (0.0, 0.1)}, 0,
         "a sweep trains heads on cached features, but these settings pass every image through the network; set "
         "training.mode to bottleneck and training.mixup to 0"),
    ],
)  # fmt: skip
def test_sweeps_that_cannot_be_are_one_sentence(base, choices, count, sentence) -> None:
    with pytest.raises(ConfigError) as error:
        plan(make_config("sample", base), choices, count)
    assert str(error.value).startswith(sentence)


def test_what_may_be_varied_changes_no_features() -> None:
    from core.bisect.costs import _FEATURE_KEYS

    assert set(VARIED) & set(_FEATURE_KEYS) == {"data.augmentation"}, "each has features of its own"
    assert set(VARIED) <= set(RunConfig().settings())


def test_heads_are_lists_with_semicolons_between_them() -> None:
    choices = {"model.head": read_choices("model.head", "dense 8 relu, dropout 0.5; none;dense 8 relu,dropout 0.5")}
    assert choices == {"model.head": ("dense 8 relu, dropout 0.5", "none")}
    base = make_config("sample", {"model.dense_units": 64})
    trials = plan(base, choices)
    assert [config_of(base, trial).model.head for trial in trials] == ["dense 8 relu, dropout 0.5", "none"]
    assert trial_name(trials[0]) == "head=(dense 8 relu, dropout 0.5)"
    with pytest.raises(ConfigError, match=r"^model.head is max, dense 8 relu; in a sweep it names no pooling"):
        read_choices("model.head", "max, dense 8 relu")
    listed = make_config("sample", {"model.head": "none"})
    with pytest.raises(ConfigError, match=r"^model.dropout is 0.5, but model.head is given too"):
        plan(listed, {"model.dropout": (0.5,)})


def test_augmentations_are_presets_and_lists() -> None:
    key = "data.augmentation"
    assert read_choices(key, "none, light,Strong") == ("none", "light", "strong")
    lists = read_choices(key, "none; flip, rotation 20;light")
    assert lists == ("none", "flip horizontal, rotation -20..20", "light")
    assert read_choices(key, "rotation 5, zoom 0.1") == ("rotation -5..5, zoom 0.9..1.1",)
    trials = plan(BASE, {key: lists})
    assert [config_of(BASE, trial).data.augmentation for trial in trials] == list(lists)
    assert trial_name(trials[1]) == "augmentation=(flip horizontal, rotation -20..20)"
    with pytest.raises(ConfigError, match=r"^data.augmentation"):
        read_choices(key, "light, rotation 20")
