"""Epochs that a schedule leaves without a learning rate are told; what usual schedules end with is not."""

from typing import Any

import pytest

from core.checks.schedule import falls_early, share_left, too_little_left
from core.config import make_config


def told(**settings: Any) -> Any:
    return falls_early(make_config("x", {f"training.{name}": value for name, value in settings.items()}))


def test_a_cosine_that_is_over_after_two_of_twenty_epochs_is_told() -> None:
    found = told(epochs=20, schedule="cosine", schedule_epochs=2, schedule_end=0)
    assert (found.id, found.severity) == ("rate-falls-early", "warning")
    assert found.claim == (
        "From epoch 3 of 20 on the learning rate is less than a thousandth of what it was at the start (cosine, "
        "training.schedule_epochs=2, training.schedule_end=0): the last 18 epochs hardly change any weight."
    )
    assert found.change == {"training.schedule_epochs": 0, "training.schedule_end": 0.01}


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 20, "schedule": "exponential", "schedule_epochs": 2},  # 0.01 ** 2 after four epochs
        {"epochs": 5, "schedule": "exponential", "schedule_end": 0},  # nothing after the first step
        {"epochs": 2, "mode": "fine_tune", "finetune_epochs": 30, "schedule": "cosine", "schedule_epochs": 3,
         "schedule_end": 0},
    ],
)  # fmt: skip
def test_so_are_others_and_those_of_fine_tuning(settings: dict[str, Any]) -> None:
    found = told(**settings)
    assert found.id == "rate-falls-early"
    assert ("of each stage of fine-tuning on" in found.claim) == ("mode" in settings)
    assert told(**{**settings, **{name.removeprefix("training."): v for name, v in found.change.items()}}) is None


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 20},
        {"epochs": 100, "schedule": "cosine", "schedule_end": 0},
        {"epochs": 1, "schedule": "exponential", "schedule_end": 0.01},
        {"epochs": 50, "schedule": "exponential"},
        {"epochs": 20, "schedule": "cosine", "schedule_epochs": 5},  # a hundredth of the rate is left
        {"epochs": 5, "mode": "fine_tune", "finetune_epochs": 10, "schedule": "exponential", "schedule_epochs": 10},
    ],
)
def test_a_healthy_schedule_is_left_in_peace(settings: dict[str, Any]) -> None:
    assert told(**settings) is None


def left(count: int, **settings: Any) -> Any:
    return too_little_left(make_config("x", {f"training.{name}": value for name, value in settings.items()}), count)


def test_a_schedule_that_is_over_after_the_first_epoch_leaves_too_little() -> None:
    """Measured: 160 X-rays, 20 epochs: accuracy 0.54 with it, 0.88 with a cosine of all epochs."""
    found = left(160, epochs=20, schedule="cosine", schedule_epochs=1)
    assert (found.id, found.change) == ("rate-falls-early", {"training.schedule_epochs": 0})
    assert found.claim == (
        "On average 3.5 % of the learning rate of 0.001 is left over the 20 epochs (cosine, "
        "training.schedule_epochs=1, training.schedule_end=0.01): too little for 100 steps, which need a mean of "
        "0.0002."
    )
    assert left(160, epochs=20, schedule="cosine") is None
    assert left(160, epochs=20, schedule="exponential") is None
    steep = left(160, epochs=20, schedule="exponential", schedule_end=1e-6)
    assert (
        left(160, epochs=20, schedule="exponential", **{"schedule_end": steep.change["training.schedule_end"]}) is None
    )


def test_many_steps_make_up_for_it_and_a_rate_that_is_too_low_by_itself_is_another_finding() -> None:
    early = {"epochs": 20, "schedule": "cosine", "schedule_epochs": 1}
    assert left(3200, **early) is None
    assert left(160, **early, learning_rate=1e-5) is None
    assert left(160, **early, mode="end_to_end", unfreeze_from="all", learning_rate=1e-3) is None


@pytest.mark.slow
@pytest.mark.parametrize(("name", "schedule"), [("CosineDecay", "cosine"), ("ExponentialDecay", "exponential")])
@pytest.mark.parametrize("end", [0.0, 0.01, 0.5])
def test_the_share_is_that_of_keras(name: str, schedule: str, end: float) -> None:
    import keras

    made = getattr(keras.optimizers.schedules, name)(0.1, 8, end)
    for step in range(20):
        assert 0.1 * share_left(schedule, step / 8, end) == pytest.approx(float(made(step)), abs=1e-7)
