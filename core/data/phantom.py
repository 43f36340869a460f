"""Draws chest-film-like phantoms from a random generator: grey, 224 pixels, healthy or with soft opacities.

Both classes share one drawing; a diseased one only adds one to three soft opacities inside the lungs. Lengths are in
body units: (0, 0) is the middle of the chest, x grows to the right of the image, y downwards, and 1 is about half the
image.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Plane: TypeAlias = NDArray[np.float32]
Points: TypeAlias = NDArray[np.float64]

SIZE = 224
# How much of the grey range the middle of an opacity adds, and its size in pixels. With 0.18 and (14, 26) the
# question's own settings end at 0.75; with these they reach 0.88 to 0.91, and class by class stays at 0.50.
OPACITY_PEAK = 0.20
OPACITY_SIZE = (22, 36)
_DRAW = 2  # shapes are drawn this many times larger: Pillow's polygons have no smooth edges of their own
_UNIT = SIZE * _DRAW / 2  # of the body, in those pixels
_MIRROR = np.array((-1.0, 1.0))
# fmt: off
# Outlines of the half on the left of the image. The lung: apex, chest wall, diaphragm, mediastinum.
_LUNG = np.array([
    (-0.30, -0.76), (-0.46, -0.60), (-0.58, -0.30), (-0.66, 0.05), (-0.70, 0.36), (-0.69, 0.55), (-0.55, 0.42),
    (-0.38, 0.36), (-0.20, 0.42), (-0.13, 0.40), (-0.15, 0.05), (-0.12, -0.40), (-0.17, -0.66)])
_TORSO = np.array([(-0.17, -1.5), (-0.20, -1.0), (-0.45, -0.90), (-0.80, -0.80), (-0.95, -0.55), (-0.84, -0.28),
                   (-0.79, 0.10), (-0.80, 0.60), (-0.82, 1.5)])
_ARM = np.array([(-0.85, -0.82), (-1.12, -0.55), (-1.30, 0.10), (-1.40, 0.80), (-1.02, 0.80), (-0.94, -0.10)])
_CLAVICLE = np.array([(-0.08, -0.60), (-0.30, -0.68), (-0.55, -0.78), (-0.80, -0.82)])
# These are not mirrored. The heart: great vessels, aortic knob, waist, apex, diaphragm, right atrium.
_HEART = np.array([(0.06, -0.58), (0.17, -0.42), (0.16, -0.22), (0.27, -0.02), (0.39, 0.22), (0.37, 0.42),
                   (0.14, 0.50), (-0.10, 0.46), (-0.19, 0.20), (-0.14, -0.05), (-0.10, -0.40), (-0.06, -0.58)])
_BELLY = np.array([(-0.76, 0.44), (-0.4, 0.3), (0.4, 0.3), (0.76, 0.44), (0.8, 1.5), (-0.8, 1.5)])
# fmt: on


class _Shape(NamedTuple):
    """A filled outline, or a line where it has a width; in body units."""

    points: Points
    value: int = 255
    width: float = 0


class _Film:
    """How one body lies on its film: turns shapes in body units into layers of the image."""

    def __init__(self, rng: Generator) -> None:
        self.offset = (1 + rng.normal((0, 0.02), (0.035, 0.035))) * _UNIT
        scale, tilt = rng.uniform(0.86, 1.04) * rng.uniform(0.96, 1.04, (2, 1)), rng.normal(0, 0.035)
        turn = np.array(((math.cos(tilt), math.sin(tilt)), (-math.sin(tilt), math.cos(tilt))))
        self.matrix = scale * turn * _UNIT

    def layer(self, blur: float, shapes: Sequence[_Shape]) -> Plane:
        """Draws the shapes in their order, white on black, with edges blur pixels soft; (SIZE, SIZE), 0 to 1."""
        image = Image.new("L", (SIZE * _DRAW, SIZE * _DRAW))
        draw = ImageDraw.Draw(image)
        pixels = (self.offset + np.concatenate([shape.points for shape in shapes]) @ self.matrix).ravel().tolist()
        for points, value, width in shapes:
            mine, pixels = pixels[: points.size], pixels[points.size :]
            if width:
                draw.line(mine, fill=value, width=max(1, round(width * _UNIT)))
            else:
                draw.polygon(mine, fill=value)
        shrink = _DRAW if blur < 4 else 8 * _DRAW  # a wide blur leaves nothing that a small image cannot hold
        soft = image.reduce(shrink).filter(ImageFilter.BoxBlur(blur * _DRAW / shrink))
        return np.asarray(soft.resize((SIZE, SIZE), Image.Resampling.BICUBIC), np.float32) / np.float32(255)


def draw_phantom(rng: Generator, diseased: bool) -> NDArray[np.uint8]:
    """Draws one chest phantom with "SYNTHETIC" burnt into the lower left corner.

    Args:
        rng: Decides everything but the class. A generator in the same state draws the same body for both classes.
        diseased: Whether to add one to three opacities inside the lungs.

    Returns:
        Grey levels of shape (224, 224), uint8, 0 to 255.
    """
    grey, grain, lungs = _healthy(rng)
    if diseased:
        grey = grey + np.float32(OPACITY_PEAK) * _opacities(rng, lungs)
    levels: NDArray[np.uint8] = np.clip((grey + grain) * 255, 0, 255).astype(np.uint8)
    levels[_label()] = 210
    return levels


def _healthy(rng: Generator) -> tuple[Plane, Plane, Plane]:
    """A film without opacities, its noise, and where its lungs are; (SIZE, SIZE), as shares of the grey range."""
    film, torso, spine = _Film(rng), _torso(rng), _spine(rng)
    outline = 0.55 * film.layer(1.5, torso) + 0.45 * film.layer(11, torso)  # thick in the middle, thin at the skin
    heart = film.layer(2.2, [_Shape(_smooth(_shaken(rng, _HEART * rng.uniform(0.9, 1.12), 0.012)))])
    lungs: Plane = film.layer(1.6, [_Shape(_smooth(_shaken(rng, lung, 0.012))) for lung in _both(_LUNG)]) * (1 - heart)
    grey: Plane = 0.04 + 0.52 * outline + 0.16 * heart * outline
    grey += rng.uniform(0.03, 0.07) * (film.layer(0.9, spine) + film.layer(4, spine))
    grey += rng.uniform(0.10, 0.18) * film.layer(7, [_Shape(_BELLY)]) * (1 - lungs) - rng.uniform(0.33, 0.37) * lungs
    grey += rng.uniform(0.08, 0.12) * film.layer(0.8, _bones(rng))
    grey += rng.uniform(0.06, 0.10) * film.layer(1.0, _vessels(rng)) * lungs
    grey += 0.02 * _cloud(rng, 6) + rng.uniform(0.008, 0.018) * _cloud(rng, 28) * outline
    grey = 0.42 + rng.uniform(0.90, 1.14) * (grey - 0.42) + rng.normal(0, 0.018)  # contrast and exposure
    grain: Plane = rng.uniform(0.008, 0.016) * (0.7 * _cloud(rng, SIZE) + _cloud(rng, SIZE // 2))
    return grey, grain, lungs


def _both(points: Points) -> tuple[Points, Points]:
    return points, points * _MIRROR


def _shaken(rng: Generator, corners: Points, amount: float) -> Points:
    return corners + rng.normal(0, amount, corners.shape)


def _smooth(corners: Points) -> Points:
    """A closed Catmull-Rom curve through the corners, six points to a corner."""
    t = np.linspace(0, 1, 6, endpoint=False)[:, None]
    weights = 0.5 * np.hstack((-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2))
    neighbours = np.stack([np.roll(corners, shift, axis=0) for shift in (1, 0, -1, -2)])
    curve: Points = np.einsum("tk,kcx->ctx", weights, neighbours).reshape(-1, 2)
    return curve


def _torso(rng: Generator) -> list[_Shape]:
    left, right = _both(_shaken(rng, _TORSO, 0.015))
    arms = [_Shape(_shaken(rng, arm, 0.02), 150) for arm in _both(_ARM)]
    return [*arms, _Shape(np.concatenate((left, right[::-1])))]


def _spine(rng: Generator) -> list[_Shape]:
    bend, block = rng.normal(0, 0.02), np.array(((-1, 0), (1, 0), (1, 1), (-1, 1)))
    middles = ((bend * math.cos(2 * y), y) for y in np.arange(-1.3, 1.3, 0.115))
    return [_Shape(block * (0.075 + 0.015 * y, 0.09) + (x, y)) for x, y in middles]


def _bones(rng: Generator) -> list[_Shape]:
    """Ribs and clavicles. A rib's back half is level at the spine, its front half comes down from the chest wall."""
    first, gap = rng.uniform(-0.80, -0.74), rng.uniform(0.135, 0.155)
    width, drop = rng.uniform(0.038, 0.052), rng.uniform(0.26, 0.36)
    t = np.linspace(0, math.pi / 2, 14)
    rise, fall = np.sin(t), 1 - np.cos(t)
    shapes = [_Shape(bone, 230, 0.066) for bone in _both(_shaken(rng, _CLAVICLE, 0.01))]
    for number in range(9):
        y, sag = first + number * gap, drop * min(1.0, 0.55 + 0.1 * number)
        wall = 0.74 - 0.40 * max(0.0, 0.16 - y) ** 1.6
        back = np.stack((0.07 + (wall - 0.07) * rise, y + sag * fall), axis=1)
        front = np.stack((wall - (wall - 0.2) * fall, y + sag + 0.8 * sag * rise), axis=1)
        shapes += [_Shape(half, 90, width * 0.9) for half in _both(front)]
        shapes += [_Shape(half, 235, width) for half in _both(back)]
        shapes += [_Shape(half, 165, width * 0.45) for half in _both(back)]  # a tube: dense walls, lighter marrow
    return shapes


def _vessels(rng: Generator) -> list[_Shape]:
    """Branches that leave each hilum and grow thinner and fainter on their way out."""
    start, side = np.repeat(np.linspace(-1.2, 1.2, 9), 2), np.tile((-1.0, 1.0), 9)
    angles = 0.8 * start[:, None] + rng.normal(0.06 * start[:, None], (0.35, *[0.22] * 6), (18, 7)).cumsum(axis=1)
    hila = np.stack((side * rng.uniform(0.10, 0.20, 18), rng.normal(0.10 * start - 0.06, 0.03)), axis=1)
    steps = np.stack((side[:, None] * np.cos(angles), np.sin(angles)), axis=2)
    paths = hila[:, None] + 0.075 * steps.cumsum(axis=1)
    parts = ((0, 250, 0.029), (2, 190, 0.019), (4, 130, 0.012))
    return [_Shape(path[at : at + 3], value, width) for at, value, width in parts for path in paths]


def _cloud(rng: Generator, cells: int) -> Plane:
    """Noise of about unit spread that changes over SIZE / cells pixels."""
    small = Image.fromarray(rng.standard_normal((cells, cells), np.float32))
    return np.asarray(small.resize((SIZE, SIZE), Image.Resampling.BICUBIC), np.float32)


def _opacities(rng: Generator, lungs: Plane) -> Plane:
    """One to three soft patches, about 1 in the middle, nothing outside the lungs."""
    positions = 8 * np.argwhere(np.asarray(Image.fromarray(lungs).reduce(8)) > 0.9) + 4
    shape, pixel = np.zeros((SIZE, SIZE), np.float32), np.arange(SIZE, dtype=np.float32)
    for _ in range(int(rng.integers(1, 4))):
        row, column = positions[rng.integers(len(positions))]
        tall, wide = (np.exp(-0.7 * ((pixel - at) / rng.uniform(*OPACITY_SIZE)) ** 2) for at in (row, column))
        shape = np.maximum(shape, np.outer(tall, wide))
    texture = 1 + 0.24 * _cloud(rng, 24) + 0.12 * _cloud(rng, 64)
    patches: Plane = shape * np.clip(texture, 0.4, 1.6) * lungs
    return patches


@cache
def _label() -> NDArray[np.bool_]:
    image = Image.new("1", (SIZE, SIZE))
    # Pillow's own bitmap letters: the same on every machine, whatever fonts it has.
    ImageDraw.Draw(image).text((5, SIZE - 15), "SYNTHETIC", fill=1, font=ImageFont.load_default_imagefont())
    return np.asarray(image)
