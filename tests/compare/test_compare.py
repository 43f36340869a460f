"""Two runs side by side: only what differs, and every part of the answer where a run lacks it."""

from typing import Any

import pytest

from core import files
from core.compare.compare import compare, config_differences, probe_path
from core.config import make_config
from core.notation.augmentation import STEPS_OF_PRESET
from core.store.runs import Run, RunStore
from tests.notation.one_value import HEAD, HEAD_CHANGES, SAME_HEADS, SAME_STEPS, STEP_CHANGES, STEPS

ENVIRONMENT = {"python": "3.11", "tensorflow": "2.21", "keras": "3.15", "parity": "abc"}
MANIFEST = {
    "root": "x",
    "classes": ["a", "b"],
    "train": [{"path": "train/a/1.png", "sha256": "1", "label": "a"}, {"path": "2", "sha256": "2", "label": "b"}],
    "val": [{"path": "3", "sha256": "3", "label": "a"}, {"path": "4", "sha256": "4", "label": "b"}],
    "test": [],
}
EPOCH = {
    "epoch": 1, "phase": "training", "draw": 0, "order": "o", "batch_orders": ["b"], "mix": [[5, 5]], "losses": [0.7],
    "gradient_norms": [1.0], "head": "h1", "base": None, "loss": 0.6, "accuracy": 0.7, "val_loss": 0.5,
    "val_accuracy": 0.8, "val_auc": 0.9, "positive_share": 0.5, "predicted_class": "a", "predicted_share": 0.5,
    "prediction_std": 0.3, "best_threshold_accuracy": 0.8, "dead_units": None, "feature_mean": 0.1, "feature_std": 0.1,
}  # fmt: skip


def make_run(name: str, settings: dict[str, Any] | None = None, *, manifest: Any = MANIFEST, **changes: Any) -> Run:
    """A run with two epochs of events and one of trace; `changes` go into its trace."""
    run = RunStore().create(make_config("sample", settings or {}, name=name))
    files.write_json(run.path / "manifest.json", manifest)
    trace = {
        "format": 1,
        "environment": ENVIRONMENT,
        "data": {"train": "t", "val": "v", "labels": "l"},
        "classes": ["a", "b"],
        "hashes": {"base": "w", "statistics": None, "head": "h"},
        "samples": [],
        "inputs": [],
        "epochs": [EPOCH],
        **changes,
    }
    files.write_json(run.path / "trace.json", trace)
    for number, accuracy in ((1, 0.9), (2, 0.8)):
        run.add_event("epoch", epoch=number, val_accuracy=accuracy, val_auc=None, val_loss=1 - accuracy)
    return run


def test_two_equal_runs_differ_in_nothing() -> None:
    record = compare(make_run("a"), make_run("b"))
    assert record["differences"] == {"config": [], "data": [], "environment": []}
    assert (record["titles"], record["first_divergence"], record["probe"]) == (["a", "b"], None, None)
    assert record["divergence"] == "No divergence recorded: the two computations agree in all 1 epochs."
    assert record["findings"] == {"a": [], "b": []}
    assert record["paired"] == {"reason": "Run “a” has no predictions on validation images yet."}


def test_final_best_and_saved_figures_stand_beside_each_other() -> None:
    a, b = make_run("a"), make_run("b")
    files.write_json(b.path / "evaluation.json", {"val": {"accuracy": 0.7, "auc": 0.75, "loss": 0.6}})
    metrics = compare(a, b)["metrics"]
    assert metrics["final val_accuracy"] == [0.8, 0.8]
    assert metrics["best val_accuracy"] == [0.9, 0.9]
    assert metrics["best val_loss"] == pytest.approx([0.1, 0.1])
    assert metrics["saved val_accuracy"] == [None, 0.7]
    assert metrics["saved val_loss"] == [None, 0.6]
    assert metrics["best val_auc"] == [None, None]
    assert metrics["epochs"] == [2, 2]


def test_only_the_settings_that_differ_are_listed() -> None:
    a, b = make_run("a"), make_run("b", {"data.shuffle": "none", "training.seed": 2})
    assert config_differences(a, b) == [
        {"key": "data.shuffle", "a": "samples", "b": "none"},
        {"key": "training.seed", "a": 1, "b": 2},
    ]


def test_one_thing_said_in_two_forms_is_no_difference() -> None:
    short = make_run("short", {"model.dense_units": 8, "model.dropout": 0.4, "data.augmentation": "medical"})
    same: dict[str, Any] = {"model.head": "Dropout(0.4), Dense(8, relu), Dropout(0.4)"}
    same["data.augmentation"] = STEPS_OF_PRESET["medical"].split(", ")
    assert config_differences(short, make_run("written", same)) == []
    other = make_run("other", {"model.head": "dense 8 relu", "data.augmentation": "medical"})
    assert config_differences(short, other) == [
        {"key": "model.head", "a": "dropout 0.4, dense 8 relu, dropout 0.4", "b": "dense 8 relu"}
    ]


@pytest.mark.parametrize(
    ("key", "value", "same", "others"),
    [("model.head", HEAD, SAME_HEADS, HEAD_CHANGES), ("data.augmentation", STEPS, SAME_STEPS, STEP_CHANGES)],
    ids=["head", "augmentation"],
)
def test_a_list_that_differs_in_one_value_is_one_difference(key: str, value: str, same: Any, others: Any) -> None:
    first = make_run("first", {key: value})
    assert len({value, *others}) == 1 + len(others)
    for written in same:
        assert config_differences(first, make_run("same", {key: written})) == []
    for other in others:
        assert config_differences(first, make_run("other", {key: other})) == [{"key": key, "a": value, "b": other}]


def test_files_labels_and_counts_that_differ_are_listed() -> None:
    other = {
        **MANIFEST,
        "train": [{"path": "9", "sha256": "1", "label": "b"}, {"path": "2", "sha256": "2", "label": "b"}],
        "val": [{"path": "3", "sha256": "3", "label": "a"}],
    }
    assert compare(make_run("a"), make_run("b", manifest=other))["differences"]["data"] == [
        {"what": "validation images that only this run has", "a": "1 of 2", "b": "0 of 1"},
        {"what": "labels of 1 images, for instance", "a": "a", "b": "b"},
        {"what": "number of validation images", "a": 2, "b": 1},
    ]


def test_versions_and_machine_that_differ_are_listed() -> None:
    b = make_run("b", environment={**ENVIRONMENT, "keras": "3.16", "processor": "fast"})
    assert compare(make_run("a"), b)["differences"]["environment"] == [
        {"what": "Keras", "a": "3.15", "b": "3.16"},
        {"what": "processor", "a": None, "b": "fast"},
    ]


def test_the_first_divergence_is_plain_values() -> None:
    record = compare(make_run("a"), make_run("b", epochs=[{**EPOCH, "losses": [0.9]}]))
    assert record["first_divergence"] == {
        "stage": "loss",
        "step": {"epoch": 1, "batch": 1},
        "a": 0.7,
        "b": 0.9,
        "sentence": "In epoch 1, batch 1 the same input and the same weights give a different loss: 0.7 in one run "
        "and 0.9 in the other.",
    }
    assert record["divergence"] == record["first_divergence"]["sentence"]


def test_a_run_without_a_trace_is_said_to_have_none() -> None:
    a, b = make_run("a"), make_run("b")
    (b.path / "trace.json").unlink()
    record = compare(a, b)
    assert record["first_divergence"] is None
    assert record["divergence"] == "Run “b” has no trace, so the first divergence cannot be found."


def test_two_queued_runs_can_be_compared_too() -> None:
    store = RunStore()
    record = compare(*(store.create(make_config("sample", {}, name=name)) for name in "ab"))
    assert record["differences"] == {"config": [], "data": [], "environment": []}
    assert record["metrics"]["final val_accuracy"] == [None, None]


def test_findings_before_and_during_training_are_both_there() -> None:
    b = make_run("b", hashes={"base": "w", "statistics": None, "head": "h", "base_after": "w2"})
    files.write_json(b.path / "findings.json", {"findings": [{"id": "early", "severity": "info", "claim": "x"}]})
    assert [f["id"] for f in compare(make_run("a"), b)["findings"]["b"]] == ["early", "base-moved-although-frozen"]


def test_a_probe_that_was_measured_is_part_of_the_answer() -> None:
    a, b = make_run("a"), make_run("b")
    files.write_json(probe_path(a, b), {"stages": [{"stage": "features", "largest_difference": 0.0}]})
    assert compare(a, b)["probe"] == [{"stage": "features", "largest_difference": 0.0}]
    assert compare(b, a)["probe"] is None
