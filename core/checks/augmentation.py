"""Checks of augmentation: one frozen draw, mirrored images whose left and right differ."""

import re

from core.checks.context import Context
from core.checks.finding import Finding
from core.data.dataset import SAMPLE

_SIDED = ("pneumonia", "xray", "x-ray", "x_ray", "x ray", "radiograph", "mammogra", "covid", "thorax", "mnist")
"""Words, also within others, for images whose left and right mean something: bodies, digits, letters, signs."""

_SIDED_WORDS = frozenset(
    (
        *("chest", "lung", "lungs", "heart", "ct", "mri", "digit", "digits", "letter", "letters", "text", "ocr"),
        *("character", "characters", "handwriting", "sign", "signs", "arrow", "left", "right", "alphabet"),
    )
)


def bottleneck_one_draw(context: Context) -> Finding | None:
    """Every image is changed once and stays so: no variety is gained, and what is learnt are the changed images.

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
        "Train without augmentation (data.augmentation=none), or on several versions (data.augmentation_draws=0).",
        {"data.augmentation": "none"},
    )


def label_breaking_augmentation(context: Context) -> Finding | None:
    """Images whose left and right mean something are mirrored: a heart on the wrong side, a b that becomes a d."""
    word = _sided_word(context)
    if context.config.data.augmentation != "question" or not word:
        return None
    return Finding(
        "label-breaking-augmentation",
        "warning",
        f"Half of the training images are mirrored, and by their name ({word}) left and right are not the same in "
        "them.",
        {"augmentation": "question", "word": word},
        "Take the augmentation without mirroring: data.augmentation=light.",
        {"data.augmentation": "light"},
    )


def _sided_word(context: Context) -> str:
    """What in the names of the data set and its classes tells that left and right differ; empty if nothing does."""
    if context.config.dataset == SAMPLE:
        return "chest"
    classes = list(context.dataset.classes)
    if len(classes) > 2 and all(name.isdecimal() and len(name) == 1 for name in classes):
        return "digits"
    names = " ".join([*context.index.root.parts[-2:], *classes]).lower()
    inside = next((word for word in _SIDED if word in names), "")
    return inside or next((word for word in re.findall(r"[a-z]+", names) if word in _SIDED_WORDS), "")
