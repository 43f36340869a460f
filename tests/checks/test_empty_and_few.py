"""Blank images, classes of one image, validation of few groups, and which class is the positive one by its name."""

from dataclasses import replace
from typing import Any

import pytest

from core.checks.blank import blank_images, constant_class
from core.checks.class_names import is_inverted, meaning
from core.checks.few_groups import val_from_few_groups
from core.data.quality import Measures

Make = Any


def test_blank_images_are_counted_with_their_classes(make_context: Make) -> None:
    files = make_context().index.files
    blank = {file.sha256: Measures(0.0, 0.5, 0.5, 0.0) for file in files[:30]}
    seen = {file.sha256: Measures(0.2, 0.1, 0.9, 6.5) for file in files[30:]}
    finding = blank_images(make_context(measures={**blank, **seen}))
    assert finding is not None and finding.severity == "warning" and finding.evidence["blank"] == 30
    assert finding.claim.startswith(f"30 of {len(files)} images")
    assert blank_images(make_context(measures=seen)) is None


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
