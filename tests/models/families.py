"""The networks that stand for their families in tests, and random weights that make something of an image."""

from typing import Any

import keras
import numpy as np

from core.models.build import backbone_layers

FAMILIES = (
    *("EfficientNetLite0", "VGG16", "ResNet50", "ResNet50V2", "MobileNet", "MobileNetV2", "MobileNetV3Small"),
    *("EfficientNetB0", "EfficientNetV2B0", "DenseNet121", "InceptionV3", "Xception", "ConvNeXtTiny"),
)
"""The smallest of each; a family is a module of `keras.applications`."""

LARGE = ("InceptionResNetV2", "NASNetMobile")
"""With 780 layers each they take as long as all the others."""


def with_statistics(base: keras.Model, images: Any = None) -> keras.Model:
    """Gives batch normalisation the statistics of images: random networks else make 1e-6 and less of any image.

    Args:
        base: From `build_base`.
        images: float array of shape `(n, side, side, 3)`, 0 to 255. Defaults to four of noise, whose statistics deep
            layers take from a handful of numbers: enough for two computations to be compared, not like a trained one.
    """
    if images is None:
        images = np.random.default_rng(0).uniform(0, 255, (4, *base.input_shape[1:])).astype(np.float32)
    base.trainable = True
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    base(images, training=True)
    base.trainable = False
    return base


def first_layers(base: keras.Model) -> keras.Model:
    """The network up to the first layer that alone passes on what all before it made, every kind of layer among them.

    Its features are maxima of what that layer gives: averages behind a normalisation are next to 0.
    """
    layers = backbone_layers(base)
    place = {id(layer): at for at, layer in enumerate(layers)}
    last = [max((place.get(id(node.operation), at) for node in layer._outbound_nodes), default=at)
            for at, layer in enumerate(layers)]  # fmt: skip
    kinds = {type(layer) for layer in layers}
    end = next(
        at for at in range(len(layers))
        if {type(layer) for layer in layers[: at + 1]} == kinds and all(until <= at for until in last[:at])
    )  # fmt: skip
    pooled = keras.layers.GlobalMaxPooling2D(name="features")(layers[end].output)
    return keras.Model(base.input, pooled, name=base.name)
