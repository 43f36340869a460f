"""Blank images, classes of one image, validation of few groups, and which class is the positive one by its name."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.checks.blank import blank_images, constant_class
from core.checks.class_names import is_inverted, meaning
from core.checks.cut_off import cut_off_images, grey_rows
from core.checks.few_groups import val_from_few_groups
from tests.checks.on_disk import opened
from tests.told import told

Make = Any


def test_blank_images_are_counted_with_their_classes(image_folder: Any) -> None:
    folder = image_folder(train=(12, 12), val=(2, 2), size=32)
    for k, path in enumerate(sorted((folder / "train" / "a").glob("*.png"))[:8]):
        Image.new("RGB", (32, 32), (20 * k, 90, 60)).save(path)
    finding = told(blank_images(opened(folder, {})))
    assert finding.severity == "warning" and finding.evidence["classes"] == {"a": 8}
    assert finding.claim.startswith("8 of 28 images")


@pytest.mark.parametrize(
    ("ground", "colour", "is_blank"),
    [
        ((200, 200, 200), (40, 40, 40), False),
        ((30, 90, 60), (34, 98, 66), True),  # the same but for a shade
        ((200, 40, 40), (30, 127, 37), False),  # alike in grey
    ],
)
def test_a_small_flat_object_on_a_flat_ground_is_seen(
    image_folder: Any, ground: Any, colour: Any, is_blank: bool
) -> None:
    folder = image_folder(train=(12, 12), val=(2, 2), size=32)
    for path in sorted((folder / "train" / "a").glob("*.png"))[:8]:
        image = Image.new("RGB", (100, 100), ground)
        image.paste(colour, (10, 20, 35, 50))  # 7.5 % of the area
        image.save(path)
    assert (blank_images(opened(folder, {})) is not None) == is_blank


def test_a_lower_part_that_is_missing_is_seen_and_an_even_ground_is_none() -> None:
    rng = np.random.default_rng(0)
    whole = rng.integers(0, 256, (32, 33)).astype(np.uint8)
    cut, bar, ground = whole.copy(), whole.copy(), np.full((32, 33), 128, np.uint8)
    cut[20:] = 128
    bar[20:] = 0
    ground[8:20, 4:30] = whole[8:20, 4:30]
    assert [grey_rows(one) for one in (whole, cut, bar, ground)] == [0, 12, 0, 0]


def test_images_that_were_cut_off_are_told_with_their_classes(image_folder: Any) -> None:
    folder = image_folder(train=(12, 12), val=(2, 2), size=64)
    assert cut_off_images(opened(folder, {})) is None
    rng = np.random.default_rng(0)
    for path in sorted((folder / "train" / "b").glob("*.png"))[:7]:
        pixels = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
        pixels[30:] = 128
        Image.fromarray(pixels).save(path)
    finding = told(cut_off_images(opened(folder, {})))
    assert finding.severity == "warning"
    assert finding.claim.startswith("7 of 28 images (25 %) end in an even grey area of the whole width, half of them")
    assert ": 50 % of b." in finding.claim


def test_a_class_of_one_file_is_an_error(make_context: Make) -> None:
    label = make_context().dataset.classes[0]
    same = make_context(edit=lambda file: replace(file, sha256="a" * 64) if file.label == label else file)
    finding = constant_class(same)
    assert finding is not None and list(finding.evidence["classes"]) == [label]
    assert constant_class(make_context()) is None


def test_a_group_that_makes_up_much_of_validation_is_told(make_context: Make) -> None:
    def of_groups(most: int) -> Any:
        numbers = iter(range(10_000))
        return lambda file: replace(file, group="p0" if (k := next(numbers)) % 10 < most else f"p{k}")

    finding = val_from_few_groups(make_context(edit=of_groups(5)))
    assert finding is not None and finding.evidence["group"] == "p0"
    assert finding.evidence["effective"] == pytest.approx(4, abs=0.5)
    assert val_from_few_groups(make_context(edit=of_groups(1))) is None


POSITIVE = ("defective", "Abnormal", "lesion", "brain_tumor", "fault", "skin-cancer", "crack", "krank", "défaut",
            "metastasis", "glaucoma", "late blight", "pothole", "beschädigt", "Riss")  # fmt: skip
NEGATIVE = ("normal", "Healthy", "no_crack", "tumor-free", "non defective", "without_lesion", "gesund", "ok", "sain")


def test_names_of_findings_and_of_none_are_known_and_others_are_not_guessed() -> None:
    assert [name for name in POSITIVE if meaning(name) != 1] == []
    assert [name for name in NEGATIVE if meaning(name) != -1] == []
    assert [name for name in ("cat", "dog", "notebook", "goodyear", "class_2", "Northern", "") if meaning(name)] == []
    assert is_inverted("crack", "no_crack") and is_inverted("defective", "ok") and is_inverted("cancer", "skin")
    assert not is_inverted("benign", "malignant") and not is_inverted("cat", "dog") and not is_inverted("ok", "pass")
