"""Training on features, then on images, in plain Keras for exported scripts; see core/export/plain_script.py."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core.export.plain_batches import Batches, MixedBatches
from core.export.plain_fit import fit
from core.export.plain_head import compile_model
from core.export.plain_images import draw_of_epoch, training_images, validation_images
from core.export.plain_settings import (
    AUGMENTATION_DRAWS,
    BINARY,
    BLOCK_RATE_FACTOR,
    BLOCK_STARTS,
    BY_BLOCK,
    CUT,
    EPOCHS,
    FINETUNE_EPOCHS,
    FINETUNE_LEARNING_RATE,
    FINETUNE_OPTIMIZER,
    FINETUNE_OPTIONS,
    HALVED,
    IMAGE_SIZE,
    LEARNING_RATE,
    MIXED,
    ON_FEATURES,
    OPTIMIZER,
    OPTIONS,
    TRAIN,
    UNFREEZES,
    VAL,
    Array,
)
from core.models.block_rates import rate_factors, with_rate_factors
from core.models.frozen_part import features_of
from core.models.outputs import answer_of
from core.models.whole_batches import filled_up, in_whole_batches


def graph(function: Callable[[Any], Any], shape: tuple[int, ...], dtype: Any) -> Any:
    """A function as one TensorFlow graph, without XLA, which rounds differently."""
    return tf.function(function, input_signature=[tf.TensorSpec((None, *shape), dtype)], jit_compile=False)


def joined(answers: Sequence[tuple[Any, Any]]) -> tuple[Array, Array]:
    """Batches of outputs and logits as one probability a class, and the logits."""
    outputs, logits = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    if BINARY:
        return np.concatenate([1 - outputs, outputs], axis=1), logits
    return outputs, logits


def kept(chunks: Sequence[Array]) -> Array:
    """Features as the run kept them."""
    features = np.concatenate(chunks)
    if HALVED:
        return features.astype(np.float16).astype(np.float32)
    return features


def train_on_features(base: keras.Model, head: keras.Model, history: list[dict[str, Any]]) -> None:
    """Train the head alone: a frozen base gives the same features for the same pixels every time, so they are computed
    once for each random version of the images, and not in every step."""
    size = (IMAGE_SIZE, IMAGE_SIZE, 3)
    forward = graph(
        lambda pixels: filled_up(lambda whole: base(tf.cast(whole, tf.float32), training=False), pixels), size, tf.uint8
    )
    validation = kept([forward(validation_images(k)) for k in range(0, len(VAL), 16)])
    answer = graph(lambda features: answer_of(head, features), head.input_shape[1:], tf.float32)

    @lru_cache(maxsize=max(1, AUGMENTATION_DRAWS))
    def features(draw: int) -> Array:
        chunks = [range(k, min(k + 16, len(TRAIN))) for k in range(0, len(TRAIN), 16)]
        return kept([forward(training_images(chunk, draw)) for chunk in chunks])

    model = keras.Sequential([keras.Input(head.input_shape[1:]), head])
    compile_model(model, LEARNING_RATE, OPTIMIZER, OPTIONS)
    fit(
        model,
        head,
        lambda epoch: Batches(lambda batch: features(draw_of_epoch(epoch))[batch], epoch),
        lambda: joined([answer(validation[k : k + 1024]) for k in range(0, len(VAL), 1024)]),
        EPOCHS,
        history,
    )


class FrozenBase(keras.layers.Layer):  # type: ignore[misc]
    """Run the base in inference mode whatever `fit` says.

    `trainable = False` stops batch normalisation from using the batch, but not dropout; a call from inside a layer
    with `training=False` is the way that holds.
    """

    def __init__(self, base: keras.Model) -> None:
        super().__init__(dtype="float32", name="frozen_base")
        self.base = base
        if CUT:
            self.features = features_of(base)

    def call(self, images: Any) -> Any:
        """Give the features of a batch of images; those of a frozen base are the same in any batch."""
        if self.base.trainable:
            if CUT:
                return self.features(images)  # what is frozen of it gives the same in any batch
            return self.base(images, training=False)
        output = self.base.output
        given = in_whole_batches(lambda part: self.base(part, training=False), images, output.shape[-1], output.dtype)
        return keras.ops.stop_gradient(given)  # nothing before it learns: no gradient of the loop need be built or run


def unfreeze(base: keras.Model, first: str) -> None:
    """Let the base's layers from `first` on be trained; batch normalisation stays in inference mode."""
    base.trainable, started = True, False
    for layer in base.layers:
        started = started or layer.name == first
        layer.trainable = started and layer.name != "features"


def train_on_images(base: keras.Model, head: keras.Model, history: list[dict[str, Any]]) -> None:
    """Train the whole network, images in."""
    size = (IMAGE_SIZE, IMAGE_SIZE, 3)
    inputs = keras.Input(size, name="image")
    model = keras.Model(inputs, head(FrozenBase(base)(inputs)))
    learned = head
    if UNFREEZES:
        learned = model
    if ON_FEATURES:
        if BY_BLOCK:
            factors = rate_factors(model.trainable_variables, base.layers, BLOCK_STARTS, BLOCK_RATE_FACTOR)
            by_block = with_rate_factors(FINETUNE_OPTIMIZER, factors)
            compile_model(model, FINETUNE_LEARNING_RATE, by_block, FINETUNE_OPTIONS)
        else:
            compile_model(model, FINETUNE_LEARNING_RATE, FINETUNE_OPTIMIZER, FINETUNE_OPTIONS)
        epochs = FINETUNE_EPOCHS
    else:
        compile_model(model, LEARNING_RATE, OPTIMIZER, OPTIONS)
        epochs = EPOCHS
    if CUT:
        features = features_of(base)
        answer = graph(lambda pixels: answer_of(head, features(tf.cast(pixels, tf.float32))), size, tf.uint8)
    else:
        answer = graph(
            lambda pixels: answer_of(head, base(tf.cast(pixels, tf.float32), training=False)), size, tf.uint8
        )
    kind: type[Batches] = Batches
    if MIXED:
        kind = MixedBatches
    fit(
        model,
        learned,
        lambda epoch: kind(lambda batch: training_images(batch, draw_of_epoch(epoch)), epoch),
        lambda: joined([answer(validation_images(k)) for k in range(0, len(VAL), 16)]),
        epochs,
        history,
    )
