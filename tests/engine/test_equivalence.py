"""The product's name: training on cached features and literally end to end give the same numbers, bit for bit.

With negative controls: what must make a difference does.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

import core.data.pipeline
import core.engine.train.evaluate
import core.engine.train.training
import core.models.build
from core.config import make_config
from core.data.images import load
from core.data.rendering import Rendering
from core.engine.jobs.head_trials import HeadTrials
from core.engine.reporter import Reporter
from core.engine.train.checkpoint import CheckpointFolder
from core.engine.train.training import train
from core.export.labels import model_record
from core.store.run_images import run_loader
from core.store.runs import Run, RunStore
from tests.data.deep_files import dicom, tiff
from tests.models.families import first_layers

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {
    "data.image_size": 48,
    "data.batch_size": 20,
    "model.pooling": "flatten",
    "model.dense_units": 16,
    "model.dropout": 0.5,
    "training.epochs": 2,
    "training.early_stopping": 0,
}
BACKBONES = {
    "VGG16": "none",  # convolutions alone
    "EfficientNetLite0": "imagenet",  # batch normalisation, with statistics of its own
    "EfficientNetB0": "none",  # batch normalisation and dropout
}
FAST: dict[str, Any] = {
    "data.image_size": 32,
    "data.batch_size": 20,
    "training.epochs": 2,
    "training.early_stopping": 0,
}
LITERAL = {"training.mode": "end_to_end", "training.literal": True}


@pytest.fixture
def images(image_folder: Any) -> Path:
    """45 training images: two full batches of 20 and a partial one of 5."""
    folder: Path = image_folder(train=(25, 20), val=(6, 6), size=48)
    return folder


@pytest.fixture(autouse=True)
def only_what_is_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run keeps for others after its last epoch is not compared here, and takes as long as its training."""
    monkeypatch.setattr(core.engine.train.evaluate, "save_model", lambda *_: None)
    monkeypatch.setattr(core.engine.train.training, "keep_reference", lambda *_, **__: None)


@pytest.fixture(scope="module")
def built() -> dict[str, keras.Model]:
    """Frozen bases by what they were built of: nothing here trains them, so both ways may share one."""
    return {}


@pytest.fixture(autouse=True)
def lively_bases(monkeypatch: pytest.MonkeyPatch, built: dict[str, keras.Model]) -> None:
    """A random base with batch normalisation gives features of 1e-6 until its statistics are those of images."""
    build = core.models.build.build_base

    def build_lively(*args: Any, **settings: Any) -> keras.Model:
        key = repr((args, settings))
        if key not in built:
            built[key] = lively(build(*args, **settings), settings)
        return built[key]

    def lively(base: keras.Model, settings: dict[str, Any]) -> keras.Model:
        if settings["weights"] == "none":
            base.trainable = True
            for layer in base.layers:
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.momentum = 0.0
            keras.utils.set_random_seed(0)
            base(
                np.random.default_rng(0).uniform(0, 255, (16, *base.input_shape[1:])).astype(np.float32), training=True
            )
            base.trainable = False
        return base

    monkeypatch.setattr(core.models.build, "build_base", build_lively)


def lay_first_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first layers in the place of the whole backbone."""
    build = core.models.build.build_base

    def build_first(row: Any, **settings: Any) -> keras.Model:
        return first_layers(build(row, **settings))

    monkeypatch.setattr(core.models.build, "build_base", build_first)


def lay_tiny(monkeypatch: pytest.MonkeyPatch, dropout: float) -> None:
    """Two convolutions in the place of the backbone, each with dropout behind it where it is more than 0."""

    def build_tiny(*args: Any, image_size: int, pooling: str, **settings: Any) -> keras.Model:
        keras.utils.set_random_seed(3)
        inputs = keras.Input((image_size, image_size, 3), dtype="float32", name="input")
        x = keras.layers.Rescaling(1 / 255, name="preprocess")(inputs)
        for k in (1, 2):
            x = keras.layers.Conv2D(8, 3, 4, activation="relu", name=f"block{k}_conv")(x)
            x = keras.layers.Dropout(dropout, seed=k, name=f"block{k}_drop")(x) if dropout else x
        features = core.models.build.POOLING[pooling](name="features")(x)
        base = keras.Model(inputs, features, name="base")
        base.trainable = False
        return base

    monkeypatch.setattr(core.models.build, "build_base", build_tiny)


@pytest.fixture
def tiny_base(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked of heads, images and order needs no deep backbone."""
    lay_tiny(monkeypatch, 0.0)


@pytest.fixture
def tiny_base_with_dropout(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same of a base that has something to be kept silent."""
    lay_tiny(monkeypatch, 0.2)


def learnt(run: Run) -> list[Any]:
    """Every variable after the last epoch: head weights, dropout's seed state, the optimizer's moments."""
    checkpoint = CheckpointFolder(run.path / "resume").load()
    assert checkpoint is not None
    return checkpoint.arrays


def largest_difference(one: Run, other: Run) -> float:
    pairs = zip(learnt(one), learnt(other), strict=True)
    return max(float(np.max(np.abs(a.astype(np.float64) - b.astype(np.float64)))) for a, b in pairs)


@pytest.mark.parametrize("augmentation", ["none", "question"])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_bottleneck_and_literal_end_to_end_training_are_bit_identical(
    images: Path, train_here: Any, home: Path, backbone: str, augmentation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With augmentation the whole network; without, its first layers, in which every kind of its layers occurs."""
    weights = BACKBONES[backbone]
    if augmentation == "none":
        lay_first_layers(monkeypatch)
    settings = {**SMALL, "model.backbone": backbone, "model.weights": weights, "data.augmentation": augmentation}
    if backbone == "VGG16":
        settings["data.image_size"] = 32  # its last map is one place either way, and its convolutions take the time
    cached = train_here(images, settings)
    for entry in (home / "cache" / "features").glob("*.npy"):
        assert np.load(entry).std(axis=0).max() > 1e-3, "features of a constant would make any two runs equal"
    literal = train_here(images, {**settings, **LITERAL})
    assert largest_difference(cached, literal) == 0.0
    for name in ("loss", "accuracy", "val_loss", "val_accuracy", "val_auc"):
        assert cached.history()[name] == pytest.approx(literal.history()[name], abs=1e-5), name


@pytest.mark.usefixtures("tiny_base")
def test_the_two_ways_agree_whatever_the_fit(images: Path, train_here: Any) -> None:
    for number, path in enumerate(sorted(images.rglob("*.png"))):
        width, height = ((60, 30), (30, 64), (40, 40))[number % 3]
        Image.open(path).resize((width, height)).save(path)
    settings = {**SMALL, "model.backbone": "EfficientNetLite0", "data.augmentation": "light", "training.epochs": 1}
    runs = {}
    for fit in ("stretch", "letterbox", "crop"):
        runs[fit] = train_here(images, {**settings, "data.fit": fit})
        literal = train_here(images, {**settings, **LITERAL, "data.fit": fit})
        assert largest_difference(runs[fit], literal) == 0.0, fit
    for one, other in (("stretch", "letterbox"), ("letterbox", "crop")):
        assert largest_difference(runs[one], runs[other]) > 1e-4


ALL_STEPS = (
    "flip both, rotation 20, shift 0.1 reflect, zoom 0.2, shear 10, crop 0.8, brightness 0.2, contrast 0.2, "
    "channel_shift 20 each"
)


@pytest.mark.usefixtures("tiny_base")
def test_a_list_of_all_steps_is_bit_identical_in_both_ways_and_another_range_is_not(
    images: Path, train_here: Any
) -> None:
    settings = {**SMALL, "model.backbone": "EfficientNetLite0", "model.pooling": "average"}
    cached = train_here(images, {**settings, "data.augmentation": ALL_STEPS})
    literal = train_here(images, {**settings, **LITERAL, "data.augmentation": ALL_STEPS})
    assert largest_difference(cached, literal) == 0.0
    other = {"data.augmentation": ALL_STEPS.replace("rotation 20", "rotation 21")}
    assert largest_difference(literal, train_here(images, {**settings, **other})) > 1e-4


@pytest.mark.usefixtures("tiny_base")
def test_the_two_ways_and_the_answers_agree_on_deep_images_by_one_window(
    tmp_path: Path, home: Path, train_here: Any
) -> None:
    """12-bit DICOM and TIFF files of other shapes: the window is measured once, and kept with the run."""
    rng, classes = np.random.default_rng(0), {"dark": 800, "light": 2400}
    for part, count in (("train", 12), ("val", 4)):
        for label, top in classes.items():
            (tmp_path / part / label).mkdir(parents=True)
            for k in range(count):
                values = rng.integers(0, top, (40, 52 if k % 3 else 40), np.uint16)
                suffix, content = (".dcm", dicom(values, BitsStored=12)) if k % 2 else (".tif", tiff(values))
                (tmp_path / part / label / f"{k}{suffix}").write_bytes(content)
    settings = {**SMALL, "model.backbone": "EfficientNetLite0", "data.window": "percentile", "data.fit": "letterbox"}
    settings |= {"training.learning_rate": 0.01, "training.epochs": 3}
    cached, literal = train_here(tmp_path, settings), train_here(tmp_path, {**settings, **LITERAL})
    assert largest_difference(cached, literal) == 0.0
    window = cached.data().window
    assert window == literal.data().window
    low, high = window
    assert 0 <= low < 20
    assert 2300 < high < 2400
    full = train_here(tmp_path, {**settings, "data.window": "full"})
    assert full.data().window is None
    assert largest_difference(cached, full) > 1e-4
    for file in cached.data().val:
        path = Path(cached.data().root) / file["path"]
        as_trained = load(path, 48, Rendering("letterbox", (low, high)))
        np.testing.assert_array_equal(run_loader(cached)(path), as_trained)
    record = model_record(cached)
    assert (record["fit"], record["window"]) == ("letterbox", [low, high])


@pytest.mark.usefixtures("tiny_base")
def test_the_two_ways_halve_the_rate_in_the_same_epochs(images: Path, train_here: Any) -> None:
    """A decision that hangs on the validation loss, taken in both ways on the same numbers."""
    plateau = {"training.reduce_on_plateau": 1, "training.learning_rate": 10.0, "training.optimizer": "sgd"}
    settings = {**SMALL, "model.backbone": "EfficientNetLite0", "training.epochs": 5, **plateau}
    cached, literal = train_here(images, settings), train_here(images, {**settings, **LITERAL})
    rates = [[record.learning_rate for record in run.epochs()] for run in (cached, literal)]
    assert rates[0] == rates[1]
    assert len(set(rates[0])) > 1, "the rate was never halved, so nothing is shown"
    assert largest_difference(cached, literal) == 0.0


@pytest.mark.usefixtures("tiny_base")
def test_a_frozen_end_to_end_run_is_executed_on_the_cache_and_says_so_by_its_features(
    images: Path, train_here: Any, home: Path
) -> None:
    settings = {**SMALL, "model.backbone": "EfficientNetLite0", "model.pooling": "average"}
    cached = train_here(images, settings)
    entries = sorted(path.name for path in (home / "cache" / "features").iterdir())
    end_to_end = train_here(images, {**settings, "training.mode": "end_to_end"})
    assert sorted(path.name for path in (home / "cache" / "features").iterdir()) == entries
    assert largest_difference(cached, end_to_end) == 0.0


@pytest.mark.usefixtures("tiny_base")
def test_another_seed_or_order_makes_a_difference(images: Path, train_here: Any) -> None:
    settings = {**SMALL, "model.backbone": "EfficientNetLite0"}
    one = train_here(images, settings)
    others: list[dict[str, Any]] = [
        {"training.seed": 2}, {"data.shuffle": "none"}, {"data.shuffle": "batches"}, {"data.drop_remainder": True},
        {"data.sampling": "balanced"},
    ]  # fmt: skip
    for other in others:
        assert largest_difference(one, train_here(images, {**settings, **other})) > 1e-4, other


@pytest.mark.usefixtures("tiny_base_with_dropout")
def test_a_base_whose_dropout_stays_alive_makes_a_difference(
    images: Path, train_here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.models.build import FrozenBase

    settings = {**SMALL, "model.backbone": "EfficientNetLite0"}
    cached = train_here(images, settings)
    assert largest_difference(cached, train_here(images, {**settings, **LITERAL})) == 0.0
    monkeypatch.setattr(FrozenBase, "call", lambda self, images, training=None: self.base(images, training=training))
    assert largest_difference(cached, train_here(images, {**settings, **LITERAL})) > 1e-4


HEADS = {
    "max pooling and every kind of layer": (
        "max, dropout 0.3, dense 16 linear l2=0.01, batch_norm momentum=0.5, activation relu, dropout 0.5, "
        "dense 8 gelu, dropout 0.2, output l2=0.1"
    ),
    "flatten, batch normalisation first": "flatten, batch_norm, dense 8 tanh",
}


@pytest.mark.usefixtures("tiny_base")
@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_head_of_each_kind_is_the_same_in_both_ways_and_after_a_resume(
    images: Path, train_here: Any, head: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moving statistics of batch normalisation, penalties and every dropout's state among what is compared."""
    settings = {**FAST, "model.head": head}
    cached, literal = train_here(images, settings), train_here(images, {**settings, **LITERAL})
    assert largest_difference(cached, literal) == 0.0
    assert cached.history()["loss"] == pytest.approx(literal.history()["loss"], abs=1e-5)
    for way in ({}, LITERAL) if "max" in head else ():
        assert largest_difference(cached, resumed(images, {**settings, **way}, monkeypatch)) == 0.0


def resumed(images: Path, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that is stopped after its first epoch and goes on."""
    run = RunStore().create(make_config(str(images), settings))
    reporter = Reporter(run)
    with monkeypatch.context() as patch:
        patch.setattr(Reporter, "stop_requested", lambda self: len(run.epochs()) >= 1)
        assert train(reporter) == "stopped"
    assert len(run.epochs()) == 1
    assert train(Reporter(run)) == "finished"
    return run


@pytest.mark.usefixtures("tiny_base")
def test_what_a_head_is_made_of_makes_a_difference(images: Path, train_here: Any) -> None:
    base = train_here(images, {**FAST, "model.head": "batch_norm, dense 8 relu"})
    for other in ("batch_norm epsilon=0.1, dense 8 relu", "batch_norm, dense 8 relu l2=0.01"):
        assert largest_difference(base, train_here(images, {**FAST, "model.head": other})) > 1e-4, other


@pytest.mark.usefixtures("tiny_base")
def test_a_list_that_says_what_the_short_form_says_is_the_same_training(images: Path, train_here: Any) -> None:
    short = train_here(images, {**FAST, "model.dense_units": 8, "model.dropout": 0.4})
    written = train_here(images, {**FAST, "model.head": "dropout 0.4, dense 8 relu, dropout 0.4"})
    assert largest_difference(short, written) == 0.0


OPTIMIZERS: dict[str, dict[str, Any]] = {
    "momentum, cosine, smoothing": {
        "training.optimizer": "sgd", "training.momentum": 0.9, "training.nesterov": True,
        "training.schedule": "cosine", "training.label_smoothing": 0.1,
    },
    "weight decay, exponential, balanced sampling, focal loss": {
        "data.sampling": "balanced", "training.focal_gamma": 2, "training.focal_alpha": 0.3,
        "training.optimizer": "adamw", "training.weight_decay": 0.05, "training.schedule": "exponential",
        "training.schedule_epochs": 1, "training.schedule_end": 0.5,
    },
}  # fmt: skip


@pytest.mark.usefixtures("tiny_base")
@pytest.mark.parametrize("chosen", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_optimizer_of_each_kind_is_the_same_in_both_ways_after_a_resume_and_in_a_trial(
    images: Path, train_here: Any, chosen: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schedule's step goes on after the resume; a trial is a head among others that are put back to new."""
    settings = {**FAST, "model.head": "batch_norm, dense 8 relu l2=0.01, dropout 0.3", **chosen}
    cached = train_here(images, settings)
    assert largest_difference(cached, train_here(images, {**settings, **LITERAL})) == 0.0
    assert largest_difference(cached, resumed(images, settings, monkeypatch)) == 0.0
    rates = rates_of(cached)
    assert rates[0] > rates[1], "the rate has not fallen"
    trials = HeadTrials()
    for other in ({"training.seed": 2, "training.learning_rate": 0.1}, {}):
        run = RunStore().create(make_config(str(images), {**settings, **other}))
        assert trials.train(Reporter(run)) == "finished"
    assert run.history() == cached.history()
    assert rates_of(run) == rates


def rates_of(run: Run) -> list[float]:
    """The learning rate at the end of each epoch."""
    return [one.figure("learning_rate") or 0.0 for one in run.epochs()]


@pytest.mark.usefixtures("tiny_base")
def test_what_an_optimizer_is_told_makes_a_difference(images: Path, train_here: Any) -> None:
    settings = {**FAST, **OPTIMIZERS["momentum, cosine, smoothing"]}
    base = train_here(images, settings)
    for other in ({"training.nesterov": False}, {"training.label_smoothing": 0}, {"training.focal_gamma": 1}):
        assert largest_difference(base, train_here(images, {**settings, **other})) > 1e-5, other


@pytest.mark.usefixtures("tiny_base")
def test_a_frozen_run_with_mixup_is_trained_on_mixed_images(images: Path, train_here: Any, home: Path) -> None:
    """No features are computed for it; of images that are mixed with themselves it learns what it learns of images."""
    settings = {**FAST, "training.mode": "end_to_end", "model.dense_units": 8, "data.batch_size": 20}
    one, other = (train_here(images, {**settings, "training.mixup": alpha}) for alpha in (0.4, 0.4))
    assert not list((home / "cache" / "features").glob("*.npy"))
    assert largest_difference(one, other) == 0.0
    assert one.history() == other.history()
    plain = train_here(images, settings)
    assert largest_difference(one, plain) > 1e-4
    assert largest_difference(plain, train_here(images, {**settings, "training.mixup": 0, **LITERAL})) == 0.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core.data.pipeline, "mixture", lambda n, *_, **__: (np.arange(n), np.ones(n, np.float32)))
        unmixed = train_here(images, {**settings, "training.mixup": 0.4})
    assert largest_difference(plain, unmixed) == 0.0
    assert unmixed.history() == plain.history()
