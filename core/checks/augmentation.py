"""Checks of augmentation: one frozen draw, mirrored images whose left and right differ, ranges that hide the object."""

import re

from core.checks.context import Context
from core.checks.finding import Finding
from core.data.dataset import SAMPLE
from core.notation.augmentation import PRESETS, Step, mirrored, steps_of
from core.sentences import listed

_SIDED = ("pneumonia", "xray", "x-ray", "x_ray", "x ray", "radiograph", "mammogra", "covid", "thorax", "mnist")
"""Words, also within others, for images whose left and right mean something: bodies, digits, letters, signs."""

_SIDED_WORDS = frozenset(
    (
        *("chest", "lung", "lungs", "heart", "ct", "mri", "digit", "digits", "letter", "letters", "text", "ocr"),
        *("character", "characters", "handwriting", "sign", "signs", "arrow", "left", "right", "alphabet"),
    )
)


def bottleneck_one_draw(context: Context) -> Finding | None:
    """Every image is augmented once and stays so: this adds no variety, and the model learns the augmented images.

    Measured: 0.845 with one frozen draw, 0.91 without any augmentation, 0.87 with five draws in turn.
    """
    data = context.config.data
    if data.augmentation == "none" or data.augmentation_draws != 1:
        return None
    return Finding(
        "bottleneck-one-draw",
        "warning",
        "Every training image is augmented once, and that one version is used in all epochs; validation images are "
        "not augmented.",
        {"augmentation": data.augmentation, "draws": 1, "epochs": context.config.training.epochs},
        "Train without augmentation (data.augmentation=none), or with a new version in every epoch "
        "(data.augmentation_draws=0).",
        {"data.augmentation": "none"},
    )


def label_breaking_augmentation(context: Context) -> Finding | None:
    """Images whose left and right mean something are mirrored: a heart on the wrong side, a b that becomes a d.

    The same where they are turned upside down: by a vertical flip, or by so many degrees that a 6 becomes a 9.
    """
    word = _sided_word(context)
    kind = context.config.data.augmentation
    what = _breaking(kind) if word else ()
    if not what:
        return None
    other = _without_breaking(kind)
    return Finding(
        "label-breaking-augmentation",
        "warning",
        f"Training images are {listed(what)}, but by their name ({word}) left and right or top and bottom matter.",
        {"augmentation": kind, "word": word, "changes": list(what)},
        f"Use an augmentation that preserves them: data.augmentation={other}.",
        {"data.augmentation": other},
    )


def augmentation_hides_object(context: Context) -> Finding | None:
    """A step whose range reaches where little of the image is left: the model learns noise from it."""
    found = {step.text: why for step in steps_of(context.config.data.augmentation) if (why := _hides(step))}
    if not found:
        return None
    told = "; ".join(f"{text} {why}" for text, why in found.items())
    return Finding(
        "augmentation-hides-object",
        "warning",
        f"The augmentation can change an image beyond recognition: {told}.",
        {"steps": list(found)},
        "Check the preview of each step, and use a smaller range.",
    )


_MOST_TURN = 60
"""Degrees from which on a digit, a letter or an arrow may be taken for another."""


def _breaking(kind: str) -> tuple[str, ...]:
    """What an augmentation does that changes what sided images mean, as words after "are"."""
    axes = mirrored(kind)
    found = ["mirrored"] if axes in ("horizontal", "both") else []
    found += ["turned upside down"] if axes in ("vertical", "both") else []
    turns = [max(-step.low, step.high) for step in steps_of(kind) if step.kind == "rotation"]
    return (*found, *(f"rotated by up to {turn:g} degrees" for turn in turns if turn >= _MOST_TURN))


def _without_breaking(kind: str) -> str:
    """The same steps without those; for a preset the mild one without a flip."""
    if kind in PRESETS:
        return "light" if kind == "question" else "medical"
    kept = [step for step in steps_of(kind) if not _breaking(step.text)]
    return ", ".join(step.text for step in kept) or "none"


def _hides(step: Step) -> str:
    """Why a step can leave too little of an image; empty where it cannot."""
    if step.kind in ("crop", "zoom") and step.low < 0.4:
        return (
            f"leaves {100 * step.low**2:.0f} % of the area" if step.kind == "crop" else "enlarges more than 2.5 times"
        )
    if step.kind == "zoom" and step.high > 2:
        return f"shrinks the content to {100 / step.high**2:.0f} % of the area"
    if step.kind == "shift" and max(-step.low, step.high) > 0.5:
        return f"shifts it by {100 * max(-step.low, step.high):.0f} %"
    if step.kind in ("brightness", "contrast") and step.low < 0.25:
        return "makes it nearly black" if step.kind == "brightness" else "makes it nearly plain"
    if step.kind == "channel_shift" and max(-step.low, step.high) > 128:
        return "adds more than half of the grey scale"
    return ""


def _sided_word(context: Context) -> str:
    """What in the names of the dataset and its classes tells that left and right differ; empty if nothing does."""
    if context.config.dataset == SAMPLE:
        return "chest"
    classes = list(context.dataset.classes)
    if len(classes) > 2 and all(name.isdecimal() and len(name) == 1 for name in classes):
        return "digits"
    names = " ".join([*context.index.root.parts[-2:], *classes]).lower()
    inside = next((word for word in _SIDED if word in names), "")
    return inside or next((word for word in re.findall(r"[a-z]+", names) if word in _SIDED_WORDS), "")
