"""Altered copies: found in all orientations, cut, brightened and saved again; not among images of one kind."""

import json
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from core import paths
from core.checks import copies, copy_changes
from core.checks.altered import altered_copy_in_two_classes, altered_copy_within_split, leak_altered_copy
from core.checks.context import Context
from core.checks.copies import Search, altered_copies, find_copies, in_words
from core.checks.duplicates import near_groups
from core.config import make_config
from core.data.dataset import open_dataset, scan_dataset
from core.data.forms import forms
from tests.checks.planted import COPIES, brighter, cast, noise_field, swapped

KINDS = tuple(kind for kind in COPIES if kind not in ("augmented", "crop 10 %"))


def film(seed: int, size: int = 128) -> Image.Image:
    """Images of one kind: the same large shapes, other details."""
    rng = np.random.default_rng(seed)
    common = noise_field(np.random.default_rng(999), size, 2.0) * 45
    return Image.fromarray(np.clip(128 + common + noise_field(rng, size, 1.3) * 28, 0, 255).astype(np.uint8))


def form(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L").resize((64, 64), Image.Resampling.BILINEAR))


@pytest.fixture(scope="module")
def originals() -> list[Image.Image]:
    return [film(seed) for seed in range(60)]


def test_copies_of_every_kind_are_found_and_no_others(originals):
    rng = np.random.default_rng(0)
    made = [COPIES[kind](originals[k], rng) for k, kind in enumerate(KINDS)]
    names = [f"o{k}" for k in range(len(originals))] + [f"c{k}" for k in range(len(KINDS))]
    small = np.stack([form(image) for image in [*originals, *made]])
    found = {(copy.first, copy.second) for copy in find_copies(small, names).copies}
    missed = [kind for k, kind in enumerate(KINDS) if (f"o{k}", f"c{k}") not in found]
    assert missed == []
    assert found <= {(f"o{k}", f"c{k}") for k in range(len(KINDS))}


def test_the_same_place_with_something_moved_is_no_copy():
    """One camera, one background: the details agree nearly everywhere, in all images alike."""
    back, rng, small = np.asarray(film(5), np.float32), np.random.default_rng(1), []
    for _ in range(40):
        pixels = back + rng.normal(0, 3, back.shape)
        x, y = rng.integers(8, 90, 2)
        pixels[y : y + 30, x : x + 30] = rng.integers(0, 256)
        small.append(form(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))))
    assert find_copies(np.stack(small), [str(k) for k in range(40)]) == Search((), gave_up=True)


def corner(seed: int) -> Image.Image:
    """A blank wall and its corner, seen from anywhere."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(128), np.arange(128))
    slope = rng.uniform(-0.12, 0.12)
    wall = (x - slope * y > rng.uniform(15, 45)) & (y + slope * x > rng.uniform(40, 70))
    field = wall * rng.uniform(90, 180) + rng.uniform(10, 40) + rng.normal(0, 2, x.shape)
    return Image.fromarray(np.clip(field, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1))


def test_blank_walls_that_show_a_corner_are_no_copies(originals):
    """Two straight edges are laid on any two others; a copy among images with details is found beside them."""
    mirrored = COPIES["mirrored"](originals[0], np.random.default_rng(0))
    small = np.stack([form(image) for image in [*originals, mirrored, *(corner(seed) for seed in range(20))]])
    found = find_copies(small, [str(k) for k in range(len(small))]).copies
    assert [(copy.first, copy.second) for copy in found] == [("0", "60")]


def icon(shape: int, colour: tuple[int, int, int]) -> Image.Image:
    """A drawing in one colour on white, with a few dark strokes."""
    rng = np.random.default_rng(shape)
    image = Image.new("RGB", (256, 256), "white")
    draw = ImageDraw.Draw(image)
    angles, radii = np.arange(9) * 0.7, rng.uniform(50, 110, 9)
    outline = list(zip(128 + radii * np.cos(angles), 128 + radii * np.sin(angles), strict=True))
    draw.polygon(outline, fill=colour)
    for _ in range(5):
        draw.line([*rng.uniform(70, 186, 4)], fill=tuple(v // 3 for v in colour), width=8)
    return image.resize((64, 64), Image.Resampling.LANCZOS)


TINTS = [(220, 40, 60), (90, 170, 60), (60, 110, 220), (245, 200, 40), (150, 60, 190), (240, 140, 20)]


def icons(root: Path, twins: int) -> Path:
    """Forty drawings in two classes, the first few in six colours."""
    for label in ("00", "01"):
        (root / label).mkdir()
    for shape in range(40):
        for k, tint in enumerate(TINTS if shape < twins else TINTS[shape % 6 :][:1]):
            icon(shape, tint).save(root / f"{shape % 2:02}" / f"{shape:02}-{k}.png")
    return root


def test_one_drawing_in_several_colours_is_no_copy(tmp_path):
    assert altered_copies(icons(tmp_path, twins=2), scan_dataset(str(tmp_path)).files) == []


def test_copies_in_other_light_with_a_cast_in_grey_and_with_channels_exchanged_keep_their_colours(tmp_path):
    rng, root = np.random.default_rng(0), icons(tmp_path, twins=0)
    edits = [brighter(0.7), cast(1.2, 0.8), swapped, lambda image, _: image.convert("L"), COPIES["mirrored"]]
    for k in range(30):
        folder, name = root / f"{k % 2:02}", f"{k:02}-0.png"
        with Image.open(folder / name) as image:
            edits[k % 5](image.convert("RGB"), rng).save(folder / f"copy-{name}")
    files = scan_dataset(str(root)).files
    names = {file.sha256: file.path.rsplit("/", 1)[1].removeprefix("copy-") for file in files}
    found = altered_copies(root, files)
    assert all(names[copy.first] == names[copy.second] for copy in found)
    assert len(found) >= 28


def test_a_copy_with_another_gamma_or_far_brighter_is_found(originals):
    """The details' tone is not that of a change of contrast: dark places lose more than bright ones."""
    rng = np.random.default_rng(0)
    made = [COPIES["gamma"](image, rng) for image in originals[:15]] + [brighter(1.5)(i, rng) for i in originals[15:25]]
    small = np.stack([form(image) for image in [*originals, *made]])
    found = {(copy.first, copy.second) for copy in find_copies(small, [str(k) for k in range(len(small))]).copies}
    assert found == {(str(k), str(60 + k)) for k in range(25)}


def test_blank_and_few_images_are_no_copies():
    assert find_copies(np.zeros((5, 64, 64), np.uint8), list("abcde")) == Search((), gave_up=False)
    assert find_copies(np.zeros((0, 64, 64), np.uint8), []) == Search((), gave_up=False)


def test_all_random_pairs_are_asked_only_of_what_may_be_a_copy_or_one_scene(originals, monkeypatch):
    small = np.stack([form(image) for image in originals])
    monkeypatch.setattr("core.checks.copies._usual", lambda _: pytest.fail("was asked"))
    assert find_copies(small, [str(k) for k in range(len(small))]) == Search((), gave_up=False)


def test_what_mirroring_spares_is_what_would_be_computed():
    ways, maps = copy_changes.changes(600), copy_changes.maps(600)
    assert len(ways) == len(maps) == 616
    for k in range(0, len(ways), 9):
        np.testing.assert_allclose(maps[k], copy_changes.described(ways[k]), atol=1e-5)


@pytest.mark.parametrize(
    ("change", "light", "words"),
    [
        ([[1, 0, 0], [0, 1, 0]], 0, "saved again"),
        ([[-1, 0, 0], [0, 1, 0]], 0, "mirrored"),
        ([[0, 1, 0], [-1, 0, 0]], 0, "turned by 90°"),
        ([[-1, 0, 0], [0, -1, 0]], 0, "turned by 180°"),
        ([[1, 0, 0], [0, -1, 0]], 30, "upside down, mirrored, lighter or darker"),
        ([[0.94, 0, 0.02], [0, 0.94, -0.03]], 0, "cut"),
        ([[0.985, -0.174, 0.1], [0.174, 0.985, 0]], 0, "turned a little, moved"),
    ],
)
def test_what_was_done_is_said(change, light, words):
    assert in_words(np.array(change, np.float32), light) == words


@pytest.fixture
def context(tmp_path: Path) -> Context:
    for part, first in (("train", 0), ("val", 40)):
        for k, label in enumerate("ab"):
            folder = tmp_path / "set" / part / label
            folder.mkdir(parents=True)
            for n in range(12):
                film(first + 12 * k + n).save(folder / f"{n:02}.png")
    rng = np.random.default_rng(0)
    COPIES["mirrored"](film(0), rng).save(tmp_path / "set/val/a/98.png")
    COPIES["turned 90"](film(13), rng).save(tmp_path / "set/val/a/99.png")
    COPIES["crop 6 %"](film(2), rng).save(tmp_path / "set/train/a/99.png")
    config = make_config(str(tmp_path / "set"), {})
    return Context(config, open_dataset(str(tmp_path / "set"), config.data))


def test_findings_name_the_pairs_across_parts_within_one_and_across_classes(context):
    leak = leak_altered_copy(context)
    assert leak is not None
    assert leak.claim == (
        "At least 2 of 26 held-out images (7.7 %) are altered copies of training images (1 mirrored; 1 turned by 90°)."
    )
    assert leak.evidence["files"] == [["train/a/00.png", "val/a/98.png"], ["train/b/01.png", "val/a/99.png"]]
    within = altered_copy_within_split(context)
    assert within is not None
    assert within.evidence["files"] == [["train/a/02.png", "train/a/99.png"]]
    torn = altered_copy_in_two_classes(context)
    assert torn is not None
    assert torn.claim == "At least 1 image lies in one class and, altered, in another (1 turned by 90°)."
    groups = near_groups(context.dataset.root, context.index.files)
    assert [sorted(file.path for file in group) for group in groups] == [
        ["train/a/00.png", "val/a/98.png"], ["train/a/02.png", "train/a/99.png"], ["train/b/01.png", "val/a/99.png"],
    ]  # fmt: skip


def test_the_scan_keeps_the_forms_and_what_was_found_is_kept(context, monkeypatch):
    files = context.index.files
    kept = forms(context.dataset.root, files, lambda *_: pytest.fail("was decoded again"))
    (store,) = (paths.cache_folder() / "forms").iterdir()
    store.write_bytes(b"damaged")
    assert (forms(context.dataset.root, files) == kept).all()
    first = altered_copies(context.dataset.root, files)
    (path,) = (paths.cache_folder() / "copies").iterdir()
    monkeypatch.setattr("core.checks.copies.find_copies", lambda *_: pytest.fail("was searched again"))
    assert altered_copies(context.dataset.root, files[::-1]) == first
    monkeypatch.undo()
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "pairs": [["x"]]}), encoding="utf-8")
    assert altered_copies(context.dataset.root, files) == first


def test_the_usual_pairs_are_laid_on_each_other_once(monkeypatch):
    """Among few images they are asked for before the search, and again when it has found something."""
    usual = mock.Mock(side_effect=copies._usual)
    monkeypatch.setattr(copies, "_usual", usual)
    few = [film(seed) for seed in range(5)]
    small = np.stack([form(image) for image in [*few, COPIES["mirrored"](few[0], np.random.default_rng(0))]])
    found = find_copies(small, list("abcdef"))
    assert [(copy.first, copy.second) for copy in found.copies] == [("a", "f")]
    assert usual.call_count == 1
