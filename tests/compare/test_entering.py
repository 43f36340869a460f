"""The range of what enters the network: every usual scaling is told from every other, no resize is taken for one."""

from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from core.compare.entering import entering_range
from core.store.trace_record import Sample, Trace

_MEAN, _STD = np.array([0.485, 0.456, 0.406]) * 255, np.array([0.229, 0.224, 0.225]) * 255

SCALINGS = {
    "raw": lambda image: image,
    "0..1": lambda image: image / 255,
    "-1..1": lambda image: image / 127.5 - 1,
    "torch": lambda image: (image - _MEAN) / _STD,
    "caffe": lambda image: image[..., ::-1] - np.array([103.939, 116.779, 123.68]),
}
RESIZES = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BOX, Image.Resampling.LANCZOS)


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    """Four drawn images of edges, slopes and some noise; the first is darker than the last."""
    rng = np.random.default_rng(0)
    ramp = np.add.outer(np.arange(160), np.arange(160))[..., None]
    found = []
    for k in range(4):
        checks = (ramp // (9 + 4 * k) % 2) * (60 + 10 * k)
        pixels = 25 + 20 * k + ramp * 0.3 + checks + rng.normal(0, 12, (160, 160, 3))
        found.append(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))
    return found


def traced(pictures: list[Image.Image], resize: Image.Resampling, scaling: str) -> Trace:
    samples = []
    for k, picture in enumerate(pictures):
        values = SCALINGS[scaling](np.asarray(picture.resize((96, 96), resize), float))
        figures = {"min": values.min(), "max": values.max(), "mean": values.mean(), "std": values.std()}
        samples.append(_sample(k, {name: float(value) for name, value in figures.items()}))
    return Trace.model_construct(samples=samples)


def _sample(number: int, figures: dict[str, float]) -> Sample:
    texts = dict.fromkeys(("file", "path", "decoded", "pixels", "input"), str(number))
    return Sample.model_validate(
        {"epoch": 1, "draw": 0, "decoded_mean": None, "pixels_mean": None, **texts, **figures}
    )  # fmt: skip


@pytest.mark.parametrize(("one", "other"), list(combinations(SCALINGS, 2)))
def test_two_scalings_are_told_apart(pictures: list[Image.Image], one: str, other: str) -> None:
    found = entering_range(traced(pictures, RESIZES[0], one), traced(pictures, RESIZES[3], other))
    assert found is not None
    assert found.stage == "preprocessed input"


def test_no_resize_is_taken_for_another_scaling(pictures: list[Image.Image]) -> None:
    noise = [Image.fromarray(np.random.default_rng(k).integers(0, 256, (200, 200, 3), np.uint8)) for k in range(4)]
    for images in (pictures, noise):
        for scaling in SCALINGS:
            for one, other in combinations(RESIZES, 2):
                assert entering_range(traced(images, one, scaling), traced(images, other, scaling)) is None
