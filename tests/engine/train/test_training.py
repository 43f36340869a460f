"""The story of a run, told on tiny images in this process."""

import csv
import itertools
import json
import re
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

from core.config import make_config
from core.course.during import trace_findings
from core.data import images
from core.data.feature_cache import feature_cache
from core.data.images import load
from core.engine.reporter import Reporter
from core.engine.train.checkpoint import CheckpointFolder, Progress
from core.engine.train.early_stopping import judge, reduced
from core.engine.train.epochs import Training
from core.engine.train.traced import TracedSequential
from core.engine.train.training import train
from core.errors import ConfigError, UserError
from core.estimate.measured import Cost, costs
from core.stats import metrics
from core.store.runs import Run, RunStore

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("thin")]

TINY: dict[str, Any] = {
    "data.image_size": 32,
    "data.batch_size": 8,
    "model.dropout": 0.3,
    "training.epochs": 4,
    "training.learning_rate": 0.01,
    "training.early_stopping": 0,
}

LISTS: dict[str, Any] = {
    "model.dropout": 0, "model.head": "dropout 0.2, dense 8 relu l2=0.01, batch_norm, dropout 0.3",
    "data.augmentation": "flip, crop 0.8, rotation 20, contrast 0.2", "data.augmentation_draws": 2,
    "training.momentum": 0.9, "training.label_smoothing": 0.1,
}  # fmt: skip

PLATEAU: dict[str, Any] = {
    "training.reduce_on_plateau": 1, "training.learning_rate": 1.0, "training.val_loss": "log_loss",
}  # fmt: skip
"""A rate at which the validation loss goes up and down, so that it is halved more than once."""


STAGES: dict[str, Any] = {
    "training.mode": "fine_tune", "training.finetune_stages": 2, "training.block_rate_factor": 0.5,
    "training.finetune_learning_rate": 1e-3, "training.epochs": 1,
}  # fmt: skip


def new_run(folder: Path, settings: dict[str, Any]) -> Run:
    return RunStore().create(make_config(str(folder), {**TINY, **settings}))


def rates(run: Run) -> list[Any]:
    """The learning rate of every epoch."""
    return [record.learning_rate for record in run.epochs()]


def arrays(run: Run) -> list[Any]:
    checkpoint = CheckpointFolder(run.path / "resume").load()
    assert checkpoint is not None
    return checkpoint.arrays


class StopAfter(Reporter):
    """A reporter whose person asks for a stop at batch `batch` of epoch `epoch`."""

    def __init__(self, run: Run, epoch: int, batch: int) -> None:
        super().__init__(run)
        self.when = (epoch, batch)

    def batch(self, number: int, **changes: Any) -> None:
        super().batch(number, **changes)
        if (self.status.epoch, number) == self.when:
            self.request_stop()


@pytest.fixture(scope="module")
def once(tmp_path_factory: Any, lay_images: Any, thin: None) -> Path:
    """A folder with images, and a home with what a run of TINY on them has left."""
    folder: Path = tmp_path_factory.mktemp("once")
    images = lay_images(folder / "pictures", train=(12, 12), val=(6, 6))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARITY_HOME", str(folder / "home"))
        reporter = Reporter(new_run(images, {}))
        reporter.finish(train(reporter), "")
    return folder


@pytest.fixture
def trained(once: Path, home: Path) -> Run:
    """That run, in the home of a test."""
    shutil.copytree(once / "home", home)
    return RunStore().list()[0]


class Timed(Reporter):
    """A reporter that notes what is said to be left of the whole run."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.left: list[tuple[str, float | None]] = []

    def _change(self, changes: dict[str, Any], *, urgent: bool) -> None:
        super()._change(changes, urgent=urgent)
        self.left.append((self.status.phase, self.status.run_seconds_left))


class Tuned(NamedTuple):
    """What was seen of a run that was fine-tuned."""

    run: Run
    left: list[tuple[str, float | None]]
    costs: tuple[Cost, ...]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: Any, lay_images: Any, thin: None) -> Tuned:
    folder = tmp_path_factory.mktemp("tuned")
    settings = {
        "training.mode": "fine_tune", "training.unfreeze_from": "top", "training.finetune_learning_rate": 1e-3,
        "training.epochs": 3, "training.finetune_epochs": 2,
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARITY_HOME", str(folder / "home"))
        run = new_run(lay_images(folder / "timed", train=(16, 16), val=(4, 4)), settings)
        reporter = Timed(run)
        assert train(reporter) == "finished"
        return Tuned(run, reporter.left, costs())


def test_a_run_learns_and_leaves_every_file_it_promises(image_folder: Any, train_here: Any) -> None:
    folder = image_folder(train=(20, 20), val=(6, 6), test=(4, 4))
    run = train_here(folder, {**TINY, "model.dropout": 0, "training.epochs": 12})
    assert [record.epoch for record in run.epochs()] == list(range(1, 13))
    assert run.history()["val_accuracy"][-1] >= 0.9
    evaluation = run.evaluation()
    assert evaluation.weights == "epoch 12, the last"
    assert evaluation.val.count == 12
    assert evaluation.test.count == 8
    assert evaluation.val.accuracy == pytest.approx(run.history()["val_accuracy"][-1])
    assert evaluation.val.interval == list(metrics.wilson(evaluation.val.correct, 12))
    assert np.sum(evaluation.val.confusion) == 12
    with (run.path / "predictions.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["split"] for row in rows] == ["val"] * 12 + ["test"] * 8
    assert list((run.path / "tensorboard" / "validation").glob("events.out.tfevents*"))
    assert run.classes() == ["a", "b"]


def test_the_saved_model_takes_raw_pixels_and_gives_the_probabilities_that_were_reported(trained: Run) -> None:
    run, folder = trained, Path(trained.config().dataset)
    with (run.path / "predictions.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    model = keras.saving.load_model(run.path / "model.keras")
    pixels = np.stack([load(folder / row["file"], 32) for row in rows])
    np.testing.assert_allclose(
        model.predict(pixels, verbose=0)[:, 0], [float(row["p(b)"]) for row in rows], atol=2e-6
    )  # fmt: skip


def test_ten_classes_end_in_softmax_with_weights_by_class_and_the_step_is_traced_once(
    image_folder: Any, train_here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced: list[int] = []
    step = TracedSequential.train_step

    def counted(self: Any, data: Any) -> Any:
        traced.append(1)
        return step(self, data)

    monkeypatch.setattr(TracedSequential, "train_step", counted)
    folder = image_folder(train=(6,) * 9 + (12,), val=(2,) * 10)
    run = train_here(folder, {**TINY, "training.class_weight": "balanced", "training.epochs": 2})
    assert len(traced) == 1, "variables that come with the first step have it traced again"
    evaluation = run.evaluation()
    assert len(evaluation.val.roc) == 10
    assert np.shape(evaluation.val.confusion) == (10, 10)
    model = keras.saving.load_model(run.path / "model.keras")
    assert model.output_shape == (None, 10)
    assert model.predict(np.zeros((1, 32, 32, 3)), verbose=0).sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("settings", "breaks"),
    [
        ({**LISTS, "training.optimizer": "sgd", "training.nesterov": True, "training.schedule": "cosine"}, [3]),
        ({"training.early_stopping": 2, "data.augmentation": "question", "training.optimizer": "sgd"}, [2]),
        ({**PLATEAU, "training.epochs": 5}, [4]),
        ({"training.mode": "end_to_end", "training.unfreeze_from": "top", "training.epochs": 3}, [2]),
        ({"training.mode": "end_to_end", "training.mixup": 0.4, "training.epochs": 3}, [2]),
        ({**STAGES, "training.finetune_epochs": 2, "training.mixup": 1, "training.class_weight": "balanced"}, [3, 4]),
        (
            {**LISTS, "training.mode": "fine_tune", "training.epochs": 2, "training.finetune_epochs": 2,
             "training.optimizer": "rmsprop", "training.schedule": "exponential"},
            [2, 4],
        ),
        (
            {**STAGES, "training.finetune_epochs": 2, "training.early_stopping": 2, "training.optimizer": "adamw"},
            [4, 5],
        ),
    ],
    ids=["lists", "early stopping", "reduce on plateau", "unfrozen", "mixup", "mixup in stages", "fine-tune",
         "second stage"],
)  # fmt: skip
def test_a_stopped_and_resumed_run_ends_with_the_numbers_of_an_unbroken_one(
    image_folder: Any, settings: dict[str, Any], breaks: list[int]
) -> None:
    folder = image_folder(train=(12, 12), val=(4, 4))
    unbroken, broken = new_run(folder, settings), new_run(folder, settings)
    assert train(Reporter(unbroken), with_reference=False) == "finished"
    for epoch in breaks:
        assert train(StopAfter(broken, epoch, 2)) == "stopped"
        assert broken.evaluation().weights == f"stopped in epoch {epoch}"  # type: ignore[union-attr]
        assert broken.has_model()
    assert train(Reporter(broken)) == "finished"
    for one, other in zip(arrays(unbroken), arrays(broken), strict=True):
        np.testing.assert_array_equal(one, other)
    assert broken.history() == unbroken.history()
    assert rates(broken) == rates(unbroken)
    if settings.get("training.reduce_on_plateau"):
        assert len(set(rates(unbroken)[: breaks[0]])) > 1, "the rate was never halved before the break"
    assert broken.evaluation() == unbroken.evaluation()


def test_a_stop_before_the_first_batch_leaves_no_model(image_folder: Any) -> None:
    run = new_run(image_folder(train=(12, 12), val=(4, 4)), {})
    reporter = Reporter(run)
    reporter.request_stop()
    assert train(reporter) == "stopped"
    assert not run.has_model()
    assert run.evaluation() is None


def test_settings_that_leave_no_batch_end_in_a_sentence_and_keep_the_finding(image_folder: Any) -> None:
    run = new_run(image_folder(train=(6, 6), val=(4, 4)), {"data.batch_size": 64, "data.drop_remainder": True})
    with pytest.raises(ConfigError, match="The 12 training images do not fill one batch of 64"):
        train(Reporter(run))
    assert "steps-zero" in [finding.id for finding in run.findings()]


def test_early_stopping_keeps_the_best_epoch(image_folder: Any, train_here: Any) -> None:
    settings = {**TINY, **PLATEAU, "training.epochs": 30, "training.early_stopping": 2, "training.reduce_on_plateau": 0}
    run = train_here(image_folder(train=(12, 12), val=(4, 4)), settings)
    losses = run.history()["val_loss"]
    best = int(np.argmin(losses))
    assert len(losses) == best + 3, "two epochs without a lower loss end the run"
    assert run.evaluation().weights == f"epoch {best + 1}, the best"
    assert run.figures("val").loss == pytest.approx(losses[best])


def test_the_rate_is_halved_whenever_the_loss_has_not_fallen_for_so_many_epochs(
    image_folder: Any, train_here: Any
) -> None:
    rate = {**PLATEAU, "training.optimizer": "sgd", "training.learning_rate": 3.0, "training.reduce_on_plateau": 2}
    settings = {**TINY, **rate, "training.epochs": 12}
    run = train_here(image_folder(train=(12, 12), val=(4, 4)), settings)
    expected, best, waited = [3.0], float("inf"), 0
    for loss in run.history()["val_loss"]:  # as Keras' ReduceLROnPlateau has it, without a least difference
        best, waited = (loss, 0) if loss < best else (best, waited + 1)
        expected.append(expected[-1] / 2 if waited == 2 else expected[-1])
        waited = 0 if waited == 2 else waited
    assert rates(run) == expected[:-1]
    assert rates(run)[-1] < 3.0
    told = [event for event in run.events() if event.event == "learning rate"]
    assert [event.to_dict()["rate"] for event in told] == sorted({*rates(run)} - {3.0}, reverse=True)
    assert told[0].message.startswith(f"The learning rate goes from 3 to 1.5 after epoch {told[0].epoch}: ")


def test_balanced_weights_count_every_class_alike(image_folder: Any) -> None:
    from core.data.dataset import open_dataset
    from core.engine.train.context import make_training_context

    config = make_config(str(image_folder(train=(6, 18), val=(2, 2))), {**TINY, "training.class_weight": "balanced"})
    dataset = open_dataset(config.dataset, config.data)
    context = make_training_context(config, dataset, Reporter(RunStore().create(config)))
    labels = dataset.labels(dataset.split.train)
    weights = context.sample_weights(labels)
    assert weights is not None
    assert [set(weights[labels == k].tolist()) for k in (0, 1)] == [{2.0}, {np.float32(2 / 3)}]
    assert weights[labels == 0].sum() == pytest.approx(weights[labels == 1].sum())
    assert weights.mean() == pytest.approx(1.0)


def test_fine_tuning_moves_only_the_blocks_it_names(tuned: Tuned) -> None:
    from core.models.build import build_base
    from core.models.catalogue import find

    run = tuned.run
    assert [record.phase for record in run.epochs()] == [*["training"] * 3, *["finetuning"] * 2]
    trained = keras.saving.load_model(run.path / "model.keras").get_layer("base")
    fresh = build_base(find("EfficientNetLite0"), image_size=32)
    moved = [
        one.path
        for one, other in zip(trained.weights, fresh.weights, strict=True)
        if not np.array_equal(one.numpy(), other.numpy())
    ]
    assert moved
    assert all(path.split("/")[-2].startswith("top") for path in moved)
    assert not any("moving" in path for path in moved), "batch normalisation's statistics stay put"


def test_each_stage_trains_one_block_more_each_block_at_its_own_rate(
    image_folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One batch an epoch and one epoch a stage: as Adam's first step is as long as the rate, so is what moves."""
    seen: list[dict[str, Any]] = []
    messages: list[str] = []

    class Watching(Reporter):
        def phase(self, name: str, message: str, **facts: Any) -> None:
            messages.append(message)
            super().phase(name, message, **facts)

    def validate(self: Training, phase: Any, logs: dict[str, float]) -> Any:
        seen.append({weight.path: weight.numpy() for weight in self.context.base.weights})
        return original(self, phase, logs)

    original = Training._validate
    monkeypatch.setattr(Training, "_validate", validate)
    settings = {**STAGES, "data.batch_size": 32, "training.finetune_stages": 3, "training.finetune_epochs": 1}
    run = new_run(image_folder(train=(12, 12), val=(4, 4)), settings)
    assert train(Watching(run)) == "finished"
    moved = [lengths(before, after) for before, after in itertools.pairwise(seen)]
    assert [sorted(blocks) for blocks in moved] == [["top"], ["block7", "top"], ["block6", "block7", "top"]]
    for blocks in moved:
        for block, length in blocks.items():
            assert length == pytest.approx(1e-3 * {"top": 1, "block7": 0.5, "block6": 0.25}[block], rel=0.01)
    assert [record.phase for record in run.epochs()] == ["training", "finetuning", "finetuning 2", "finetuning 3"]
    assert [message for message in messages if "epoch" in message.lower()] == [
        "Epoch 1 of 4.",
        "Fine-tuning the last block: epoch 2 of 4.",
        "Fine-tuning the last 2 blocks: epoch 3 of 4.",
        "Fine-tuning the last 3 blocks: epoch 4 of 4.",
    ]
    told = [event.message for event in run.events() if event.event == "stage"]
    assert told[1] == (
        "Stage 2 of 3 of fine-tuning begins with epoch 3: the last 2 blocks (from block7 on) and the head are trained."
    )
    epochs = json.loads((run.path / "trace.json").read_text())["epochs"]
    assert [epoch.get("moved_blocks") for epoch in epochs] == [
        None, ["top"], ["block7", "top"], ["block6", "block7", "top"]
    ]  # fmt: skip
    assert not [finding for finding in trace_findings(run) if finding.id.startswith("base-")]


def lengths(before: dict[str, Any], after: dict[str, Any]) -> dict[str, float]:
    """The longest step of any weight in each block whose weights are other ones."""
    found: dict[str, float] = {}
    for path, old in before.items():
        if (step := float(np.abs(after[path] - old).max())) > 0:
            assert "moving" not in path, "batch normalisation's statistics stay put"
            block = re.match(r"(?:.*/)?(top|block\d|stem)", path)[1]  # type: ignore[index]
            found[block] = max(found.get(block, 0.0), step)
    return found


def test_with_a_factor_of_one_keras_own_optimizer_trains(image_folder: Any) -> None:
    from core.data.dataset import open_dataset
    from core.engine.train.context import make_training_context
    from core.engine.train.phases import plan

    for factor, plain in ((1.0, True), (0.5, False)):
        config = make_config(
            str(image_folder(f"p{factor}", train=(2, 2), val=(1, 1))),
            {**TINY, **STAGES, "training.block_rate_factor": factor},
        )
        context = make_training_context(
            config, open_dataset(config.dataset, config.data), Reporter(RunStore().create(config))
        )
        phases = plan(context)
        assert [(phase.name, phase.epochs) for phase in phases] == [
            ("training", 1),
            ("finetuning", 5),
            ("finetuning 2", 5),
        ]
        assert [type(phase.make().model.optimizer) is keras.optimizers.Adam for phase in phases] == [True, plain, plain]


def test_a_checkpoint_of_a_phase_that_the_settings_lack_is_refused(trained: Run) -> None:
    run = trained
    state = json.loads((run.path / "resume" / "state.json").read_text())
    state[0]["progress"]["phase"] = "finetuning 2"
    (run.path / "resume" / "state.json").write_text(json.dumps(state))
    with pytest.raises(UserError, match=r"is of “finetuning 2”, which its settings do not have"):
        train(Reporter(run))


def test_what_is_left_of_the_whole_run_is_known_and_what_it_took_is_kept(tuned: Tuned) -> None:
    known = [(phase, seconds) for phase, seconds in tuned.left if seconds is not None]
    assert {"features", "training", "finetuning"} <= {phase for phase, _ in known}
    at_head = [seconds for phase, seconds in known if phase == "training"]
    at_end = [seconds for phase, seconds in known if phase == "finetuning"]
    assert max(at_head) > at_end[-1] >= 0
    kinds = {(cost.kind, cost.block) for cost in tuned.costs}
    assert {("features", ""), ("head", ""), ("prepare", ""), ("finish", "")} <= kinds
    assert any(kind == "images" and block for kind, block in kinds)
    assert all(cost.seconds > 0 for cost in tuned.costs)


def test_a_second_run_on_the_same_images_computes_no_features_again(
    trained: Run, train_here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(trained.config().dataset)
    decoded: list[Any] = []

    def counting(source: Any, size: Any, **how: Any) -> Any:
        decoded.append(source)
        return read(source, size, **how)

    read = images._read  # every decoding goes through it
    monkeypatch.setattr(images, "_read", counting)
    run = train_here(folder, {**TINY, "training.seed": 5, "model.dense_units": 8, "data.shuffle": "none"})
    assert len(run.epochs()) == 4
    assert not decoded


def test_of_two_classes_the_positive_one_is_what_the_run_answers(image_folder: Any, train_here: Any) -> None:
    run = train_here(
        image_folder(train=(12, 12), val=(4, 8)), {**TINY, "data.positive_class": "a", "training.epochs": 1}
    )
    record = run.evaluation()
    assert record is not None and record.val is not None
    assert record.classes == run.classes() == ["b", "a"]
    assert list(record.val.roc) == ["a"]
    assert [(row.name, row.support) for row in record.val.per_class] == [("b", 8), ("a", 4)]


def test_half_precision_features_change_little_and_are_kept_apart(trained: Run, train_here: Any) -> None:
    exact = trained
    half = train_here(Path(exact.config().dataset), {**TINY, "training.feature_precision": "float16"})
    stored = {np.load(path, mmap_mode="r").dtype.name for path in feature_cache().folder.glob("*.npy")}
    assert stored == {"float32", "float16"}
    losses = [[epoch.val_loss for epoch in run.epochs()] for run in (exact, half)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], abs=0.01)


def test_an_image_that_vanishes_while_training_is_named(image_folder: Any) -> None:
    folder = image_folder(train=(12, 12), val=(4, 4))
    run = new_run(folder, {"training.mode": "end_to_end", "training.literal": True})

    class Deleting(Reporter):
        def batch(self, number: int, **changes: Any) -> None:
            shutil.rmtree(folder / "train" / "a", ignore_errors=True)

    with pytest.raises(UserError, match=r"\d{3}\.png"):
        train(Deleting(run))


def test_a_damaged_checkpoint_gives_way_to_the_one_before_it(trained: Run) -> None:
    run = trained
    state = json.loads((run.path / "resume" / "state.json").read_text())
    assert [record["progress"]["epoch"] for record in state] == [4, 3]
    newest = run.path / "resume" / state[0]["arrays"]
    newest.write_bytes(newest.read_bytes()[:100])
    checkpoint = CheckpointFolder(run.path / "resume").load()
    assert checkpoint is not None
    assert checkpoint.progress.epoch == 3
    (run.path / "resume" / state[1]["arrays"]).unlink()
    with pytest.raises(UserError, match="the checkpoint in the run's resume folder is damaged"):
        CheckpointFolder(run.path / "resume").load()


@pytest.mark.parametrize(
    ("rate", "waited", "patience", "after"),
    [(1e-3, 2, 2, 5e-4), (1e-3, 4, 2, 5e-4), (1e-3, 3, 2, 1e-3), (1e-3, 0, 1, 1e-3), (1e-3, 3, 0, 1e-3),
     (1.5e-7, 1, 1, 1e-7), (1e-7, 1, 1, 1e-7)],
)  # fmt: skip
def test_the_rate_is_reduced_at_every_multiple_of_the_patience(
    rate: float, waited: int, patience: int, after: float
) -> None:
    assert reduced(rate, Progress(waited=waited), patience) == after


def test_the_validation_loss_is_that_of_keras_and_the_log_loss_of_the_evaluation_is_not(
    image_folder: Any, train_here: Any
) -> None:
    """L2 and smoothing are in the first, as in the training loss; the saved model says both over again."""
    folder = image_folder(train=(8, 8), val=(4, 4), size=32)
    chosen = {"model.head": "dense 4 relu l2=0.5", "model.dropout": 0, "training.label_smoothing": 0.2}
    run, older = (
        train_here(folder, {**TINY, **chosen, "training.epochs": 2, "training.val_loss": kind})
        for kind in ("objective", "log_loss")
    )
    model = keras.saving.load_model(run.path / "model.keras")
    model.compile("sgd", loss=keras.losses.BinaryCrossentropy(label_smoothing=0.2))
    record = run.data()
    pixels = np.stack([load(folder / str(one["path"]), 32) for one in record.val]).astype(np.float32)
    targets = np.array([[record.classes.index(str(one["label"]))] for one in record.val], np.float32)
    last, before = run.epochs()[-1], older.epochs()[-1]
    assert last.val_loss == pytest.approx(model.evaluate(pixels, targets, verbose=0), rel=1e-5)
    stated = run.figures("val").loss
    assert before.val_loss == pytest.approx(stated) and last.val_loss > stated + 0.5
    assert run.trace().epochs[-1].val_log_loss == pytest.approx(stated, rel=1e-5)
    assert [one.val_accuracy for one in run.epochs()] == [one.val_accuracy for one in older.epochs()]


def test_judge_counts_epochs_without_a_lower_loss() -> None:
    progress = Progress()
    for loss in (1.0, 0.5, 0.7, float("nan")):
        progress = judge(progress, loss, patience=2, last=10)
    assert (progress.best_epoch, progress.best_loss, progress.waited, progress.complete) == (2, 0.5, 2, True)
    assert not judge(Progress(), 1.0, patience=0, last=2).complete
    assert judge(Progress(epoch=1), 1.0, patience=0, last=2).complete


def test_predictions_give_back_the_auc_and_the_loss_that_are_stated(tmp_path: Any) -> None:
    """Sure networks crowd at 0 and 1: six decimals made ties there, and took 0.03 off the AUC."""
    from core.data.dataset_index import ImageFile
    from core.engine.train.evaluate import evaluate, keep_predictions
    from core.insight.answer import class_probabilities
    from core.insight.stored import stored_predictions
    from core.store.runs import Run

    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    scores = rng.normal(0, 12, 200) + 12 * labels
    probabilities = class_probabilities((1 / (1 + np.exp(-scores.astype(np.float32))))[:, None])
    images = [
        ImageFile(f"{k}.png", "ab"[label], "val", str(k), 1, 8, 8, "RGB", "PNG", 1) for k, label in enumerate(labels)
    ]
    stated = evaluate(images, labels, probabilities, ["a", "b"])
    keep_predictions(tmp_path / "predictions.csv", {"val": images}, {"val": probabilities}, ["a", "b"])
    kept = stored_predictions(Run(tmp_path), "val")
    assert kept is not None
    assert metrics.auc(kept.labels, kept.probabilities) == stated.auc
    assert metrics.cross_entropy(kept.labels, kept.probabilities) == pytest.approx(stated.loss, abs=1e-7)
    assert (metrics.decide(kept.probabilities) == metrics.decide(probabilities)).all()
