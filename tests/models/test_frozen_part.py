"""Where a partly frozen network is cut in two, and that both parts are the whole."""

from typing import Any

import keras
import numpy as np
import pytest

from core.models.build import FrozenBase, backbone_layers, build_base
from core.models.catalogue import find
from core.models.frozen_part import cut_in_two, features_of

pytestmark = pytest.mark.slow


def unfrozen(name: str, block: str) -> keras.Model:
    base = build_base(find(name), find(name).min_size, "none")
    names = [layer.name for layer in backbone_layers(base)]
    FrozenBase(base).unfreeze(find(name).first_trainable(names, block))
    return base


@pytest.mark.parametrize(
    ("name", "block", "last"),
    [
        ("VGG16", "block5", "block4_pool"),
        ("EfficientNetLite0", "top", "block7a_project_bn"),
        ("MobileNetV2", "top", "block_16_project_BN"),
        ("MobileNetV3Small", "top", None),
    ],
)
def test_the_cut_lies_before_the_first_layer_that_trains(name: str, block: str, last: str | None) -> None:
    base = unfrozen(name, block)
    parts = cut_in_two(base)
    assert parts is not None
    assert not any(layer.trainable_variables for layer in parts.frozen.layers)
    assert last in (None, parts.frozen.layers[-1].name)
    ours = {id(w) for part in parts for w in part.weights}
    assert ours == {id(w) for w in base.weights}
    images = np.random.default_rng(0).uniform(0, 255, (5, *base.input_shape[1:])).astype(np.float32)
    whole: Any = base(images, training=False)
    np.testing.assert_allclose(features_of(base)(images), whole, rtol=1e-4, atol=1e-5)


def test_a_network_that_trains_whole_or_not_at_all_is_not_cut() -> None:
    assert cut_in_two(unfrozen("EfficientNetLite0", "all")) is None
    frozen = build_base(find("EfficientNetLite0"), 32, "none")
    assert cut_in_two(frozen) is None


def test_where_two_tensors_go_up_the_cut_is_below_both() -> None:
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", name="low")(inputs)
    a = keras.layers.Conv2D(4, 3, padding="same", name="left")(x)
    out = keras.layers.Conv2D(4, 3, padding="same", name="right")(a)
    base = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(keras.layers.Add()([out, a, x])))
    for name in ("low", "left"):
        base.get_layer(name).trainable = False
    parts = cut_in_two(base)
    assert parts is not None
    assert [layer.name for layer in parts.frozen.layers][-1] == "low"


def test_a_network_joined_all_along_is_not_cut() -> None:
    """Its input goes to the very top beside everything else, so that there is no single tensor to cut."""
    inputs = keras.Input((8, 8, 3))
    low = keras.layers.Conv2D(3, 3, padding="same", name="low")(inputs)
    top = keras.layers.Conv2D(3, 3, padding="same", name="top")(low)
    base = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(keras.layers.Add()([inputs, top])))
    base.get_layer("low").trainable = False
    assert cut_in_two(base) is None
