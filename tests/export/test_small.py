"""What a smaller export loses: the figures, and the sentence without which it is not offered."""

import numpy as np
import pytest

from core.export.small import measured, measured_rows, measured_words, warning

SIZES = {"bytes": 1.2e6, "plain_bytes": 4e6, "own_bytes": 5e6, "milliseconds": 2.0, "plain_milliseconds": 4.0}
LABELS = np.array([0, 1] * 50)


def answers(right: int) -> np.ndarray:
    said = np.where(np.arange(100) < right, LABELS, 1 - LABELS)
    return np.where(np.eye(2, dtype=bool)[said], 0.9, 0.1)


def test_a_loss_that_chance_explains_is_no_warning() -> None:
    facts = measured(LABELS, answers(96), answers(95), SIZES)
    assert (facts["accuracy"], facts["own_accuracy"], facts["loses"]) == (0.95, 0.96, False)
    assert facts["loss"] == pytest.approx(0.01)
    assert facts["worst_change"] == pytest.approx(0.8)
    assert warning(facts) == ""
    assert measured_words(facts)[0].startswith("on 100 validation images: accuracy 0.9500 (the run's model 0.9600")
    assert [row["MB"] for row in measured_rows(facts)] == ["5.0", "4.0", "1.2"]


def test_a_loss_beyond_the_interval_is_said() -> None:
    facts = measured(LABELS, answers(98), answers(80), SIZES)
    assert facts["loses"]
    assert facts["interval"][0] > 0.1
    assert warning(facts).startswith(
        "This smaller model is correct on fewer validation images than the run's model (80.0 % instead of 98.0 %), more"
    )
    assert not measured(LABELS, answers(80), answers(98), SIZES)["loses"], "a gain is none"
