"""Images to measure with: drawn from a seed, about as large as chest X-rays once they are JPEGs."""

from pathlib import Path

import numpy as np
from PIL import Image


def draw(folder: Path, *, side: int, **splits: int) -> Path:
    """A dataset of two classes, `draw(folder, side=224, train=100, val=20)` images of each; kept if it is there."""
    rng = np.random.default_rng(0)
    for split, count in splits.items():
        for level, name in ((90, "a"), (140, "b")):
            class_folder = folder / split / name
            class_folder.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                path = class_folder / f"{number:05}.jpg"
                if not path.exists():
                    one(rng, side, level).save(path, quality=90)
    return folder


def one(rng: np.random.Generator, side: int, level: float) -> Image.Image:
    """Clouds with some grain."""
    clouds = Image.fromarray(rng.normal(level, 40, (12, 12)).clip(0, 255).astype(np.uint8))
    pixels = np.asarray(clouds.resize((side, side), Image.Resampling.BICUBIC), np.float32)
    grain = rng.normal(0, 3, (side, side)).astype(np.float32)
    return Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8)).convert("RGB")
