"""Settings that change nothing: of one training, of two and all mixtures of them, and as a finding."""

from typing import Any

import pytest

from core.checks.effects import setting_without_effect, without_effect, without_effect_in_both
from core.config import TrainConfig

SGD: dict[str, Any] = {"optimizer": "sgd", "momentum": 0.9}


@pytest.mark.parametrize(
    ("settings", "key", "idle"),
    [
        ({}, "momentum", True),
        (SGD, "momentum", False),
        ({"optimizer": "rmsprop"}, "momentum", False),
        ({"finetune_optimizer": "sgd"}, "momentum", True),
        ({"finetune_optimizer": "sgd", "mode": "fine_tune"}, "momentum", False),
        (SGD, "nesterov", False),
        ({"optimizer": "sgd"}, "nesterov", True),
        ({"optimizer": "rmsprop", "momentum": 0.9}, "nesterov", True),
        ({}, "focal_alpha", True),
        ({"focal_gamma": 2}, "focal_alpha", False),
        ({}, "schedule_end", True),
        ({"schedule": "cosine"}, "schedule_end", False),
        ({"schedule": "cosine"}, "reduce_on_plateau", True),
        ({}, "reduce_on_plateau", False),
        ({}, "finetune_optimizer", True),
        ({}, "runtime", False),
        ({"mode": "fine_tune"}, "runtime", False),
        ({"mode": "end_to_end"}, "runtime", False),
        ({"mode": "end_to_end", "literal": True}, "runtime", True),
        ({"mode": "end_to_end", "unfreeze_from": "all"}, "runtime", True),
        ({"mode": "end_to_end", "mixup": 0.2}, "runtime", True),
        ({"mode": "fine_tune", "mixup": 0.2}, "runtime", False),
    ],
)
def test_a_setting_changes_nothing_where_nothing_reads_it(settings: dict[str, Any], key: str, idle: bool) -> None:
    assert (f"training.{key}" in without_effect(TrainConfig(**settings))) == idle


def test_what_changes_nothing_in_two_runs_may_in_a_mixture_of_them() -> None:
    one, other = TrainConfig(optimizer="sgd", nesterov=True), TrainConfig(momentum=0.9)
    assert all("training.nesterov" in without_effect(training) for training in (one, other))
    assert "training.nesterov" not in without_effect_in_both(one, other)
    assert "training.schedule_end" in without_effect_in_both(one, other)
    mixed, plain = TrainConfig(mode="end_to_end", mixup=0.2), TrainConfig(mode="end_to_end")
    assert "training.runtime" in without_effect_in_both(mixed, mixed)
    assert "training.runtime" not in without_effect_in_both(mixed, plain)
    assert "training.unfreeze_from" not in without_effect_in_both(
        one, TrainConfig(mode="end_to_end", unfreeze_from="all")
    )


def test_the_finding_names_what_was_set_in_vain_and_takes_it_back(make_context: Any) -> None:
    found = setting_without_effect(make_context({"training.momentum": 0.9, "training.schedule_epochs": 3}))
    assert found is not None
    assert found.claim == (
        "training.momentum, training.schedule_epochs change nothing here: only sgd and rmsprop have a momentum "
        "(training.momentum); the others likewise."
    )
    assert found.change == {"training.momentum": 0.0, "training.schedule_epochs": 0}
    assert setting_without_effect(make_context({"training.momentum": 0.9, "training.optimizer": "sgd"})) is None
