"""One member of each family of networks: its row, its blocks, its pixels, and trainings in both training modes."""

import importlib
import inspect
import os
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import core.models.build
from core.config import make_config
from core.data.dataset import open_dataset
from core.data.pipeline import ImageLoader
from core.data.preprocessing import PREPROCESSING
from core.engine.reporter import Reporter
from core.engine.train.context import TrainingContext, make_training_context
from core.engine.train.phases import Phase, on_features, on_images
from core.engine.train.variables import assign
from core.models import allowed_layers
from core.models.backbone import Backbone
from core.models.build import backbone_layers, build_base, train_model
from core.models.catalogue import BACKBONES, find
from core.models.unfreezing import stages
from core.store.runs import RunStore
from tests.models.families import FAMILIES, LARGE, first_layers, with_statistics

KERAS_ROWS = [row for row in BACKBONES.values() if row.keras_name]


def test_every_module_has_a_member_here() -> None:
    assert {find(name).module for name in (*FAMILIES, *LARGE)} == {row.module for row in BACKBONES.values()} - {"vgg19"}


@pytest.mark.parametrize("row", KERAS_ROWS, ids=lambda row: row.name)
def test_pixels_are_scaled_as_its_own_module_scales_them(row: Backbone) -> None:
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 4, 4, 3)).astype(np.float32)
    theirs = importlib.import_module(f"keras.applications.{row.module}").preprocess_input(pixels.copy())
    rule = PREPROCESSING[row.preprocessing]
    ours = pixels * np.array(rule.scale, np.float32) + np.array(rule.offset, np.float32)
    np.testing.assert_allclose(ours[..., ::-1] if rule.bgr else ours, theirs, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("row", KERAS_ROWS, ids=lambda row: row.name)
def test_the_hash_of_the_weights_is_the_one_that_keras_demands(row: Backbone) -> None:
    module = "resnet" if row.module == "resnet_v2" else row.module  # their hashes stand in one module
    source = inspect.getsource(importlib.import_module(f"keras.src.applications.{module}"))
    assert row.weights_hash is None or f'"{row.weights_hash}"' in source
    assert (row.weights_hash is None) == (row.module in ("mobilenet", "mobilenet_v2"))
    folder = row.weights_url.rpartition("/")[0].removeprefix("https://storage.googleapis.com/")
    assert folder.rpartition("/")[2] in source
    assert 4 * row.parameters < row.weights_bytes < 4 * row.parameters * 1.4


EACH = (*FAMILIES, *LARGE) if os.environ.get("PARITY_ALL_FAMILIES") else FAMILIES
"""The two largest only where PARITY_ALL_FAMILIES is set."""

of_each = pytest.mark.parametrize("family", EACH, indirect=True, scope="module")
of_one = pytest.mark.parametrize(
    "family", EACH if len(EACH) > len(FAMILIES) else EACH[:1], indirect=True, scope="module"
)


@pytest.fixture(scope="module")
def family(request: pytest.FixtureRequest) -> Any:
    """A row and its base with random weights at the smallest size; built once for all tests of this file."""
    row = find(request.param)
    yield row, build_base(row, row.min_size, weights="none", seed=1)
    keras.backend.clear_session()


@of_each
@pytest.mark.slow
def test_it_has_what_its_row_says(family: tuple[Backbone, keras.Model]) -> None:
    row, base = family
    layers = backbone_layers(base)
    names = [layer.name for layer in layers]
    assert sum(layer.count_params() for layer in layers) == row.parameters
    assert len(layers) + 1 == row.layers  # the input is ours
    indices = [row.first_trainable(names, block) for block in row.blocks]
    assert indices == sorted(set(indices))
    assert layers[-1].output.shape[1:] == (row.map_side(row.min_size),) * 2 + (row.channels,)
    for at, end in zip(indices, [*indices[1:], len(layers)], strict=True):
        assert any(layer.weights for layer in layers[at:end]), f"nothing to train in the block of {names[at]}"
    assert len(stages(make_config("sample", {"training.mode": "fine_tune", "model.backbone": row.name}))) == 1
    known = {name for _, name in allowed_layers.ALLOWED}
    assert {type(layer).__name__ for layer in base.layers} <= known


SETTINGS: dict[str, Any] = {
    "model.weights": "none", "data.batch_size": 3, "training.learning_rate": 0.05, "data.augmentation_draws": 1,
    "data.augmentation": "flip, brightness 0.2, shift 0.1", "model.head": "batch_norm, dense 4 relu, dropout 0.3",
}  # fmt: skip


@pytest.fixture
def context(family: tuple[Backbone, keras.Model], image_folder: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that makes the parts of a training of the family's head anew.

    Where PARITY_ALL_FAMILIES is not set, on the first layers of the network: every kind of layer of it is in them, and
    what TensorFlow traces of the others would be the same again.
    """
    row, base = family
    base = with_statistics(base if os.environ.get("PARITY_ALL_FAMILIES") else first_layers(base))
    folder = str(image_folder(train=(3, 2), val=(1, 1), size=row.min_size + 8))
    monkeypatch.setattr(core.models.build, "build_base", lambda *_, **__: base)

    def make() -> TrainingContext:
        settings = {**SETTINGS, "model.backbone": row.name, "data.image_size": row.min_size}
        config = make_config(folder, settings)
        run = RunStore().create(config)
        return make_training_context(config, open_dataset(folder, config.data), Reporter(run))

    return make


def trained(phase: Phase) -> tuple[list[Any], list[Any]]:
    """Losses of two epochs, and all that was learned, the optimizer's state included; then all is as it was before."""
    before = [variable.numpy() for variable in phase.variables()]
    fits = [phase.model.fit(phase.stream.of(phase.data(epoch)), shuffle=False, verbose=0) for epoch in (0, 1)]
    learned = [variable.numpy() for variable in phase.variables()]
    assign(phase.variables(), before)
    return [fit.history["loss"] for fit in fits], learned


def equal(one: list[Any], other: list[Any]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def step_of(work: TrainingContext, model: keras.Model) -> Callable[[Any, Any], list[Any]]:
    """Loss and gradients of the head in one training step on each batch, dropout drawn as in the first.

    One graph for batches of any size, as `fit` has it, traced once and, as Keras' own, not converted.
    """
    first = [variable.numpy() for variable in work.head.variables]
    outputs = tf.TensorSpec((None, *model.output_shape[1:]), tf.float32)
    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.float32), outputs]

    def step(batch: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = model.compute_loss(y=targets, y_pred=model(batch, training=True))
        return [loss, *tape.gradient(loss, work.head.trainable_variables)]

    graph = tf.function(step, input_signature=signature, autograph=False, jit_compile=False)

    def steps(batches: Any, targets: Any) -> list[Any]:
        found = [graph(tf.constant(batch, tf.float32), target) for batch, target in zip(batches, targets, strict=True)]
        assign(work.head.variables, first)
        return [part.numpy() for each in found for part in each]

    return steps


@of_each
@pytest.mark.slow
def test_its_features_are_the_same_in_both_ways(family: tuple[Backbone, keras.Model], context: Any) -> None:
    """What a head learns from cached features, and from images in a training step: loss and gradients, bit for bit.

    Batches are of three images and of two. `fit` and what is around it are the same for all families:
    `test_a_head_learns_the_same_in_both_ways` has them for the first, and `test_equivalence.py` for whole runs.
    """
    work = context()
    images = work.train_images()
    features = work.features(images, 0, "")
    assert np.isfinite(features).all()
    assert features.std(axis=0).max() > 0.01 * np.abs(features).max() > 0, (
        "the same features for all images would make any two ways equal"
    )
    targets = work.targets(work.dataset.labels(work.dataset.split.train))
    batches = [np.arange(3), np.arange(3, 5)]
    wanted = [targets[at] for at in batches]
    from_images = train_model(work.base, work.head)
    work.head.compile(loss="binary_crossentropy")
    from_images.compile(loss="binary_crossentropy")
    literal = step_of(work, from_images)(ImageLoader(images, batches, 0), wanted)
    from_cache = step_of(work, work.head)
    cached = from_cache([features[at] for at in batches], wanted)
    assert equal(literal, cached)
    assert not equal(cached[: len(cached) // 2], cached[len(cached) // 2 :])
    off = np.nextafter(features, np.float32(np.inf))
    assert not equal(cached, from_cache([off[at] for at in batches], wanted))


@of_one
@pytest.mark.slow
def test_a_head_learns_the_same_in_both_ways(context: Any) -> None:
    """From the cache, and in training steps on images; `test_equivalence.py` has the runs around them."""
    cached = context()
    on_cache = on_features(cached)
    losses, learnt = trained(on_cache)
    literal_losses, literal = trained(on_images(context()))
    assert losses == literal_losses
    assert losses[0] != losses[1]
    assert equal(learnt, literal)
    # What must make a difference does: the last bit of every feature.
    other = np.nextafter(cached.features(cached.train_images(), 0, ""), np.float32(np.inf))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingContext, "features", lambda *_, **__: other)
        assert not equal(learnt, trained(on_cache)[1])
