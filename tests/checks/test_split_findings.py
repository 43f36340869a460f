"""What is trained on against what is validated on."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from core.checks import context as context_module
from core.checks import split
from tests.told import told


def twins(*groups):
    """Gives the files of each group one content."""
    content = {path: f"{k:064x}" for k, group in enumerate(groups) for path in group}
    return lambda file: dataclasses.replace(file, sha256=content.get(file.path, file.sha256))


ACROSS = ("train/cat/cat000.jpg", "train/cat/cat001.jpg", "val/cat/cat000.jpg")
WITHIN = ("train/dog/dog000.jpg", "train/dog/dog001.jpg")


def test_copies_across_the_split_are_counted_on_the_held_out_side(make_context):
    finding = told(split.leak_exact_duplicate(make_context(edit=twins(ACROSS, WITHIN))))
    assert finding.severity == "warning"
    assert finding.claim == (
        "1 of 120 held-out images is a copy of an image in another part (1 group of identical files)."
    )
    assert finding.evidence == {"groups": 1, "held_out_copies": 1, "files": [list(ACROSS)]}


def test_copies_within_a_part_are_the_other_finding(make_context):
    context = make_context(edit=twins(WITHIN))
    assert split.leak_exact_duplicate(context) is None
    finding = told(split.duplicate_within_split(context))
    assert finding.severity == "info"
    assert finding.claim == "1 image is a copy of another in the same part (1 group of identical files)."
    assert split.duplicate_within_split(make_context(edit=twins(ACROSS))) is None


def test_near_duplicate_is_told_with_its_figures(make_context):
    context = make_context()
    a, b = context.train[3], context.val[5]
    image = np.random.default_rng(3).integers(20, 200, (32, 33), np.uint8)
    context.thumbnails[a.sha256] = image
    context.thumbnails[b.sha256] = image + np.uint8(9)
    finding = told(split.leak_near_duplicate(context))
    assert finding.severity == "warning"
    assert finding.claim == "At least 1 of 120 held-out images is nearly the same as a training image."
    assert finding.evidence["train_held_out_bits_correlation"] == [[a.path, b.path, 0, 1.0]]


def test_too_many_images_are_not_compared_and_that_is_said(make_context, monkeypatch):
    monkeypatch.setattr(context_module, "MAX_COMPARED", 100)
    monkeypatch.setattr(split, "MAX_COMPARED", 100)
    finding = told(split.leak_near_duplicate(make_context()))
    assert finding.severity == "info"
    assert finding.claim == (
        "360 images are too many to search for near-duplicates (100 at most); identical files were searched for."
    )


def patients(file):
    """Three images each; the first ten patients of validation are trained on too."""
    number = int(file.path[-7:-4]) // 3
    person = number if file.split == "train" else number + 30
    return dataclasses.replace(file, path=f"{file.split}/{file.label}/person{person}_{file.path[-7:]}")


def copies(file):
    """Each validation image is an altered copy of a training image, as Roboflow names them."""
    return dataclasses.replace(file, path=f"{file.split}/{file.label}/{file.path[-7:-4]}_png.rf.{'0' * 16}.png")


def test_copies_of_one_original_on_both_sides_are_told_as_such(make_context):
    finding = told(split.leak_patient(make_context(edit=copies)))
    assert "validation images (" in finding.claim
    assert "have their original image, by file name, in training too" in finding.claim


def test_share_of_validation_with_known_patients_is_told(make_context):
    finding = told(split.leak_patient(make_context(edit=patients)))
    assert finding.severity == "warning"
    assert finding.claim == (
        "60 of 120 validation images (50 %) have their patient, by file name, in training too: 10 of 50 patients are "
        "in both."
    )
    assert finding.evidence["groups_in_both"] == 10
    assert finding.change == {}


def test_pattern_of_ones_own_decides_what_a_group_is(make_context):
    def scenes(file):
        return dataclasses.replace(file, path=file.path.replace(".jpg", "_scene7.jpg"))

    assert split.leak_patient(make_context(edit=scenes)) is None
    finding = told(split.leak_patient(make_context({"data.group_pattern": r"scene\d+"}, edit=scenes)))
    assert "120 of 120 validation images (100 %) have their group" in finding.claim


def test_own_split_without_groups_can_be_changed_by_a_setting(make_context):
    finding = told(split.leak_patient(make_context({"data.group_pattern": ""}, edit=patients, layout="classes")))
    assert finding.change == {"data.group_pattern": "auto"}
    assert finding.remedy == "Keep each patient's images together: data.group_pattern=auto."


def test_validation_of_one_class_is_an_error(make_context):
    counts = {"train": {"cat": 90, "dog": 90}, "val": {"cat": 0, "dog": 90}}
    finding = told(split.split_after_sort(make_context(counts=counts)))
    assert finding.severity == "error"
    assert finding.claim == (
        "All 90 validation images are dog, while 2 classes are trained on: validation accuracy is meaningless."
    )


@pytest.mark.parametrize(
    ("count", "said"), [(16, "88 % would have a 95 % CI of 64 to 97 %"), (60, "85 % would have"), (100, "")]
)
def test_small_validation_is_told_with_its_interval(make_context, count, said):
    counts = {"train": {"cat": 90, "dog": 90}, "val": {"cat": count // 2, "dog": count // 2}}
    finding = split.val_too_small(make_context(counts=counts))
    assert (said in told(finding).claim) if said else finding is None


def test_other_class_shares_in_validation_are_told(make_context):
    counts = {"train": {"cat": 200, "dog": 200}, "val": {"cat": 40, "dog": 160}}
    finding = told(split.prior_shift_val(make_context(counts=counts)))
    assert finding.severity == "info"
    assert finding.claim == "dog is 50 % of the training images but 80 % of the validation images."


@pytest.mark.parametrize("val", [(55, 45), (7, 3), (108, 92)])
def test_class_shares_that_chance_explains_are_not_told(make_context, val):
    counts = {"train": {"cat": 200, "dog": 200}, "val": dict(zip(("cat", "dog"), val, strict=True))}
    assert split.prior_shift_val(make_context(counts=counts)) is None


@pytest.mark.parametrize(("square", "freedom"), [(10.83, 1), (13.8, 2), (20.5, 5), (52.0, 20)])
def test_tail_of_chi_square_is_near_the_exact_one(square, freedom):
    assert split._tail(square, freedom) == pytest.approx(stats.chi2.sf(square, freedom), rel=0.2)


def test_test_folder_as_validation_is_a_warning(make_context):
    assert told(split.test_as_validation(make_context(test_as_validation=True))).evidence == {"pictures": 120}
