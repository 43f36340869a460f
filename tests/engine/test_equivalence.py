"""The product's name: training on cached features and literally end to end give the same numbers, bit for bit.

With negative controls: what must make a difference does.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import core.models.build
from core.engine.train.checkpoint import CheckpointFolder
from core.store.runs import Run

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
LITERAL = {"training.mode": "end_to_end", "training.literal": True}


@pytest.fixture
def images(image_folder: Any) -> Path:
    """45 training images: two full batches of 20 and a partial one of 5."""
    folder: Path = image_folder(train=(25, 20), val=(6, 6), size=48)
    return folder


@pytest.fixture(autouse=True)
def lively_bases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A random base with batch normalisation gives features of 1e-6 until its statistics are those of images."""
    build = core.models.build.build_base

    def build_lively(*args: Any, **settings: Any) -> keras.Model:
        base = build(*args, **settings)
        if settings["weights"] == "none":
            base.trainable = True
            for layer in base.layers:
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.momentum = 0.0
            keras.utils.set_random_seed(0)
            base(np.random.default_rng(0).uniform(0, 255, (16, 48, 48, 3)).astype(np.float32), training=True)
            base.trainable = False
        return base

    monkeypatch.setattr(core.models.build, "build_base", build_lively)


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
    images: Path, train_here: Any, home: Path, backbone: str, augmentation: str
) -> None:
    weights = BACKBONES[backbone]
    settings = {**SMALL, "model.backbone": backbone, "model.weights": weights, "data.augmentation": augmentation}
    cached = train_here(images, settings)
    for entry in (home / "cache" / "features").glob("*.npy"):
        assert np.load(entry).std(axis=0).max() > 1e-3, "features of a constant would make any two runs equal"
    literal = train_here(images, {**settings, **LITERAL})
    assert largest_difference(cached, literal) == 0.0
    for name in ("loss", "accuracy", "val_loss", "val_accuracy", "val_auc"):
        assert cached.history()[name] == pytest.approx(literal.history()[name], abs=1e-5), name


def test_the_two_ways_halve_the_rate_in_the_same_epochs(images: Path, train_here: Any) -> None:
    """A decision that hangs on the validation loss, taken in both ways on the same numbers."""
    plateau = {"training.reduce_on_plateau": 1, "training.learning_rate": 1.0, "training.optimizer": "sgd"}
    settings = {**SMALL, "model.backbone": "EfficientNetLite0", "training.epochs": 5, **plateau}
    cached, literal = train_here(images, settings), train_here(images, {**settings, **LITERAL})
    rates = [[record["learning_rate"] for record in run.epochs()] for run in (cached, literal)]
    assert rates[0] == rates[1]
    assert len(set(rates[0])) > 1, "the rate was never halved, so nothing is shown"
    assert largest_difference(cached, literal) == 0.0


def test_a_frozen_end_to_end_run_is_executed_on_the_cache_and_says_so_by_its_features(
    images: Path, train_here: Any, home: Path
) -> None:
    settings = {**SMALL, "model.backbone": "EfficientNetLite0", "model.pooling": "average"}
    cached = train_here(images, settings)
    entries = sorted(path.name for path in (home / "cache" / "features").iterdir())
    end_to_end = train_here(images, {**settings, "training.mode": "end_to_end"})
    assert sorted(path.name for path in (home / "cache" / "features").iterdir()) == entries
    assert largest_difference(cached, end_to_end) == 0.0


@pytest.mark.parametrize(
    "other",
    [{"training.seed": 2}, {"data.shuffle": "none"}, {"data.shuffle": "batches"}, {"data.drop_remainder": True}],
)
def test_another_seed_or_order_makes_a_difference(images: Path, train_here: Any, other: dict[str, Any]) -> None:
    settings = {**SMALL, "model.backbone": "EfficientNetLite0"}
    assert largest_difference(train_here(images, settings), train_here(images, {**settings, **other})) > 1e-4


def test_a_base_whose_dropout_stays_alive_makes_a_difference(
    images: Path, train_here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.models.build import FrozenBase

    settings = {**SMALL, "model.backbone": "EfficientNetB0", "model.weights": "none"}
    cached = train_here(images, settings)
    assert largest_difference(cached, train_here(images, {**settings, **LITERAL})) == 0.0
    monkeypatch.setattr(FrozenBase, "call", lambda self, images, training=None: self.base(images, training=training))
    assert largest_difference(cached, train_here(images, {**settings, **LITERAL})) > 1e-4
