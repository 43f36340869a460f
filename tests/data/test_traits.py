"""Traits of images: finite for whatever image, each moved by what it is named after, kept by content."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from core.data import images, traits
from core.data.images import read_colour, read_grey
from core.data.quality import SIDE
from core.data.scan import scan
from core.data.traits import STEPS, TRAITS, WIDTH, measure, parted
from tests.checks.planted import noise_field


def photograph(seed: int = 0, size: int = 176) -> Image.Image:
    rng = np.random.default_rng(seed)
    pixels = 120 + 45 * np.stack([noise_field(rng, size, 1.7)] * 3, axis=-1) + rng.normal(0, 3, (size, size, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def saved(image: Image.Image, kind: str = "PNG", **how: int) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def of(data: bytes) -> dict[str, np.ndarray]:
    return {kind: row[0] for kind, row in parted(measure(read_colour(data, SIDE))[None]).items()}


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (2000, 40), (30, 30), (700, 900)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "1"])
def test_every_image_has_finite_traits(size, mode):
    row = measure(read_colour(saved(Image.new(mode, size, 1)), SIDE))
    assert row.shape == (WIDTH,)
    assert row.dtype == np.float32
    assert np.isfinite(row).all()


def test_the_grey_version_is_what_the_scan_compares():
    for data in (
        saved(photograph(), "JPEG", quality=80),
        saved(photograph().convert("L"), "JPEG"),
        saved(photograph()),
    ):
        grey = np.asarray(read_colour(data, SIDE).grey)
        assert (grey == np.asarray(read_grey(data, SIDE)[1])).all()


def test_exif_turns_luma_and_colours_and_the_size():
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    photograph().crop((0, 0, 100, 160)).save(out, "JPEG", exif=exif)
    read = read_colour(out.getvalue(), SIDE)
    assert read.grey.size == read.colour.size == (160, 100)
    assert of(out.getvalue())["size"][:2] == pytest.approx(np.log((160, 100)))


def test_each_trait_is_moved_by_what_it_is_named_after():
    image = photograph()
    plain, pixels = of(saved(image)), np.asarray(image, float)
    assert of(saved(image.filter(ImageFilter.GaussianBlur(1.5))))["sharpness"][0] < plain["sharpness"][0] - 0.3
    noisy = np.clip(pixels + np.random.default_rng(1).normal(0, 12, pixels.shape), 0, 255).astype(np.uint8)
    assert of(saved(Image.fromarray(noisy)))["noise"][0] > plain["noise"][0] + 0.5
    lighter = of(saved(Image.fromarray(np.clip(pixels + 30, 0, 255).astype(np.uint8))))
    assert lighter["brightness"][2] == pytest.approx(plain["brightness"][2] + 30, abs=1)
    red = of(saved(Image.fromarray((pixels * (1, 0.8, 0.8)).astype(np.uint8))))
    assert red["colour"][0] > 15 > plain["colour"][0] + 14
    upright = of(saved(image.resize((176, 88)).resize((176, 176)).transpose(Image.Transpose.ROTATE_90)))
    squeezed = of(saved(image.resize((176, 88)).resize((176, 176))))
    assert upright["direction of edges"][0] == pytest.approx(-squeezed["direction of edges"][0], abs=0.02)
    bars = Image.fromarray(np.tile(np.arange(176) // 8 % 2 * 200, (176, 1)).astype(np.uint8))
    assert of(saved(bars))["direction of edges"][0] == pytest.approx(1, abs=0.01)


def test_an_earlier_compression_is_seen_after_saving_anew():
    assert len(TRAITS["compression"]) == len(STEPS)
    image = photograph()
    again = Image.open(io.BytesIO(saved(image, "JPEG", quality=30)))
    place = STEPS.index(20)
    assert of(saved(again, "JPEG", quality=92))["compression"][place] > 0.5
    assert of(saved(again))["compression"][place] > 0.5
    assert of(saved(image, "JPEG", quality=92))["compression"][place] < 0.45
    assert of(saved(Image.new("L", (160, 160), 90)))["compression"][0] == -1


def test_the_scan_keeps_them_and_nothing_is_decoded_again(tmp_path, monkeypatch):
    for part, label in (("train", "a"), ("train", "b"), ("val", "a"), ("val", "b")):
        for n in range(3):
            path = tmp_path / part / label / f"{n}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            photograph(hash((part, label, n)) % 1000, 64).save(path)
    index = scan(tmp_path, cache_dir=tmp_path / "cache")
    assert set(traits.KEPT.read(index.root)) == {file.sha256 for file in index.files}
    monkeypatch.setattr(traits, "read_colour", None)  # whoever decodes now fails
    rows = traits.traits(index.root, index.files)
    monkeypatch.undo()
    assert (rows[0] == measure(images.read_colour(index.root / index.files[0].path, SIDE))).all()


def test_a_part_of_the_images_stands_for_all_in_an_order_by_chance():
    class File:
        def __init__(self, path: str) -> None:
            self.path, self.label = path, "a"

    cells = [[File(f"{cell}/{n}") for n in range(500)] for cell in range(2)]
    chosen = traits.choose(cells)
    assert len(chosen) == 200
    assert chosen == traits.choose([cell[::-1] for cell in cells])
    assert len(traits.choose([[File(f"{cell}/{n}") for n in range(50)] for cell in range(300)])) == 4 * 300
