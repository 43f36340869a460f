"""The trace: what a training leaves behind, without changing a bit of what it learns."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import core.engine.train.phases
import core.engine.train.training
from core.engine.reporter import Reporter
from core.engine.train.checkpoint import CheckpointFolder
from core.engine.train.describe import best_threshold, describe_answers
from core.engine.train.trace import DETAILED, TraceWriter
from core.store.runs import Run

pytestmark = pytest.mark.usefixtures("thin")

SMALL: dict[str, Any] = {
    "data.image_size": 32,
    "data.batch_size": 10,
    "model.backbone": "EfficientNetLite0",
    "model.dense_units": 8,
    "training.epochs": 2,
    "training.early_stopping": 0,
}
LITERAL = {"training.mode": "end_to_end", "training.literal": True}


def trace_of(run: Run) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((run.path / "trace.json").read_text())
    return record


def learnt(run: Run) -> list[Any]:
    checkpoint = CheckpointFolder(run.path / "resume").load()
    assert checkpoint is not None
    return checkpoint.arrays


@pytest.fixture
def images(image_folder: Any) -> Path:
    folder: Path = image_folder(train=(13, 12), val=(6, 6), size=32)
    return folder


def test_the_best_threshold_is_the_best_of_all_thresholds() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        labels, scores = rng.integers(0, 2, 12), rng.integers(0, 5, 12) / 4
        obvious = max(((scores > t) == labels).mean() for t in (-1, *scores))
        assert best_threshold(labels, scores) == pytest.approx(obvious)


def test_one_class_for_every_image_is_described_as_such() -> None:
    answers = describe_answers(np.array([0, 0, 1, 1]), np.array([[0.4, 0.6]] * 4), ["a", "b"])
    assert answers == {
        "val_log_loss": 0.713558,  # -(ln 0.4 + ln 0.6) / 2
        "positive_share": 1.0,
        "predicted_class": "b",
        "predicted_share": 1.0,
        "prediction_std": 0.0,
        "best_threshold_accuracy": 0.5,
        "confidence": 0.6,
        "confusion": [[0, 2], [0, 2]],
    }


def test_of_three_classes_the_share_is_that_of_the_most_frequent_answer() -> None:
    answers = describe_answers(np.array([0, 1, 2, 2]), np.eye(3, dtype=np.float32)[[0, 1, 1, 1]], ["a", "b", "c"])
    assert (answers["positive_share"], answers["predicted_class"]) == (0.75, "b")
    assert answers["best_threshold_accuracy"] is None


@pytest.mark.slow
def test_a_trace_says_what_each_batch_held_and_what_it_cost(images: Path, train_here: Any) -> None:
    trace = trace_of(train_here(images, {**SMALL, "data.shuffle": "none"}))
    assert [epoch["epoch"] for epoch in trace["epochs"]] == [1, 2]
    epoch = trace["epochs"][0]
    assert epoch["mix"] == [[10, 0], [3, 7], [0, 5]]
    assert len(epoch["losses"]) == len(epoch["gradient_norms"]) == len(epoch["batch_orders"]) == 3
    assert all(value > 0 for value in (*epoch["losses"], *epoch["gradient_norms"]))
    assert np.average(epoch["losses"], weights=[10, 10, 5]) == pytest.approx(epoch["loss"], rel=1e-5)
    assert epoch["order"] == trace["epochs"][1]["order"], "the order on disk is that of every epoch"
    assert 0 <= epoch["dead_units"] <= 1 and epoch["feature_std"] > 0 and epoch["prediction_std"] > 0
    assert [item["batch"] for item in trace["inputs"]] == [1, 2]
    assert trace["inputs"][0]["kind"] == "features" and trace["inputs"][0]["pixels"] is None


@pytest.mark.slow
def test_cached_and_literal_runs_have_the_same_trace_up_to_what_the_network_is_given(
    images: Path, train_here: Any
) -> None:
    settings = {**SMALL, "data.augmentation": "question"}
    cached, literal = (trace_of(train_here(images, {**settings, **extra})) for extra in ({}, LITERAL))
    assert cached["data"] == literal["data"] and cached["samples"] == literal["samples"]
    assert {sample["draw"] for sample in cached["samples"]} == {0, 1}
    assert cached["hashes"] == literal["hashes"]
    assert cached["hashes"]["base"] == cached["hashes"]["base_after"]
    assert cached["hashes"]["head"] != cached["hashes"]["head_after"]
    for one, other in zip(cached["epochs"], literal["epochs"], strict=True):
        for name in ("order", "batch_orders", "mix", "head"):
            assert one[name] == other[name], name
        for name in ("losses", "gradient_norms"):
            assert one[name] == pytest.approx(other[name], rel=1e-5), name
    assert literal["inputs"][0]["kind"] == "pixels" and literal["inputs"][0]["features"] is None


@pytest.mark.slow
@pytest.mark.parametrize("extra", [{}, LITERAL])
def test_what_is_learnt_is_bit_identical_without_the_traced_step(
    images: Path, train_here: Any, monkeypatch: pytest.MonkeyPatch, extra: dict[str, Any]
) -> None:
    settings = {**SMALL, "model.dropout": 0.5, **extra}
    traced = train_here(images, settings)
    lay_keras_step(monkeypatch)
    check_same(traced, train_here(images, settings))


@pytest.mark.slow
def test_an_unfrozen_base_is_seen_to_move_and_its_statistics_to_stay_and_its_traced_step_changes_no_bit(
    images: Path, train_here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {**SMALL, "model.dropout": 0.5, "training.mode": "end_to_end", "training.unfreeze_from": "all"}
    traced = train_here(images, settings)
    hashes = trace_of(traced)["hashes"]
    assert hashes["base"] != hashes["base_after"]
    assert hashes["statistics"] == hashes["statistics_after"]
    lay_keras_step(monkeypatch)
    check_same(traced, train_here(images, settings))


def lay_keras_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras' own training step in the place of the traced one."""
    monkeypatch.setattr(core.engine.train.phases, "TracedSequential", keras.Sequential)
    monkeypatch.setattr(core.engine.train.phases, "TracedModel", keras.Model)


def check_same(traced: Run, plain: Run) -> None:
    """Fails unless a run with the traced step has learnt what one with Keras' own has."""
    assert not trace_of(plain)["epochs"][0]["losses"]
    for one, other in zip(learnt(traced), learnt(plain), strict=True):
        np.testing.assert_array_equal(one, other)
    for name in ("loss", "accuracy", "auc", "val_loss"):
        assert traced.history()[name] == plain.history()[name], name


@pytest.mark.slow
def test_a_resumed_run_has_the_trace_of_an_unbroken_one(
    images: Path, train_here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {**SMALL, "training.epochs": 3}
    whole = train_here(images, settings)
    begin = TraceWriter.begin_epoch

    def break_down(self: Any, epoch: int, *args: Any, **kwargs: Any) -> Any:
        if epoch == 2:
            raise KeyboardInterrupt
        return begin(self, epoch, *args, **kwargs)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(TraceWriter, "begin_epoch", break_down)
        train_here(images, settings)
    from core.store.runs import RunStore

    broken = RunStore().list()[0]
    stale = trace_of(broken)
    assert [epoch["epoch"] for epoch in stale["epochs"]] == [1, 2]
    # An epoch that was recorded, but whose checkpoint was not reached any more, is recorded anew.
    stale["epochs"].append({**stale["epochs"][1], "epoch": 3, "head": "stale"})
    (broken.path / "trace.json").write_text(json.dumps(stale))
    reporter = Reporter(broken)
    reporter.finish(core.engine.train.training.train(reporter), "")
    assert trace_of(broken) == trace_of(whole)


@pytest.mark.slow
def test_beyond_the_limit_an_epoch_is_only_summed_up(
    images: Path, train_here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert DETAILED > 0
    monkeypatch.setattr(core.engine.train.trace, "DETAILED", 4)
    first, second = trace_of(train_here(images, SMALL))["epochs"]
    assert len(first["losses"]) == 3
    assert (second["losses"], second["mix"], second["batches"]) == ([], [], 3)
    assert second["greatest_norm"] > 0 and second["order"] != first["order"]
