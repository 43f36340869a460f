"""Judges an imported model by its outputs on images of our own: whether they are probabilities, and of what.

`core.engine.jobs.try_model` asks the model, in a limited process; what came is judged here, without Keras.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import ModelError

PIXELS: Mapping[str, str] = {"0..255": "raw", "0..1": "rescale", "-1..1": "tf", "caffe": "caffe", "torch": "torch"}
"""What pixels a model may have been trained on: the name a person gives, and the key of `PREPROCESSING`."""

PIXELS_HELP = (
    "pixels that it was trained on, where it does not scale them itself: 0..255 (as they are), 0..1, -1..1 "
    "(MobileNet, Teachable Machine), torch (mean and deviation of ImageNet) or caffe (BGR minus the mean: VGG16, "
    "ResNet50)"
)

_SAME, _SUM, _EDGE = 1e-7, 0.01, 1e-4
_SATURATED = 0.75
"""Share of images with a probability above 99.9 % from which on this is reported."""


@dataclass(frozen=True)
class Answers:
    """What a model answered.

    Attributes:
        images: Number of images it was shown.
        outputs: Numbers it gives for each.
        not_finite: First image with an answer that is no finite number; empty where there is none.
        lowest, highest: Least and greatest number of all answers.
        lowest_image, highest_image: The images that got them.
        sums: Least and greatest sum of an answer's numbers.
        spread: Most that any number differs between two images.
        saturated: Images whose greatest number is above 0.999.
        scales: Whether layers of its own scale the pixels.
        ends_in: The activation of its last layer where that is neither sigmoid nor softmax; empty where it is.
        varies_with: Other scales of pixels with which its answers vary, where with the chosen one they do not.
    """

    images: int
    outputs: int
    not_finite: str = ""
    lowest: float = 0.0
    highest: float = 0.0
    lowest_image: str = ""
    highest_image: str = ""
    sums: tuple[float, float] = (1.0, 1.0)
    spread: float = 1.0
    saturated: int = 0
    scales: bool = True
    ends_in: str = ""
    varies_with: tuple[str, ...] = ()

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Answers":
        """What `vars` of one gave, after a way through JSON."""
        return cls(**{**record, "sums": tuple(record["sums"]), "varies_with": tuple(record["varies_with"])})


def refuse_no_probabilities(answers: Answers, pixels: str) -> None:
    """Raises ModelError, with what to do next, where the answers are no numbers from 0 to 1."""
    if answers.not_finite:
        raise ModelError(
            f"it answers the {answers.not_finite} image with numbers that are not finite; it got pixels of {pixels}: "
            "give those that it was trained on (--pixels, or the field beside the file), or train it again"
        )
    if answers.lowest >= -_EDGE and answers.highest <= 1 + _EDGE:
        return
    high = answers.highest > 1 + _EDGE
    number, image = (answers.highest, answers.highest_image) if high else (answers.lowest, answers.lowest_image)
    layer = 'keras.layers.Activation("sigmoid")' if answers.outputs == 1 else "keras.layers.Softmax()"
    raise ModelError(
        f"it gives no probabilities (numbers from 0 to 1): {number:.2f} for the {image} image; end it with sigmoid "
        f"or softmax, for instance keras.Sequential([model, {layer}]), save that and import it again"
    )


def judge(answers: Answers, pixels: str, *, given: bool) -> list[str]:
    """Refuses a model that answers nothing, and says what whoever asks it has to know.

    Args:
        answers: Answers.
        pixels: A key of `PIXELS`: what it got.
        given: Whether the person chose that.

    Returns:
        Sentences; none for a model like those that are trained here.

    Raises:
        ModelError: its answers are no probabilities, the same for every image, or those of several labels.
    """
    refuse_no_probabilities(answers, pixels)
    if answers.outputs > 1 and max(abs(total - 1) for total in answers.sums) > _SUM:
        raise ModelError(
            f"its numbers do not add up to 1 (from {answers.sums[0]:.2f} to {answers.sums[1]:.2f}), so it predicts "
            "several independent labels; an image has one class here: end it with softmax instead of sigmoid, "
            "train it again and import that"
        )
    notes = []
    if answers.spread <= _SAME:
        notes.append(_constant(answers, pixels, given=given))
    if not answers.scales and not given:
        notes.append(_unscaled(answers))
    if answers.ends_in:
        notes.append(
            f"Its last layer is {answers.ends_in}, neither sigmoid nor softmax: for the {answers.images} images tried "
            "its numbers lie between 0 and 1, but for others they may not, and those get no answer."
        )
    return notes


def _constant(answers: Answers, pixels: str, *, given: bool) -> str:
    """The message for a model with one output for everything; refuses it where the pixels were not chosen."""
    same = f"it gives the same output for all {answers.images} images tried (black, white, grey, colours, noise)"
    if answers.outputs == 1 and answers.lowest >= 1 - _EDGE:
        raise ModelError(
            f"{same}, 1: a softmax over one output is always 1; end it with sigmoid, or with softmax over as many "
            "outputs as classes, and train it again"
        )
    if answers.varies_with and not given:
        raise ModelError(
            f"{same} with pixels of {pixels}; with {' or '.join(answers.varies_with)} its answers vary: say on which "
            "it was trained (--pixels, or the field beside the file)"
        )
    if given:
        return f"{same[0].upper()}{same[1:]} with pixels of {pixels}."
    raise ModelError(f"{same}: it has learned nothing, or its weights were not saved; save it again after training")


def _unscaled(answers: Answers) -> str:
    sure = ""
    if answers.saturated >= _SATURATED * answers.images:
        sure = f" ({answers.saturated} of {answers.images} images tried get an answer of more than 99.9 %)"
    return (
        f"No layer of it scales pixels to a smaller range, and it gets them as 0 to 255{sure}. If it was trained on "
        "others its answers are wrong: import it again and say on which (--pixels 0..1 or -1..1, or the field beside "
        "the file)."
    )
