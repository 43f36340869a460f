"""Epochs that a schedule leaves without a learning rate are told; what usual schedules end with is not."""

from typing import Any

import pytest

from core.checks.schedule import falls_early, share_left
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


@pytest.mark.slow
@pytest.mark.parametrize(("name", "schedule"), [("CosineDecay", "cosine"), ("ExponentialDecay", "exponential")])
@pytest.mark.parametrize("end", [0.0, 0.01, 0.5])
def test_the_share_is_that_of_keras(name: str, schedule: str, end: float) -> None:
    import keras

    made = getattr(keras.optimizers.schedules, name)(0.1, 8, end)
    for step in range(20):
        assert 0.1 * share_left(schedule, step / 8, end) == pytest.approx(float(made(step)), abs=1e-7)
