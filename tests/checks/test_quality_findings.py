"""The eight questions: what each singles out, and what it leaves alone."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from core.checks import quality
from core.checks.quality import KINDS, assess
from core.data.dataset import scan_dataset
from core.data.dataset_index import DatasetIndex, ImageFile


def photo(seed: int, size: tuple[int, int] = (200, 160)) -> Image.Image:
    rng = np.random.default_rng(seed)
    shape = (*size[::-1], 3)
    layers = [
        np.asarray(Image.fromarray(rng.integers(0, 256, (n, n, 3), np.uint8)).resize(size), float) for n in (3, 12, 50)
    ]
    return Image.fromarray(np.clip(np.mean(layers, axis=0) * 2 - 128, 0, 255).astype(np.uint8).reshape(shape))


@pytest.fixture
def degraded(tmp_path: Path) -> Path:
    """Twelve sound images, and one for each question."""
    for name in "ab":
        (tmp_path / "set" / name).mkdir(parents=True)
        for n in range(6):
            photo(10 * ord(name) + n).save(tmp_path / "set" / name / f"{n}.png")
    a = tmp_path / "set" / "a"
    photo(1).filter(ImageFilter.GaussianBlur(8)).save(a / "blurry.png")
    ImageEnhance.Brightness(photo(2)).enhance(0.2).save(a / "dark.png")
    photo(3).point([243 + level // 21 for level in range(256)] * 3).save(a / "light.png")
    Image.new("RGB", (200, 160), (90, 120, 60)).save(a / "low_information.png")
    photo(4, (60, 48)).save(a / "odd_size.png")
    photo(5, (500, 80)).save(a / "odd_aspect_ratio.png")
    (a / "exact_duplicates.png").write_bytes((a / "0.png").read_bytes())
    photo(10 * ord("b") + 1).resize((190, 152)).save(a / "near_duplicates.jpg", quality=90)
    return tmp_path / "set"


def test_every_degraded_image_is_found_by_its_question_and_no_sound_one(degraded):
    found = assess(scan_dataset(str(degraded))).to_dict()
    assert list(found) == [kind.id for kind in KINDS]
    for kind in KINDS[:6]:
        assert [Path(row["file"]).stem for row in found[kind.id]["files"]] == [kind.id]
    assert found["exact_duplicates"]["groups"] == [["a/0.png", "a/exact_duplicates.png"]]
    assert found["near_duplicates"]["groups"] == [["a/near_duplicates.jpg", "b/1.png"]]
    assert not any(row["usual"] for row in found.values())
    json.dumps(found)


def test_the_worst_come_first_with_their_value(degraded):
    photo(6).filter(ImageFilter.GaussianBlur(5)).save(degraded / "b" / "worse.png")
    index = scan_dataset(str(degraded))
    odd = assess(index).odd["blurry"]
    assert sorted(Path(each.file.path).stem for each in odd) == ["blurry", "worse"]
    assert odd[0].value > odd[1].value
    assert [each.value for each in odd] == [index.measures[each.file.sha256].blur for each in odd]


def files(*sizes: tuple[int, int]) -> DatasetIndex:
    made = tuple(ImageFile(f"a/{n}.png", "a", "", str(n), 1, w, h, "L", "PNG", 1) for n, (w, h) in enumerate(sizes))
    from core.data.quality import Measures

    return DatasetIndex(
        Path("/x"), "classes", ("a", "b"), made, measures={f.sha256: Measures(0, 0, 1, 7) for f in made}
    )


@pytest.mark.parametrize(
    ("sizes", "odd"),
    [
        ([(224, 224)] * 9, []),
        ([(224, 224)] * 9 + [(225, 225)], []),  # no distance between the quartiles: a pixel more is nothing
        ([(224, 224)] * 9 + [(100, 100), (1000, 900)], ["a/10.png", "a/9.png"]),
        ([(100 + 20 * n, 100 + 20 * n) for n in range(12)], []),  # all sizes differ: none is odd
        ([(100 + 2 * n, 100) for n in range(12)] + [(400, 400)], ["a/12.png"]),
    ],
)
def test_sizes_are_odd_against_the_others(monkeypatch, sizes, odd):
    monkeypatch.setattr(quality, "near_groups", lambda *_: [])
    assert [each.file.path for each in assess(files(*sizes)).odd["odd_size"]] == odd


def test_what_most_images_are_is_how_the_data_set_is(monkeypatch):
    monkeypatch.setattr(quality, "near_groups", lambda *_: [])
    answers = assess(files(*[(300, 100)] * 3, (100, 100)))
    assert answers.count("odd_aspect_ratio") == 3
    assert answers.is_usual("odd_aspect_ratio")
    assert not answers.is_usual("blurry")


def test_a_data_set_too_large_to_compare_says_so(monkeypatch):
    monkeypatch.setattr(quality, "MAX_COMPARED", 3)
    record = assess(files(*[(100, 100)] * 4)).to_dict()["near_duplicates"]
    assert (record["count"], record["compared"]) == (0, False)


def test_an_empty_index_has_no_odd_images():
    answers = assess(DatasetIndex(Path("/x"), "classes", (), ()))
    assert [answers.count(kind.id) for kind in KINDS] == [0] * 8


@pytest.mark.slow
def test_on_the_chest_xrays_it_finds_the_known_copies_and_nothing_else(test_data, xrays_cache, home):
    shutil.copytree(xrays_cache, home / "cache")
    answers = assess(scan_dataset(str(test_data / "data" / "chest_xray")))
    assert {kind.id: answers.count(kind.id) for kind in KINDS if answers.count(kind.id)} == {"exact_duplicates": 48}
    assert len(answers.groups["exact_duplicates"]) == 23
