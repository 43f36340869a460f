"""Scales pixels from 0..255 to a network's input in float32: one multiplication and one addition a value."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Preprocessing:
    """From pixels in 0..255 to a network's input: `pixel * scale + offset` for R, G and B, then reversed if `bgr`."""

    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    bgr: bool = False


# caffe and torch: ImageNet's mean (and standard deviation, of pixels in 0..1) as Keras' `imagenet_utils` has them.
PREPROCESSING: dict[str, Preprocessing] = {
    "caffe": Preprocessing((1.0, 1.0, 1.0), (-123.68, -116.779, -103.939), bgr=True),
    "tf": Preprocessing((1 / 127.5,) * 3, (-1.0,) * 3),
    "torch": Preprocessing(
        (1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)), (-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225)
    ),
    "lite": Preprocessing((1 / 128,) * 3, (-127 / 128,) * 3),
    "raw": Preprocessing((1.0,) * 3, (0.0,) * 3),
    "rescale": Preprocessing((1 / 255,) * 3, (0.0,) * 3),
}


def preprocess(pixels: npt.NDArray[np.generic], kind: str) -> npt.NDArray[np.float32]:
    """Scales pixels for a network; never changes its argument.

    Args:
        pixels: Array of shape `(..., 3)`, RGB, values in 0..255, any dtype.
        kind: A key of `PREPROCESSING`; anything else is a KeyError.

    Returns:
        New float32 array of the same shape: one float32 multiplication and one float32 addition per value, in this
        order, so that stock Keras layers in the exported model give the same bits.
    """
    rule = PREPROCESSING[kind]
    step = -1 if rule.bgr else 1
    out = np.array(pixels[..., ::step], dtype=np.float32, order="C")
    # A view with whole rows as its last axis: numpy is several times faster along them than along 3 channels.
    rows = out.reshape(*out.shape[:-2], math.prod(out.shape[-2:]))
    rows *= np.tile(np.array(rule.scale[::step], np.float32), rows.shape[-1] // 3)
    rows += np.tile(np.array(rule.offset[::step], np.float32), rows.shape[-1] // 3)
    return out
