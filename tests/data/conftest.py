"""Tiny images and datasets, made on the fly."""

import io
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def image(number: int = 0, kind: str = "PNG") -> bytes:
    """A file of 8 x 6 pixels; each number gives other bytes."""
    pixels = np.random.default_rng(number).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


@pytest.fixture
def make(tmp_path: Path) -> Callable[[Iterable[str]], Path]:
    """`make(["train/cats/1.png", ...])` gives a folder with those files, all different; `x/` is an empty folder."""

    def build(names: Iterable[str], root: str = "data") -> Path:
        for number, name in enumerate(names):
            path = tmp_path / root / name
            if name.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(image(number))
        return tmp_path / root

    return build
