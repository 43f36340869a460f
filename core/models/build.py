"""Builds the Keras models of a run: backbone, head, and the two joined.

    build_base   raw pixels -> preprocessing -> backbone -> features      frozen at first, run in inference mode
    build_head   features -> probabilities                                all that a frozen run trains
    train_model  Input -> FrozenBase(base) -> head                        trained end to end
    join         Input -> base -> head                                    saved; opens with Keras alone

All of them share one set of weights, so training any of them trains the joined model.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from core.config import RunConfig
from core.data.preprocessing import PREPROCESSING
from core.errors import ConfigError
from core.models import lite0
from core.models.backbone import Backbone
from core.models.catalogue import PIXEL_SETTINGS, find, pixel_kind
from core.models.frozen_part import features_of
from core.models.head_layers import head_layers
from core.models.imagenet import load_imagenet
from core.models.whole_batches import in_whole_batches
from core.notation.head import Head, short_form

POOLING = {
    "average": keras.layers.GlobalAveragePooling2D,
    "max": keras.layers.GlobalMaxPooling2D,
    "flatten": keras.layers.Flatten,
}
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
_OURS = ("input", "preprocess", "rgb_to_bgr", "features")  # layers of a base that are not the backbone's


class FrozenBase(keras.layers.Layer):  # type: ignore[misc]
    """Run a base in inference mode whatever `fit()` says, so that its output is a function of the image alone.

    `trainable = False` stops batch normalisation from using the batch, but not dropout, and in a functional model Keras
    replaces a stored `training=False` by the mode of `fit()`. A call from inside a layer is the way that holds.
    Gradients still reach what `unfreeze` makes trainable; the moving statistics of batch normalisation never move.

    Args:
        base: Model from `build_base`. It becomes not trainable.
    """

    def __init__(self, base: keras.Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.base = base
        base.trainable = False
        self._learning: Any = None

    def call(self, images: Any) -> Any:
        """Give the features of a batch of images; those of a frozen base are the same in any batch."""
        if self.base.trainable:
            return self._learning(images)
        output = self.base.output
        given = in_whole_batches(lambda part: self.base(part, training=False), images, output.shape[-1], output.dtype)
        return keras.ops.stop_gradient(given)  # nothing before it learns: no gradient of the loop need be built or run

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Give the shape of the features, so that Keras need not trace the whole backbone to learn it."""
        return shape[0], int(self.base.output_shape[-1])

    def unfreeze(self, first_index: int, *, cut: bool = False) -> None:
        """Make the backbone's layers from `first_index` on trainable and those before it not; compile afterwards.

        Args:
            first_index: Index into `backbone_layers(base)`, from `Backbone.first_trainable`; its length freezes all.
            cut: Whether what stays frozen is to give the same for an image in any batch, as kept activations do; see
                core/models/frozen_part.py. Defaults to no.
        """
        # A layer trains only if all around it may. One by one: setting what is set already reaches nothing inside.
        self.trainable = self.base.trainable = True
        chosen = {layer.name for layer in backbone_layers(self.base)[first_index:]}
        for layer in self.base.layers:
            layer.trainable = layer.name in chosen
        base = self.base
        self._learning = features_of(base) if cut else lambda images: base(images, training=False)


def base_for(config: RunConfig) -> keras.Model:
    """The base of a run; see `build_base`."""
    return build_base(
        find(config.model.backbone),
        image_size=config.data.image_size,
        weights=config.model.weights,
        pooling=config.model.pooling,
        preprocessing=config.data.preprocessing,
        seed=config.data.seed,
        precision=config.training.precision,
    )


def build_base(
    backbone: Backbone,
    image_size: int,
    weights: str = "imagenet",
    pooling: str = "average",
    preprocessing: str = "backbone",
    seed: int = 0,
    precision: str = "float32",
) -> keras.Model:
    """Build the part of the network that is not trained at first, from raw pixels to one feature vector an image.

    Preprocessing is inside, made of stock layers, so that whoever loads the saved model cannot get it wrong.

    Args:
        backbone: A row of the catalogue.
        image_size: Side of the square images in pixels.
        weights: `"imagenet"`, or `"none"` for random weights, which depend on `seed` and on nothing built before:
            they call `keras.utils.set_random_seed`, for Python, numpy and TensorFlow. Defaults to `"imagenet"`.
        pooling: `"average"` or `"max"` for the mean or the maximum of each channel, `"flatten"` to keep positions.
            Defaults to `"average"`.
        preprocessing: `"backbone"` for the row's own, `"rescale"` for 1/255, `"none"`. Defaults to `"backbone"`.
        seed: Decides random weights; of no effect on ImageNet weights. Defaults to `0`.
        precision: `"float32"`, or `"bfloat16"` for the backbone's arithmetic, not its weights. Default `"float32"`.

    Returns:
        A flat Keras model, not trainable, from RGB images `(batch, image_size, image_size, 3)`, float32, values 0 to
        255, to features `(batch, D)`, float32.

    Raises:
        ConfigError: If a setting is not allowed, or the image is smaller than the backbone accepts.
        WeightsError: If the weights are neither on this machine nor to be had from the network, or do not fit.
    """
    _check("model.weights", weights, ("imagenet", "none"))
    _check("model.pooling", pooling, tuple(POOLING))
    _check("training.precision", precision, tuple(POLICIES))
    _check("data.preprocessing", preprocessing, tuple(PIXEL_SETTINGS))
    _check_size(backbone, image_size)
    inputs = keras.Input((image_size, image_size, 3), dtype="float32", name="input")
    prepared = _preprocess(inputs, pixel_kind(backbone, preprocessing))
    if weights == "none":
        keras.utils.set_random_seed(seed)
    maps = _backbone(backbone, prepared, image_size, POLICIES[precision])
    features = POOLING[pooling](dtype="float32", name="features")(maps)
    base = keras.Model(inputs, features, name="base")
    if weights == "imagenet":
        load_imagenet(backbone, keras.Model(prepared, maps))
    base.trainable = False
    return base


def build_head(features: int, classes: int, dense_units: int = 0, dropout: float = 0.0, seed: int = 0) -> keras.Model:
    """Build the classifier that stands on the features: dropout, dense, dropout, output.

    Two heads of one seed are bit-identical whatever was built before: every initializer and every dropout has a seed of
    its own, derived from `seed`.

    Args:
        features: Length of a feature vector.
        classes: Number of classes, at least 2.
        dense_units: Width of the hidden ReLU layer; `0` leaves it and the dropout behind it out. Defaults to `0`.
        dropout: Rate of each dropout, 0 to below 1; `0` leaves dropout out. Defaults to `0.0`.
        seed: Decides initial weights and dropout masks. Defaults to `0`.

    Returns:
        A `keras.Sequential` in float32 from `(batch, features)` to `(batch, 1)`, the probability of the second class,
        for two classes, or to `(batch, classes)`, probabilities that add up to 1.

    Raises:
        ConfigError: If there are fewer than two classes.
    """
    return build_layers(features, classes, short_form(dense_units, dropout), seed)


def head_for(config: RunConfig, features: int, classes: int) -> keras.Model:
    """The head of a run on feature vectors of that length; see `build_layers`."""
    return build_layers(features, classes, config.model.whole_head, config.training.seed)


def build_layers(features: int, classes: int, head: Head, seed: int = 0) -> keras.Model:
    """Build a head from its layers; see `build_head` for what holds of all heads.

    Args:
        features: Length of a feature vector.
        classes: Number of classes, at least 2.
        head: Layers between features and output.
        seed: Decides initial weights and dropout masks. Defaults to `0`.

    Raises:
        ConfigError: If there are fewer than two classes.
    """
    if classes < 2:
        raise ConfigError(f"a classifier needs at least 2 classes; the dataset has {classes}")
    model = keras.Sequential([keras.Input((features,), dtype="float32", name="features")], name="head")
    for layer in head_layers(head, classes, seed):
        model.add(layer)
    return model


def join(base: keras.Model, head: keras.Model) -> keras.Model:
    """Put base and head into the model that is saved: raw pixels in, probabilities out.

    It holds stock layers only, so `keras.models.load_model` opens it where this program is not installed. Train
    `train_model(base, head)` instead: under `fit()` this one would run the base in training mode.

    Args:
        base: Model from `build_base`.
        head: Model from `build_head`.

    Returns:
        A Keras model that shares the weights of both.
    """
    inputs = keras.Input(base.input_shape[1:], dtype="float32", name="image")
    return keras.Model(inputs, head(base(inputs)), name="parity")


def train_model(base: keras.Model, head: keras.Model) -> keras.Model:
    """Put base and head into the model that is trained end to end or fine-tuned.

    Args:
        base: Model from `build_base`. It becomes not trainable: call `FrozenBase.unfreeze` on the layer `frozen_base`.
        head: Model from `build_head`.

    Returns:
        A Keras model that shares the weights of both, not compiled. Its layer `frozen_base` is a `FrozenBase`.
    """
    inputs = keras.Input(base.input_shape[1:], dtype="float32", name="image")
    features = FrozenBase(base, dtype="float32", name="frozen_base")(inputs)
    return keras.Model(inputs, head(features), name="parity_train")


def backbone_layers(base: keras.Model) -> list[keras.layers.Layer]:
    """List the backbone's layers in order, without input, preprocessing and pooling.

    The last of them puts out the last feature map, `(batch, height, width, channels)`. `base` comes from `build_base`,
    or is the layer `base` of a joined model that was loaded again.
    """
    return [layer for layer in base.layers if layer.name not in _OURS]


def weights_hash(model: keras.Model) -> str:
    """Give the SHA-256, in hexadecimal, of all numbers in `model.weights` in their order, whatever their names."""
    digest = hashlib.sha256()
    for weight in model.weights:
        digest.update(weight.numpy().tobytes())
    return digest.hexdigest()


def _check(setting: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(f'{setting}: "{value}" is not allowed; use one of {", ".join(allowed)}')


def _check_size(backbone: Backbone, image_size: int) -> None:
    if image_size < backbone.min_size:
        raise ConfigError(
            f"data.image_size: {image_size} is too small for {backbone.name}; it needs at least {backbone.min_size}"
        )


@contextlib.contextmanager
def _policy(name: str) -> Iterator[None]:
    """Build layers under a dtype policy, then put the old one back."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _preprocess(inputs: Any, kind: str) -> Any:
    """Express a row of `PREPROCESSING` in stock layers; nothing for raw pixels."""
    rule = PREPROCESSING[kind]
    x = inputs
    if kind != "raw":
        x = keras.layers.Rescaling(list(rule.scale), list(rule.offset), dtype="float32", name="preprocess")(x)
    if rule.bgr:
        # A 1x1 convolution that swaps channels: Keras has no other stock layer for it that every export format knows.
        swap = keras.layers.Conv2D(3, 1, use_bias=False, trainable=False, dtype="float32", name="rgb_to_bgr")
        x = swap(x)
        swap.set_weights([np.eye(3, dtype=np.float32)[::-1].reshape(1, 1, 3, 3)])
    return x


def _backbone(backbone: Backbone, x: Any, image_size: int, policy: str) -> Any:
    """Lay the backbone's layers upon a Keras tensor, with random weights; give its last feature map."""
    shape = (image_size, image_size, 3)
    with _policy(policy):
        if backbone.keras_name is None:
            return lite0.EfficientNetLite0(shape, input_tensor=x).output
        build = getattr(keras.applications, backbone.keras_name)
        return build(include_top=False, weights=None, input_shape=shape, input_tensor=x).output
