"""Checks of the size and shape of images against the network's square input: stretched, enlarged, too small."""

import numpy as np

from core.checks.context import Context
from core.checks.finding import Finding
from core.data.dataset_index import ImageFile

_WIDEST = 2.0
"""Ratio of the widest to the tallest images from which on stretching them all to a square changes shapes much."""


def aspect_stretch_vs_crop(context: Context) -> Finding | None:
    """Shapes differ widely, and every image is stretched to a square: the same thing looks wide here, tall there."""
    files = [*context.train, *context.val]
    if not files or context.config.data.fit != "stretch":
        return None
    low, high = np.quantile([_aspect(file) for file in files], (0.05, 0.95))
    if high / low <= _WIDEST:
        return None
    return Finding(
        "aspect-stretch-vs-crop",
        "info",
        f"Aspect ratios (width / height) range from {low:.2f} to {high:.2f} (90 % of the images), and all images "
        "are stretched to a square.",
        {"aspect_5_percent": round(float(low), 3), "aspect_95_percent": round(float(high), 3)},
        "If shapes matter, keep them: data.fit=letterbox pads with bars, data.fit=crop shows the centre only.",
        {"data.fit": "letterbox"},
    )


def size_upscaled(context: Context) -> Finding | None:
    """Images are much smaller than the network's input: enlarged, they cost time and gain no detail."""
    sides = [max(file.width, file.height) for file in context.train]
    size = context.config.data.image_size
    if not sides or np.median(sides) >= size / 2:
        return None
    side = int(np.median(sides))
    fitting = max(context.backbone.min_size, 64, side)
    return Finding(
        "size-upscaled",
        "info",
        f"Half of the images are at most {side} pixels wide or high and are enlarged to {size} × {size}.",
        {"median_side": side, "image_size": size},
        f"A smaller size is as good and faster: data.image_size={fitting}." if fitting < size else "",
        {"data.image_size": fitting} if fitting < size else {},
    )


def input_too_small(context: Context) -> Finding | None:
    """The last map of the backbone has one place: nothing is left of where things are."""
    size = context.config.data.image_size
    if size >= 64:
        return None
    native = context.backbone.native_size
    return Finding(
        "input-too-small",
        "warning",
        f"At {size} × {size} pixels the last feature map of {context.backbone.title} has about one position; it was "
        f"trained at {native} × {native}.",
        {"image_size": size, "trained_at": native},
        f"Use larger images: data.image_size={native}.",
        {"data.image_size": native},
    )


def _aspect(file: ImageFile) -> float:
    """Width over height of the upright image."""
    width, height = file.upright_size
    return width / height
