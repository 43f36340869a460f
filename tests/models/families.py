"""The networks that stand for their families in tests, and random weights that make something of an image."""

import keras
import numpy as np

FAMILIES = (
    *("EfficientNetLite0", "VGG16", "ResNet50", "ResNet50V2", "MobileNet", "MobileNetV2", "MobileNetV3Small"),
    *("EfficientNetB0", "EfficientNetV2B0", "DenseNet121", "InceptionV3", "Xception", "ConvNeXtTiny"),
)
"""The smallest of each; a family is a module of `keras.applications`."""

LARGE = ("InceptionResNetV2", "NASNetMobile")
"""With 780 layers each they take as long as all the others."""


def with_statistics(base: keras.Model) -> keras.Model:
    """Gives batch normalisation the statistics of images: random networks else make 1e-6 and less of any image."""
    base.trainable = True
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    base(np.random.default_rng(0).uniform(0, 255, (4, *base.input_shape[1:])).astype(np.float32), training=True)
    base.trainable = False
    return base
