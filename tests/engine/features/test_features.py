"""Extraction: whatever is in flight at once, every picture's features end in its own row."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.data.pipeline import Pictures
from core.data.scan import scan
from core.engine.features.features import BATCH, extract, features_key, forward_function


@pytest.fixture
def pictures(picture_folder: Any) -> Pictures:
    folder: Path = picture_folder(train=(BATCH + 3, BATCH + 4))
    index = scan(folder)
    return Pictures(index.root, index.files, 24, "question", 3)


def base() -> keras.Model:
    inputs = keras.Input((24, 24, 3))
    kernel = keras.initializers.GlorotUniform(seed=1)
    x = keras.layers.Conv2D(6, 3, activation="relu", kernel_initializer=kernel)(inputs)
    return keras.Model(inputs, keras.layers.Flatten()(x))


def test_features_are_those_of_one_picture_at_a_time(pictures: Pictures) -> None:
    model, done = base(), list[int]()
    target = np.zeros((len(pictures), model.output_shape[-1]), np.float32)
    extract(forward_function(model), pictures, 2, target, done.append)
    for k in range(len(pictures)):
        alone = model(tf.constant(pictures.one(k, 2)[None], tf.float32), training=False).numpy()[0]
        assert np.array_equal(target[k], alone), k
    assert done == [16, 32, len(pictures)], "progress is told in order"


def test_a_small_public_server_takes_fewer_at_once_and_computes_the_same(
    pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward, usual, small = forward_function(base()), list[int](), list[int]()
    targets = [np.zeros((len(pictures), base().output_shape[-1]), np.float32) for _ in range(2)]
    extract(forward, pictures, 0, targets[0], usual.append)
    monkeypatch.setenv("PARITY_MODE", "public")
    extract(forward, pictures, 0, targets[1], small.append)
    assert usual == [16, 32, len(pictures)]
    assert small == [8, 16, 24, 32, len(pictures)]
    assert np.array_equal(*targets)


def test_whoever_is_told_of_the_progress_can_give_up(pictures: Pictures) -> None:
    model = base()
    target = np.zeros((len(pictures), model.output_shape[-1]), np.float32)

    def give_up(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(forward_function(model), pictures, 0, target, give_up)


def test_a_key_names_all_that_decides_the_numbers(pictures: Pictures) -> None:
    recipe = {"backbone": "x", "weights": "y"}
    plain = Pictures(pictures.root, pictures.files, 24, "none", 3)
    keys = {
        features_key(pictures, 0, recipe),
        features_key(pictures, 1, recipe),
        features_key(pictures, 0, {**recipe, "weights": "z"}),
        features_key(Pictures(pictures.root, pictures.files, 24, "question", 4), 0, recipe),
        features_key(Pictures(pictures.root, pictures.files[1:], 24, "question", 3), 0, recipe),
        features_key(Pictures(pictures.root, pictures.files, 25, "question", 3), 0, recipe),
        features_key(plain, 0, recipe),
    }
    assert len(keys) == 7
    assert features_key(plain, 1, recipe) in keys, "without augmentation there is one draw"
