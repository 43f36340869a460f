"""Small grey versions of images, kept on disk by the content of the file; made in the scan, where it is decoded."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.array_cache import ArrayCache, HasContent
from core.data.images import read_grey
from core.data.quality import SIDE as _MEASURED
from core.progress import Progress

SIDE = 32

MAX_COMPARED = 20_000
"""Images up to which every one is kept small and compared with the others; more would take minutes."""

Small = NDArray[np.uint8]
Thumbnails = dict[str, Small]


def shrink(grey: Image.Image) -> Small:
    """The small version of an image.

    Args:
        grey: Mode `L`, upright, at least twice `SIDE` a side where the file has as many.

    Returns:
        uint8 of shape `(SIDE, SIDE + 1)`: a column more, as neighbours are compared.
    """
    return np.array(grey.resize((SIDE + 1, SIDE), Image.Resampling.BILINEAR), dtype=np.uint8)


def _made(path: Path) -> Small:
    # At the scale at which the scan decodes, so that it does not matter who was first.
    return shrink(read_grey(path, _MEASURED)[1])


THUMBNAILS = ArrayCache("thumbnails", version=4, shape=(SIDE, SIDE + 1), dtype=np.uint8, make=_made)


def thumbnails(root: Path, files: Sequence[HasContent], progress: Progress | None = None) -> Thumbnails:
    """Small grey versions of images, by SHA-256; see `ArrayCache.arrays`."""
    made = THUMBNAILS.arrays(root, files, progress)
    return {file.sha256: small for file, small in zip(files, made, strict=True)}
