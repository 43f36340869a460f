"""Random changes to a training image, each a pure function of (seed, draw, file content, pixels).

Nothing here depends on threads, on the order of calls or on a global generator, so cached features and end-to-end
training see the same numbers. Lists of steps are applied in `core/data/augment_steps.py`; the two presets that are
older than they are drawn here as they always were, so that old runs can be repeated to the bit.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.data.augment_steps import apply_steps
from core.data.images import Pixels
from core.notation.augmentation import DRAWN_TOGETHER, steps_of


@dataclass(frozen=True)
class Parameters:
    """One drawn change. Matrix and signs follow Keras' `ImageDataGenerator`, from which `question` is taken.

    Attributes:
        rotation: Degrees.
        shear: Degrees; Keras' unit, so a `shear_range` of 0.2 is next to nothing.
        zoom_x: Source pixels per output pixel from left to right: above 1 shows more of the scene.
        zoom_y: The same from top to bottom.
        shift_x: Part of the width.
        shift_y: Part of the height.
        brightness: Factor on the pixel values.
        flip: Whether left and right are exchanged, after everything else.
    """

    rotation: float = 0.0
    shear: float = 0.0
    zoom_x: float = 1.0
    zoom_y: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    brightness: float = 1.0
    flip: bool = False


def augment(pixels: Pixels, kind: str, seed: int, draw: int, content: str) -> Pixels:
    """Changes one image at random, reproducibly.

    Args:
        pixels: uint8 array of shape `(height, width, 3)`.
        kind: A preset or a list of steps, as `core.notation.augmentation.read_augmentation` gives it.
        seed: The data seed, at least 0.
        draw: Number of the draw, at least 0: each gives another change.
        content: SHA-256 of the file as hexadecimal text, so that a copy of a file is changed in the same way.

    Returns:
        uint8 array of the same shape; `pixels` itself for `"none"`.

    Raises:
        ConfigError: if `kind` is neither.
    """
    if kind == "none":
        return pixels
    if kind in DRAWN_TOGETHER:
        return warp(pixels, draw_parameters(kind, seed, draw, content))
    return apply_steps(pixels, steps_of(kind), seed, draw, content)


def augment_by_step(pixels: Pixels, kind: str, seed: int, draw: int, content: str) -> list[tuple[str, Pixels]]:
    """What each step of an augmentation does to an image by itself, with the numbers that `augment` draws for it.

    Args:
        pixels: uint8 array of shape `(height, width, 3)`.
        kind: A preset or a list of steps.
        seed: The data seed, at least 0.
        draw: Number of the draw, at least 0.
        content: SHA-256 of the file as hexadecimal text.

    Returns:
        For each step its text and the changed image.
    """
    steps = steps_of(kind)
    if kind not in DRAWN_TOGETHER:
        return [(step.text, apply_steps(pixels, steps, seed, draw, content, k)) for k, step in enumerate(steps)]
    drawn = draw_parameters(kind, seed, draw, content)
    return [(step.text, warp(pixels, _alone(drawn, step.kind))) for step in steps]


def _alone(drawn: Parameters, kind: str) -> Parameters:
    """A drawn change with all but one kind of step left out."""
    parts = {"zoom": ("zoom_x", "zoom_y"), "shift": ("shift_x", "shift_y")}.get(kind, (kind,))
    return Parameters(**{name: getattr(drawn, name) for name in parts})


def draw_parameters(kind: str, seed: int, draw: int, content: str) -> Parameters:
    """Draws what `augment` applies.

    `question` is what Keras' `ImageDataGenerator(shear_range=.2, zoom_range=.2, horizontal_flip=True)` draws: shear
    within ±0.2 degrees, both zooms independently from 0.8 to 1.2, a flip in half of all cases. `light` keeps left and
    right apart and so suits X-rays, digits and text: rotation ±5 degrees, zoom 0.95 to 1.05 (one for both axes), shift
    ±3 %, brightness ±10 %.

    Args:
        kind: `"none"`, or one of `DRAWN_TOGETHER`.
        seed: The data seed, at least 0.
        draw: Number of the draw, at least 0.
        content: SHA-256 of the file as hexadecimal text.

    Raises:
        ValueError: if `kind` is unknown.
    """
    rng = np.random.default_rng([seed, draw, int(content[:16], 16)])
    if kind == "question":
        shear = rng.uniform(-0.2, 0.2)
        zoom_x, zoom_y = rng.uniform(0.8, 1.2, 2)
        return Parameters(shear=shear, zoom_x=zoom_x, zoom_y=zoom_y, flip=bool(rng.random() < 0.5))
    if kind == "light":
        rotation, zoom = rng.uniform(-5, 5), rng.uniform(0.95, 1.05)
        shift_x, shift_y = rng.uniform(-0.03, 0.03, 2)
        brightness = rng.uniform(0.9, 1.1)
        return Parameters(rotation, 0.0, zoom, zoom, shift_x, shift_y, brightness)
    if kind == "none":
        return Parameters()
    raise ValueError(f"The augmentation is {kind!r}; drawn together are none, light and question.")


def warp(pixels: Pixels, parameters: Parameters) -> Pixels:
    """Applies a change: linear interpolation, and beyond the edge its nearest pixel.

    Values are rounded down: on a square image within one grey level of the floats that Keras'
    `apply_affine_transform` computes by scipy, which takes some ten times as long.

    Args:
        pixels: uint8 array of shape `(height, width, 3)`.
        parameters: What to do.

    Returns:
        New uint8 array of the same shape.
    """
    height, width = pixels.shape[:2]
    matrix, offset = _affine(parameters, height, width)
    pad = _margin(matrix, offset, height, width)
    rows, columns = _edge_indices(height, pad), _edge_indices(width, pad)
    padded = Image.fromarray(pixels.take(rows, axis=0).take(columns, axis=1))
    # numpy counts from a pixel's centre, Pillow from its corner: half a pixel on both sides of the mapping.
    shift = offset + pad + 0.5 - matrix @ (0.5, 0.5)
    data = (matrix[0, 0], matrix[0, 1], shift[0], matrix[1, 0], matrix[1, 1], shift[1])
    moved = padded.transform((width, height), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)
    if parameters.brightness != 1.0:
        moved = moved.point(_brightness_table(parameters.brightness) * 3)
    out = np.array(moved, dtype=np.uint8)
    return np.ascontiguousarray(out[:, ::-1]) if parameters.flip else out


def _affine(p: Parameters, height: int, width: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Output (x, y) -> source (x, y), both counted from the centre of the first pixel, as `matrix @ xy + offset`.

    The product rotation · shift · shear · zoom about the image's centre, in Keras' order.
    """
    turn, lean = math.radians(p.rotation), math.radians(p.shear)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    shear = np.array([[1.0, -math.sin(lean)], [0.0, math.cos(lean)]])
    matrix = rotation @ shear @ np.diag([p.zoom_x, p.zoom_y])
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    shift = rotation @ np.array([p.shift_x * width, p.shift_y * height])
    return matrix, centre - matrix @ centre + shift


def _margin(matrix: npt.NDArray[np.float64], offset: npt.NDArray[np.float64], height: int, width: int) -> int:
    """How many pixels of edge are needed on each side so that every source point lies inside."""
    corners = np.array([[0, 0, width - 1, width - 1], [0, height - 1, 0, height - 1]], dtype=np.float64)
    source = matrix @ corners + offset[:, None]
    last = np.array([width - 1, height - 1])
    beyond = max(0.0, -float(source.min()), float((source.max(axis=1) - last).max()))
    return math.ceil(beyond) + 1


@lru_cache(maxsize=256)
def _edge_indices(length: int, pad: int) -> npt.NDArray[np.intp]:
    """0 0 0 1 2 ... n-1 n-1 n-1: padding by the nearest pixel, several times faster than `np.pad` for an image."""
    return np.clip(np.arange(-pad, length + pad), 0, length - 1)


def _brightness_table(factor: float) -> list[int]:
    """The 256 grey levels times a factor, rounded and kept within 0..255."""
    return [min(255, max(0, round(value * factor))) for value in range(256)]
