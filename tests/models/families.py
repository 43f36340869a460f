"""The networks that stand for their families in tests, and random weights that make something of an image."""

from typing import Any

import keras
import numpy as np

from core.models.backbone import Backbone
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


def first_blocks(row: Backbone, base: keras.Model) -> keras.Model:
    """The network up to the first end of a block before which every kind of its layers has occurred.

    Its features are maxima of what the next block is given: averages behind a normalisation are next to 0.
    """
    layers = backbone_layers(base)
    kinds = {type(layer) for layer in layers}
    starts = [row.first_trainable([layer.name for layer in layers], block) for block in row.blocks]
    end = next(at for at in [*starts[1:], len(layers)] if {type(layer) for layer in layers[:at]} == kinds)
    given = layers[end].input if end < len(layers) else layers[-1].output
    pooled = keras.layers.GlobalMaxPooling2D(name="features")(given)
    return keras.Model(base.input, pooled, name=base.name)
