"""The scale of pixels found by labelled images: the right one, those not told apart, and where none is found."""

import numpy as np
import pytest

from core.errors import ModelError
from core.models.scales import find_scale

LABELS = np.array([0, 1] * 20)


def answers(right: int) -> np.ndarray:
    """Answers of 40 images of which so many are right."""
    said = np.where(np.arange(40) < right, LABELS, 1 - LABELS)
    return np.where(np.eye(2, dtype=bool)[said], 0.9, 0.1)


def test_the_best_scale_is_chosen_with_its_interval_and_others_are_told_apart_from_it() -> None:
    found = find_scale(LABELS, {"0..255": answers(20), "0..1": answers(38), "caffe": answers(0)}, ["a", "b"])
    assert (found.chosen, found.images) == ("0..1", 40)
    assert [(row["scale"], row["accuracy"], row["told_apart"]) for row in found.rows] == [
        ("0..1", 0.95, False), ("0..255", 0.5, True), ("caffe", 0.0, True),
    ]  # fmt: skip
    assert found.notes() == [
        "Pixels of 0..1 were found with 40 labelled images: accuracy 0.95 (95 % CI 0.83 to 0.99); the others: "
        "0..255 0.50, caffe 0.00."
    ]


def test_those_that_are_not_told_apart_are_named() -> None:
    broken = np.full((40, 2), np.nan)
    found = find_scale(LABELS, {"0..1": answers(37), "-1..1": answers(38), "torch": broken}, ["a", "b"])
    assert found.chosen == "-1..1"
    assert found.notes()[1].startswith("Not distinguished from it: 0..1; give more labelled images, or say the scale")


def test_no_scale_is_found_where_none_beats_the_most_frequent_class() -> None:
    with pytest.raises(ModelError, match=r"no scale of pixels was found: the best \(0..1\) classifies 0.60 of 40"):
        find_scale(LABELS, {"0..1": answers(24), "-1..1": answers(20)}, ["a", "b"])
    with pytest.raises(ModelError, match="not finite with any scale"):
        find_scale(LABELS, {"0..1": np.full((40, 2), np.nan)}, ["a", "b"])
