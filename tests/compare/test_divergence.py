"""The first place where two traces part, stage by stage."""

import copy
from typing import Any

import pytest

from core.compare.divergence import first_divergence
from core.compare.where import Divergence
from core.store.trace_record import Trace

SAMPLE = {
    "epoch": 1, "draw": 0, "file": "f1", "path": "train/a/1.png", "decoded": "d", "decoded_mean": 90.0, "pixels": "p",
    "pixels_mean": 91.0, "input": "i", "min": 0.0, "max": 1.0, "mean": 0.3, "std": 0.1, "features": "v",
    "features_mean": 0.2, "features_std": 0.1,
}  # fmt: skip
EPOCH = {
    "epoch": 1, "draw": 0, "order": "o", "batch_orders": ["b1", "b2"], "mix": [[3, 7], [6, 4]],
    "losses": [0.7, 0.6], "gradient_norms": [1.0, 0.9], "head": "h1", "base": None, "loss": 0.6, "accuracy": 0.7,
    "val_loss": 0.6, "val_accuracy": 0.7, "val_auc": 0.7, "predicted_class": "NORMAL", "predicted_share": 0.5,
    "prediction_std": 0.1, "best_threshold_accuracy": 0.8, "dead_units": 0.0,
}  # fmt: skip


@pytest.fixture
def trace() -> dict[str, Any]:
    return copy.deepcopy(
        {
            "environment": {},
            "data": {"train": "t", "val": "v", "labels": "l"},
            "classes": ["NORMAL", "PNEUMONIA"],
            "hashes": {"base": "b", "statistics": "s", "head": "h"},
            "samples": [SAMPLE, {**SAMPLE, "draw": 1, "epoch": 2, "pixels": "p2"}],
            "epochs": [EPOCH, {**EPOCH, "epoch": 2, "draw": 1, "head": "h2"}],
        }
    )


def parted(one: dict[str, Any], other: dict[str, Any]) -> Divergence | None:
    """Where the two part, as the program reads them."""
    return first_divergence(Trace.model_validate(one), Trace.model_validate(other))


def part(trace: dict[str, Any], *path: Any, value: Any) -> tuple[Any, ...]:
    """Stage, step and values of the divergence of the trace from a copy with one value changed."""
    other = copy.deepcopy(trace)
    node = other
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    found = parted(trace, other)
    assert found is not None
    assert found.sentence.endswith(".")
    return found.stage, found.step, found.a, found.b


def test_identical_traces_do_not_part(trace: dict[str, Any]) -> None:
    assert parted(trace, copy.deepcopy(trace)) is None


def test_rounding_is_no_divergence(trace: dict[str, Any]) -> None:
    other = copy.deepcopy(trace)
    other["epochs"][0]["losses"][1] += 3e-6
    assert parted(trace, other) is None


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("data", "train"), "t2", ("files", {}, "t", "t2")),
        (("data", "val"), "v2", ("files", {}, "v", "v2")),
        (("data", "labels"), "l2", ("labels and order", {}, "l", "l2")),
        (("hashes", "base"), "b2", ("initial weights", {}, "b", "b2")),
        (("hashes", "head"), "h0", ("initial weights", {}, "h", "h0")),
        (("epochs", 1, "mixing"), "m", ("mixed images", {"epoch": 2}, None, "m")),
        (("epochs", 0, "losses", 0), 0.8, ("loss", {"epoch": 1, "batch": 1}, 0.7, 0.8)),
        (("epochs", 0, "losses", 1), 0.8, ("weights", {"epoch": 1, "batch": 1}, 0.6, 0.8)),
        (("epochs", 0, "gradient_norms", 1), 3.0, ("gradients", {"epoch": 1, "batch": 2}, 0.9, 3.0)),
        (("epochs", 0, "losses", 0), None, ("loss", {"epoch": 1, "batch": 1}, 0.7, None)),
        (("epochs", 1, "head"), "h3", ("weights", {"epoch": 2}, "h2", "h3")),
    ],
)
def test_each_stage_is_named_with_its_step_and_the_two_values(
    trace: dict[str, Any], path: tuple[Any, ...], value: Any, expected: tuple[Any, ...]
) -> None:
    assert part(trace, *path, value=value) == expected


def test_mixtures_part_before_the_losses_that_follow_from_them(trace: dict[str, Any]) -> None:
    for one, other, words in ((None, "m", "in one run and not in the other"), ("m", "n", "differently in the two")):
        ends = [copy.deepcopy(trace) for _ in range(2)]
        for end, mixing, loss in zip(ends, (one, other), (0.7, 0.9), strict=True):
            end["epochs"][0] |= {"losses": [loss, 0.6]} | ({"mixing": mixing} if mixing else {})
        found = parted(*ends)
        assert found is not None
        assert found.stage == "mixed images"
        assert found.sentence.startswith("In epoch 1 the images of a batch and their labels are mixed (training.mixup)")
        assert words in found.sentence


@pytest.mark.parametrize(
    ("key", "stage"),
    [
        ("decoded", "decoded pixels"),
        ("pixels", "augmented pixels"),
        ("input", "preprocessed input"),
        ("features", "features"),
    ],
)
def test_the_same_file_is_followed_through_the_pipeline(trace: dict[str, Any], key: str, stage: str) -> None:
    found = part(trace, "samples", 0, key, value="other")
    assert found[:2] == (stage, {"epoch": 1})
    assert (found[2][key], found[3][key]) == (SAMPLE[key], "other")


def test_another_draw_in_the_second_epoch_is_named_there(trace: dict[str, Any]) -> None:
    other = copy.deepcopy(trace)
    other["epochs"][1]["draw"] = 0
    found = parted(trace, other)
    assert found is not None and (found.stage, found.step) == ("augmented pixels", {"epoch": 2})
    assert found.sentence.startswith(
        "In epoch 2 the same file, train/a/1.png, is augmented differently: its mean is 91"
    )


def test_another_order_is_said_in_classes_and_not_taken_for_other_pixels(trace: dict[str, Any]) -> None:
    other = copy.deepcopy(trace)
    other["epochs"][0] |= {"order": "o2", "batch_orders": ["b9", "b2"], "mix": [[10, 0], [0, 10]]}
    found = parted(trace, other)
    assert found is not None
    assert (found.stage, found.step) == ("labels and order", {"epoch": 1, "batch": 1})
    assert (found.a, found.b) == ("3 NORMAL, 7 PNEUMONIA", "10 NORMAL, 0 PNEUMONIA")
    assert found.sentence == (
        "The batches differ at epoch 1, batch 1: 3 NORMAL, 7 PNEUMONIA in one run and 10 NORMAL, 0 PNEUMONIA in the "
        "other."
    )


def test_a_dropped_tail_is_a_batch_that_one_run_lacks(trace: dict[str, Any]) -> None:
    other = copy.deepcopy(trace)
    other["epochs"][0] |= {"order": "o2", "batch_orders": ["b1"], "mix": [[3, 7]]}
    found = parted(trace, other)
    assert found is not None and found.step == {"epoch": 1, "batch": 2}
    assert (found.a, found.b) == ("6 NORMAL, 4 PNEUMONIA", "nothing")


def test_features_that_differ_in_the_last_bits_are_said_to_differ_by_rounding(trace: dict[str, Any]) -> None:
    other = copy.deepcopy(trace)
    other["samples"][0]["features"] = "v2"
    found = parted(trace, other)
    assert found is not None and found.sentence.endswith("the difference is within rounding.")


def test_of_several_differences_the_earliest_in_the_computation_is_named(trace: dict[str, Any]) -> None:
    other = copy.deepcopy(trace)
    other["epochs"][0]["losses"] = [9.0, 9.0]
    other["hashes"]["head"] = "h0"
    other["samples"][0]["input"] = "i2"
    found = parted(trace, other)
    assert found is not None and found.stage == "preprocessed input"


def test_a_run_that_goes_on_longer_parts_where_the_other_ends(trace: dict[str, Any]) -> None:
    other = copy.deepcopy(trace)
    other["epochs"].pop()
    found = parted(trace, other)
    assert found is not None and (found.stage, found.step, found.a, found.b) == ("number of epochs", {"epoch": 2}, 2, 1)


def test_a_feature_that_only_one_run_recorded_is_no_divergence(trace: dict[str, Any]) -> None:
    other = copy.deepcopy(trace)
    other["samples"][1]["features"] = None
    assert parted(trace, other) is None
