"""Whether a review can tell right labels from wrong ones, on made results."""

import pytest

from core.label_review.doubt import why_undecided
from core.store.job_records import ReviewedFile, ReviewResult


def result(images: int, classes: int, right: int) -> ReviewResult:
    """A review whose classifier agrees with `right` of the labels."""
    rows: list[ReviewedFile] = [
        {"file": f"{n}.png", "label": str(n % classes), "suggested": str((n + (n >= right)) % classes), "score": 0.5,
         "issue": n >= right, "neighbours": 5, "x": 0.0, "y": 0.0, "tsne": None}
        for n in range(images)
    ]  # fmt: skip
    return ReviewResult(method="cleanlab", pictures=images, issues=images - right, explained=[0.5, 0.2], files=rows)


@pytest.mark.parametrize(("images", "classes", "right"), [(60, 2, 25), (60, 2, 35), (90, 3, 30), (100, 5, 20)])
def test_a_classifier_that_guesses_decides_nothing(images: int, classes: int, right: int) -> None:
    said = why_undecided(result(images, classes, right))
    assert said.startswith("These images do not show which labels are wrong")
    assert f"{100 * right / images:.1f} % of the {images} labels" in said


@pytest.mark.parametrize(("images", "classes", "right"), [(80, 2, 80), (80, 2, 64), (90, 3, 54), (70, 5, 40)])
def test_one_that_knows_the_classes_decides_also_where_a_fifth_to_two_fifths_are_wrong(
    images: int, classes: int, right: int
) -> None:
    assert why_undecided(result(images, classes, right)) == ""


def test_a_result_of_fewer_images_than_a_review_needs_says_nothing() -> None:
    assert why_undecided(result(4, 2, 1)) == ""


def test_naming_the_frequent_class_always_decides_nothing() -> None:
    """It agrees with 90 % of right labels, and contradicts every label of the rare class."""
    rows: list[ReviewedFile] = [
        {"file": f"{n}.png", "label": "ab"[n >= 90], "suggested": "a", "score": 0.5, "issue": n >= 90, "neighbours": 5,
         "x": 0.0, "y": 0.0, "tsne": None}
        for n in range(100)
    ]  # fmt: skip
    said = why_undecided(ReviewResult(method="cleanlab", pictures=100, issues=10, explained=[0.5, 0.2], files=rows))
    assert "agrees with 90.0 % of the 100 labels, and the same answers given at random would agree with 90.0 %" in said
    for row in rows[90:96]:
        row["suggested"] = "b"
    known = ReviewResult(method="cleanlab", pictures=100, issues=4, explained=[0.5, 0.2], files=rows)
    assert why_undecided(known) == "", "six of ten of the rare class are found"
