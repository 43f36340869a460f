"""Two runs on the same images: order and gaps."""

import pytest

from core.insight.answer import Prediction
from core.insight.side_by_side import side_by_side


def said(file: str, label: str, **probabilities: float) -> Prediction:
    return Prediction(file, label, probabilities[label], probabilities)


def test_disagreements_come_first_and_then_the_largest_gap() -> None:
    ones = [said("1", "a", a=0.9, b=0.1), said("2", "a", a=0.6, b=0.4), said("3", "a", a=0.8, b=0.2),
            said("4", "a", a=0.9, b=0.1)]  # fmt: skip
    others = [said("1", "a", a=0.9, b=0.1), said("2", "b", a=0.4, b=0.6), said("3", "b", a=0.1, b=0.9),
              said("4", "a", a=0.6, b=0.4)]  # fmt: skip
    pairs = side_by_side(ones, others)
    assert [(pair.file, pair.agree) for pair in pairs] == [("3", False), ("2", False), ("4", True), ("1", True)]
    assert [pair.gap for pair in pairs] == pytest.approx([0.7, 0.2, 0.3, 0])
    assert [pair.position for pair in pairs] == [2, 1, 3, 0]
    assert pairs[0].words() == "a 0.8000 / b 0.9000"


def test_images_of_one_name_stay_apart() -> None:
    ones, others = [said("x", "a", a=0.9, b=0.1)] * 2, [said("x", "a", a=0.9, b=0.1), said("x", "b", a=0.2, b=0.8)]
    assert [pair.position for pair in side_by_side(ones, others)] == [1, 0]


def test_other_classes_and_unreadable_images() -> None:
    broken = Prediction("b", error="damaged")
    pairs = side_by_side([broken, said("c", "cat", cat=0.7, dog=0.3)], [broken, said("c", "fox", fox=0.8, cat=0.2)])
    assert [(pair.file, pair.agree, pair.gap) for pair in pairs] == [("c", False, 0.8), ("b", True, 0.0)]
    assert pairs[1].words() == "not read / not read"
