"""Copies between any two parts, of one kind or two, and in two classes: each is told once."""

from core.checks import altered, labels, split
from core.checks.copies import Copy
from core.checks.preflight import merged
from core.course.caveats import LEAKAGE, caveats
from tests.checks.test_split_findings import twins
from tests.told import told

COUNTS = {part: {"cat": 40, "dog": 40} for part in ("train", "val", "test")}
TWO_CLASSES = {part: {"cat": 40, "dog": 40} for part in ("train", "val")}


def with_copies(context, *pairs, how="mirrored"):
    """Pairs of paths as altered copies of each other."""
    sha = {file.path: file.sha256 for part in context.parts.values() for file in part}
    context.__dict__["altered_copies"] = [Copy(sha[a], sha[b], how, 0.99) for a, b in pairs]
    return context


def alike(context, *pairs):
    """Pairs of paths that look alike as they are."""
    sha = {file.path: file.sha256 for part in context.parts.values() for file in part}
    for one, other in pairs:
        context.thumbnails[sha[other]] = context.thumbnails[sha[one]]
    return context


def test_copies_of_validation_images_among_the_test_images_are_told(make_context):
    context = with_copies(make_context(counts=COUNTS), ("test/cat/cat001.jpg", "val/cat/cat000.jpg"))
    found = told(altered.leak_altered_copy(context))
    assert found.claim == "At least 1 of 80 test images (1.2 %) is an altered copy of validation images (1 mirrored)."
    assert found.evidence["files"] == [["val/cat/cat000.jpg", "test/cat/cat001.jpg"]]
    assert (caveats([found]), caveats([found], "test")) == ([], [LEAKAGE])


def test_copies_of_both_other_parts_are_told_each(make_context):
    pairs = (("train/cat/cat000.jpg", "val/cat/cat000.jpg"), ("val/dog/dog000.jpg", "test/dog/dog000.jpg"))
    context = with_copies(make_context(counts=COUNTS), *pairs)
    found = told(altered.leak_altered_copy(context))
    assert found.claim == (
        "At least 1 of 160 held-out images (0.6 %) is an altered copy of training images (1 mirrored). "
        "At least 1 of 80 test images (1.2 %) is an altered copy of validation images (1 mirrored)."
    )
    assert caveats([found]) == [LEAKAGE]


def test_test_images_that_look_like_validation_images_are_told(make_context):
    context = alike(make_context(counts=COUNTS), ("val/cat/cat000.jpg", "test/cat/cat003.jpg"))
    found = told(split.leak_near_duplicate(context))
    assert found.claim == "At least 1 of 80 test images is nearly the same as a validation image."


def test_one_set_of_copies_is_one_finding_with_all_of_them(make_context):
    pairs = [(f"train/cat/cat00{k}.jpg", f"val/cat/cat00{k}.jpg") for k in range(3)]
    context = alike(with_copies(make_context(counts=TWO_CLASSES), *pairs, how="saved again"), *pairs[:2])
    (found,) = merged([told(split.leak_near_duplicate(context)), told(altered.leak_altered_copy(context))], [])
    assert found.claim == (
        "At least 3 of 80 held-out images (3.8 %) are copies of training images: 2 nearly the same, 1 altered "
        "(1 saved again)."
    )
    assert [one["id"] for one in found.symptoms] == ["leak-altered-copy"]


def test_copies_in_two_classes_are_no_copies_to_keep_one_of(make_context):
    torn = ("train/cat/cat000.jpg", "train/dog/dog000.jpg")
    assert split.duplicate_within_split(make_context(edit=twins(torn))) is None
    told(labels.conflicting_labels(make_context(edit=twins(torn))))
    context = with_copies(make_context(), torn)
    assert altered.altered_copy_within_split(context) is None
    told(altered.altered_copy_in_two_classes(context))
    told(
        altered.altered_copy_within_split(with_copies(make_context(), ("train/cat/cat000.jpg", "train/cat/cat001.jpg")))
    )


def test_a_missing_class_is_no_shift_of_the_others(make_context):
    lacking = {"train": {"cat": 60, "dog": 60, "owl": 60}, "val": {"cat": 30, "dog": 30}}
    assert split.prior_shift_val(make_context(counts=lacking)) is None
    shifted = {"train": {"cat": 60, "dog": 60, "owl": 60}, "val": {"cat": 90, "dog": 10}}
    found = told(split.prior_shift_val(make_context(counts=shifted)))
    assert found.claim == (
        "Of the classes that are in both, cat is 50 % of the training images but 90 % of the validation images."
    )
