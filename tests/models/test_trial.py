"""What the answers of a model from elsewhere say of it, figure by figure."""

from typing import Any

import pytest

from core.errors import ModelError
from core.models.trial import Answers, judge, refuse_no_probabilities

GOOD: dict[str, Any] = {"images": 13, "outputs": 3, "lowest": 0.0, "highest": 1.0, "spread": 0.9}


def refusal(**facts: Any) -> str:
    with pytest.raises(ModelError) as error:
        judge(Answers(**{**GOOD, **facts}), "0..255", given=False)
    return str(error.value)


def notes(*, given: bool = False, **facts: Any) -> list[str]:
    return judge(Answers(**{**GOOD, **facts}), "0..255", given=given)


def test_a_model_like_those_trained_here_passes_without_a_word() -> None:
    assert notes() == []
    assert notes(outputs=1, sums=(0.01, 0.99)) == []


def test_numbers_out_of_0_to_1_are_refused_with_the_image_and_the_layer_that_lacks() -> None:
    said = refusal(highest=123.73, highest_image="red")
    assert said.startswith("it gives no probabilities (numbers from 0 to 1): 123.73 for the red image; end it with")
    assert "keras.layers.Softmax()" in said
    assert 'Activation("sigmoid")' in refusal(outputs=1, lowest=-1.0, lowest_image="blue")
    assert "-1.00 for the blue image" in refusal(outputs=1, lowest=-1.0, lowest_image="blue")
    assert refusal(not_finite="white").startswith("it answers the white image with numbers that are not finite")


def test_one_answer_for_everything_is_refused_with_its_reason() -> None:
    assert "a softmax over one output is always 1" in refusal(outputs=1, lowest=1.0, spread=0.0)
    assert "it has learned nothing, or its weights were not saved" in refusal(spread=0.0)
    said = refusal(spread=0.0, varies_with=("0..1", "-1..1"))
    assert "with 0..1 or -1..1 its answers vary: say on which it was trained" in said


def test_pixels_that_the_person_chose_are_not_refused() -> None:
    (note,) = notes(given=True, spread=0.0, scales=False)
    assert note.startswith("It gives the same output for all 13 images tried")


def test_a_run_of_a_zip_may_answer_all_alike() -> None:
    refuse_no_probabilities(Answers(13, 1, lowest=0.4, highest=0.4, spread=0.0), "0..255")


def test_several_labels_and_pixels_that_nothing_scales_are_said() -> None:
    with pytest.raises(
        ModelError, match=r"its numbers do not add up to 1 \(from 0.20 to 2.40\), so it predicts several ind"
    ):
        notes(sums=(0.2, 2.4))
    (pixels,) = notes(scales=False, saturated=12)
    assert "12 of 13 images tried get an answer of more than 99.9 %" in pixels
    assert "--pixels 0..1 or -1..1" in pixels
    assert "99.9" not in notes(scales=False, saturated=3)[0]
    assert notes(scales=False, given=True) == []
