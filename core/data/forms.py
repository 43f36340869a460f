"""Forms: grey versions of images at 64 x 64, kept on disk by the content of the file, for the search for copies."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.array_cache import ArrayCache, HasContent
from core.data.images import read_grey
from core.data.quality import SIDE as _MEASURED
from core.progress import Progress

SIDE = 64

Form = NDArray[np.uint8]


def form_of(grey: Image.Image) -> Form:
    """The form of an image: uint8 `(SIDE, SIDE)`, stretched to a square.

    Args:
        grey: Mode `L`, upright, at least twice `SIDE` a side where the file has as many.
    """
    return np.array(grey.resize((SIDE, SIDE), Image.Resampling.BILINEAR), dtype=np.uint8)


def _made(path: Path) -> Form:
    return form_of(read_grey(path, _MEASURED)[1])


FORMS = ArrayCache("forms", version=1, shape=(SIDE, SIDE), dtype=np.uint8, make=_made)


def forms(root: Path, files: Sequence[HasContent], progress: Progress | None = None) -> NDArray[np.uint8]:
    """Forms of images: uint8 `(len(files), SIDE, SIDE)`; see `ArrayCache.arrays`."""
    return FORMS.stacked(root, files, progress)
