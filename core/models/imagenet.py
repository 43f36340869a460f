"""Fills a backbone with its ImageNet weights. Heavy."""

import keras
import numpy as np

from core.errors import WeightsError
from core.models import lite0
from core.models.backbone import Backbone
from core.models.catalogue import BUILT_IN, find_weights
from core.models.fetch import fetch

# What Keras and h5py raise for files that are cut short, of another network, or no HDF5.
_UNREADABLE = (OSError, ValueError, KeyError, AttributeError, RuntimeError, TypeError)
# sqrt of these is what keras.applications.EfficientNetB0 to B7 divide by once more (see _finish_efficientnet).
_IMAGENET_STDDEV = np.array([0.229, 0.224, 0.225], np.float32)


def load_imagenet(backbone: Backbone, core: keras.Model) -> None:
    """Fill the backbone's layers from the file on this machine or from the network.

    Args:
        backbone: A row of the catalogue.
        core: Its layers alone, from prepared pixels to the last feature map.

    Raises:
        WeightsError: If the weights are neither on this machine nor to be had from the network, or do not fit.
    """
    if backbone.built_in:
        lite0.load_weights(core, BUILT_IN / backbone.weights_file)
        return
    path = find_weights(backbone) or fetch(backbone)
    try:
        core.load_weights(path)
    except _UNREADABLE as error:
        raise WeightsError(
            f"the weight file {path} is damaged or not the one for {backbone.name} ({error}); "
            f"put the one from {backbone.weights_url} in its place"
        ) from error
    if backbone.module == "efficientnet":
        _finish_efficientnet(core)


def _finish_efficientnet(core: keras.Model) -> None:
    """Divide by the square root of the deviation once more, as Keras does for `weights="imagenet"` only.

    The file holds the deviation where the layer expects its square. Keras mends this with an extra layer, but leaves it
    out when weights come from a path (tensorflow#49930). Here the square itself is put in, which is the same.
    """
    for layer in core.layers:
        if isinstance(layer, keras.layers.Normalization):
            mean, variance, count = layer.get_weights()
            layer.set_weights([mean, variance * _IMAGENET_STDDEV, count])
            layer.finalize_state()  # set_weights alone leaves the constants that the layer computes with
