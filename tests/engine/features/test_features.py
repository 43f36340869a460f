"""Extraction: whatever is in flight at once, every image's features end in its own row."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.config import make_config
from core.data.dataset import open_dataset
from core.data.feature_cache import feature_cache
from core.data.pipeline import Images
from core.data.scan import scan
from core.engine.features.features import BATCH, extract, features_key, forward_function
from core.engine.train.context import TrainingContext
from tests.notation.one_value import HEAD, HEAD_CHANGES, SAME_HEADS, SAME_STEPS, STEP_CHANGES, STEPS


@pytest.fixture
def images(image_folder: Any) -> Images:
    folder: Path = image_folder(train=(BATCH + 3, BATCH + 4))
    index = scan(folder)
    return Images(index.root, index.files, 24, "question", 3)


def base() -> keras.Model:
    inputs = keras.Input((24, 24, 3))
    kernel = keras.initializers.GlorotUniform(seed=1)
    x = keras.layers.Conv2D(6, 3, activation="relu", kernel_initializer=kernel)(inputs)
    return keras.Model(inputs, keras.layers.Flatten()(x))


def test_features_are_those_of_plain_batches(images: Images) -> None:
    """To the last bit those of the same batches; of an image alone up to rounding, which depends on the processor."""
    model, done = base(), list[int]()
    target = np.zeros((len(images), model.output_shape[-1]), np.float32)
    extract(forward_function(model), images, 2, target, done.append)
    pixels = np.stack([images.one(k, 2) for k in range(len(images))]).astype(np.float32)
    for start in range(0, len(images), BATCH):
        batch = tf.constant(pixels[start : start + BATCH])
        assert np.array_equal(target[start : start + BATCH], model(batch, training=False).numpy()), start
    for k in range(len(images)):
        alone = model(tf.constant(pixels[k][None]), training=False).numpy()[0]
        np.testing.assert_allclose(target[k], alone, rtol=1e-5, atol=1e-4, err_msg=str(k))
    assert done == [16, 32, len(images)], "progress is told in order"


def test_whoever_is_served_the_same_is_computed_in_the_same_batches(
    images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward, usual, small = forward_function(base()), list[int](), list[int]()
    targets = [np.zeros((len(images), base().output_shape[-1]), np.float32) for _ in range(2)]
    extract(forward, images, 0, targets[0], usual.append)
    monkeypatch.setenv("PARITY_MODE", "public")
    extract(forward, images, 0, targets[1], small.append)
    assert usual == [16, 32, len(images)]
    assert small == usual
    one, other = targets
    assert np.array_equal(one, other)


def test_whoever_is_told_of_the_progress_can_give_up(images: Images) -> None:
    model = base()
    target = np.zeros((len(images), model.output_shape[-1]), np.float32)

    def give_up(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(forward_function(model), images, 0, target, give_up)


def test_a_key_names_all_that_decides_the_numbers(images: Images) -> None:
    recipe = {"backbone": "x", "weights": "y"}
    plain = Images(images.root, images.files, 24, "none", 3)
    keys = {
        features_key(images, 0, recipe),
        features_key(images, 1, recipe),
        features_key(images, 0, {**recipe, "weights": "z"}),
        features_key(Images(images.root, images.files, 24, "question", 4), 0, recipe),
        features_key(Images(images.root, images.files[1:], 24, "question", 3), 0, recipe),
        features_key(Images(images.root, images.files, 25, "question", 3), 0, recipe),
        features_key(plain, 0, recipe),
    }
    assert len(keys) == 7
    assert features_key(plain, 1, recipe) in keys, "without augmentation there is one draw"


def test_a_run_has_features_of_its_own_where_its_images_or_its_pooling_differ_and_only_there(
    image_folder: Any,
) -> None:
    folder = str(image_folder(train=(2, 2), val=(1, 1)))

    def key(**settings: Any) -> str:
        named = {"data.augmentation": settings.pop("steps", STEPS), "model.head": settings.pop("head", HEAD)}
        config = make_config(folder, {**named, "model.weights": "none"})
        reporter: Any = None  # nothing is computed
        dataset = open_dataset(folder, config.data)
        context = TrainingContext(config, dataset, reporter, base(), base(), "hash of the weights", feature_cache())
        return context.key(context.train_images(), 0)

    first = key()
    assert {key(steps=same) for same in SAME_STEPS} == {first}
    assert len({first, *(key(steps=other) for other in STEP_CHANGES)}) == 1 + len(STEP_CHANGES)
    assert {key(head=other) for other in (*SAME_HEADS, *HEAD_CHANGES)} == {first}, "the head stands on the features"
    assert len({first, *(key(head=f"{pooling}, {HEAD}") for pooling in ("average", "max", "flatten"))}) == 3
