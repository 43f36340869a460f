"""Images in plain Keras for exported scripts, from file to pixels; see core/export/plain_script.py."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from core.data.augment import draw_parameters, warp
from core.data.augment_steps import apply_steps
from core.data.dicom import dicom_image
from core.data.dicom_header import is_dicom
from core.data.heic import allow_heic
from core.data.image_modes import TRANSPOSE, scale_down, to_rgb
from core.data.png_chunks import LenientStream
from core.data.rendering import to_square
from core.export.plain_settings import (
    AUGMENTATION,
    AUGMENTATION_DRAWS,
    AUGMENTATION_STEPS,
    AUGMENTED,
    DATA,
    DATA_SEED,
    DICOM,
    FIT,
    FITS,
    HEIC,
    IMAGE_SIZE,
    STEPPED,
    TRAIN,
    TURNED,
    VAL,
    WINDOW,
)


def load(path: Path) -> NDArray[np.uint8]:
    """Decode an image, turn it upright, make it RGB and a square: uint8 (IMAGE_SIZE, IMAGE_SIZE, 3)."""
    PngImagePlugin.PngStream = LenientStream  # type: ignore[misc]  # a large colour profile is no damage
    if DICOM:
        with path.open("rb") as file:
            if is_dicom(file.read(200)):
                return np.array(to_square(dicom_image(file, WINDOW).convert("RGB"), IMAGE_SIZE, FIT), dtype=np.uint8)
    if HEIC:
        allow_heic()
    with Image.open(path) as image:
        try:
            orientation = image.getexif().get(0x0112, 1)
        except (OSError, ValueError, SyntaxError, TypeError, LookupError):  # unreadable EXIF
            orientation = 1
        scale_down(image, IMAGE_SIZE, None)
        image.load()
        upright = to_rgb(image, WINDOW)
    if TURNED:
        orientation = 1 if image.format in ("TIFF", "HEIF") else orientation  # these are turned as they are loaded
    if orientation in TRANSPOSE:
        upright = upright.transpose(TRANSPOSE[orientation])
    if FITS:
        return np.array(to_square(upright, IMAGE_SIZE, FIT), dtype=np.uint8)
    if upright.size != (IMAGE_SIZE, IMAGE_SIZE):
        upright = upright.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BILINEAR)
    return np.array(upright, dtype=np.uint8)


def draw_of_epoch(epoch: int) -> int:
    """Which random version of the images an epoch (from 0) sees."""
    if AUGMENTED:
        return epoch % AUGMENTATION_DRAWS if AUGMENTATION_DRAWS else epoch
    return 0


def training_images(batch: Sequence[int], draw: int) -> NDArray[np.uint8]:
    """Training images by their positions in TRAIN, in random version `draw`: uint8 (n, size, size, 3)."""

    def one(position: int) -> NDArray[np.uint8]:
        path, _, content = TRAIN[position]
        pixels = load(DATA / path)
        if AUGMENTED:
            # A pure function of seed, draw and the file's content: no hidden state, whatever the order.
            if STEPPED:
                pixels = apply_steps(pixels, AUGMENTATION_STEPS, DATA_SEED, draw, content)
            else:
                pixels = warp(pixels, draw_parameters(AUGMENTATION, DATA_SEED, draw, content))
        return pixels

    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(one, batch)))


def validation_images(start: int) -> NDArray[np.uint8]:
    """The 16 validation images from `start` on, never augmented."""
    return np.stack([load(DATA / path) for path, _, _ in VAL[start : start + 16]])
