"""One member of each family of networks: its row, its blocks, its pixels, and its features in both ways of training."""

import importlib
import inspect
import os
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.config import make_config
from core.data.images import PREPROCESSING
from core.models import inspector
from core.models.backbone import Backbone
from core.models.build import FrozenBase, backbone_layers, build_base
from core.models.catalogue import BACKBONES, find
from core.models.unfreezing import stages
from core.models.whole_batches import filled_up

FAMILIES = (
    *("EfficientNetLite0", "VGG16", "ResNet50", "ResNet50V2", "MobileNet", "MobileNetV2", "MobileNetV3Small"),
    *("EfficientNetB0", "EfficientNetV2B0", "DenseNet121", "InceptionV3", "Xception", "ConvNeXtTiny"),
)
"""The smallest of each; a family is a module of `keras.applications`."""

LARGE = ("InceptionResNetV2", "NASNetMobile")
"""With 780 layers each they take as long as all the others: tested where PARITY_ALL_FAMILIES is set."""

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


@pytest.fixture(scope="module", params=(*FAMILIES, *(LARGE if os.environ.get("PARITY_ALL_FAMILIES") else ())))
def family(request: pytest.FixtureRequest) -> Any:
    """A row and its base with random weights at the smallest size; built once for all tests of this file."""
    row = find(request.param)
    yield row, build_base(row, row.min_size, weights="none", seed=1)
    keras.backend.clear_session()


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
    known = {name for _, name in inspector.ALLOWED}
    assert {type(layer).__name__ for layer in base.layers} <= known


@pytest.mark.slow
def test_its_head_learns_from_the_same_features_in_both_ways(family: tuple[Backbone, keras.Model]) -> None:
    """From the cache, in whole batches, and in a training step on images; `test_equivalence.py` trains on both."""
    row, base = family
    images = np.random.default_rng(0).integers(0, 256, (5, row.min_size, row.min_size, 3), dtype=np.uint8)
    forward = tf.function(
        lambda part: filled_up(lambda whole: base(tf.cast(whole, tf.float32), training=False), part), jit_compile=False
    )
    inputs = keras.Input(base.input_shape[1:])
    step = keras.Model(inputs, FrozenBase(base, dtype="float32")(inputs))
    literal = tf.function(lambda part: step(tf.cast(part, tf.float32), training=True), jit_compile=False)
    cached = forward(images).numpy()
    assert np.isfinite(cached).all()
    assert cached.std(axis=0).max() > 0, "the same features for all images would make any two ways equal"
    assert np.array_equal(cached, literal(images).numpy())
