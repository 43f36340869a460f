"""Which models from elsewhere are no classifiers of square images that Parity asks, and what to do with them."""

from typing import Any

from core.config import setting
from core.models.trial import PIXELS

_SIDE = setting("data.image_size").metadata
SMALLEST, LARGEST = int(_SIDE["low"]), int(_SIDE["high"])
"""Pixels a side that images may have here."""


def unsuited(model: Any, pixels: str) -> str:
    """Why it is no classifier of square images with these pixels; empty where it is one."""
    shape, outputs = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
    if not (isinstance(shape, tuple) and len(shape) == 4 and shape[1] and shape[1] == shape[2]):
        return not_square(shape)
    if shape[3] not in (1, 3):
        return f"it takes inputs of shape {shape}; a classifier of RGB images, or of grey ones, is needed"
    if not (isinstance(outputs, tuple) and len(outputs) == 2 and outputs[1]):
        return f"it gives outputs of shape {outputs}; one row of probabilities for each image is needed"
    if not SMALLEST <= shape[1] <= LARGEST:
        return f"it takes images of {shape[1]} × {shape[1]} pixels; from {SMALLEST} to {LARGEST} a side are taken here"
    if pixels not in candidates(gray=shape[3] == 1):
        return f"it takes grey images, and {pixels} is of three colours; give one of {', '.join(candidates(gray=True))}"
    return ""


def not_square(shape: Any) -> str:
    """What to say of a model that takes no square images; what to do where only its channels come first."""
    needed = f"it takes inputs of shape {shape}; a classifier of square images of one size is needed"
    if not isinstance(shape, tuple) or len(shape) != 4:
        return needed
    channels, side = shape[1], shape[2]
    if channels not in (1, 3) or not side or side != shape[3]:
        return needed
    return (
        f"it takes inputs of shape {shape}, channels first; images here have them last: put a Permute in front, "
        f"keras.Sequential([keras.Input(({side}, {side}, {channels})), keras.layers.Permute((3, 1, 2)), model]), save "
        "that and import it"
    )


def candidates(*, gray: bool) -> list[str]:
    """The keys of `PIXELS` that a model may have been trained on: all, or those that treat three colours alike."""
    return [name for name in PIXELS if not gray or name not in ("caffe", "torch")]


def fixed_batch(count: int) -> str:
    """What to do with a model that takes so many images at a time, no more and no fewer."""
    return (
        f"it takes batches of {count} {'image' if count == 1 else 'images'} alone; build it without a batch size "
        "(keras.Input(shape) without batch_size, keras.layers.Reshape or Flatten in place of a reshape to "
        f"({count}, …)), load its weights, save that and import it"
    )
