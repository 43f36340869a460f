"""What a person calls a setting and its values: the words of the form, which pages and reports use alike."""

from typing import Any

from core.config import setting
from core.data.positive import KEY as POSITIVE
from core.errors import ConfigError
from core.models.catalogue import BACKBONES
from core.models.optimizers import OPTIMIZERS
from core.sections.runtimes import TITLES

BACKBONE, UNFREEZE = "model.backbone", "training.unfreeze_from"

WORDS = {
    "samples": "Every epoch",
    "batches": "Batch order only",
    "data.shuffle none": "Off",
    "data.sampling all": "Each image once",
    "data.preprocessing backbone": "Backbone default",
    "letterbox": "Letterbox, edge colour",
    "letterbox_black": "Letterbox, black",
    "crop": "Crop to the middle",
    "rescale": "Rescale 1/255",
    "": "None (frozen)",
    "model.head ": "Hidden units and dropout",
    "data.positive_class ": "Second in alphabetical order",
    "all": "All blocks",
    "end_to_end": "Full pass",
    "fine_tune": "Fine-tune",
    "imagenet": "ImageNet",
    **{name: row.title for name, row in OPTIMIZERS.items()},
    "same": "As before unfreezing",
    "objective": "As Keras' val_loss",
    "log_loss": "Log loss of the labels",
    "none": "None",
    "float32": "float32",
    "bfloat16": "bfloat16",
    "float16": "float16",
    **TITLES,
}
"""What a person reads for a value, where needed with its setting before it; other values with a capital letter."""

_LABELS = {"dataset": "Dataset", "name": "Name"}


def label_of(key: str) -> str:
    """The setting's few words."""
    return str(setting(key).metadata["label"])


def setting_label(key: str) -> str:
    """What a person calls a setting."""
    try:
        return str(setting(key).metadata["label"])
    except ConfigError:
        return _LABELS.get(key, key)


FINETUNE_MOMENTUM = "training.finetune_momentum"


def word_of(key: str, value: Any) -> str:
    """A value as a person reads it."""
    if key == BACKBONE and value in BACKBONES:
        return BACKBONES[value].title
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return WORDS["same"] if key == FINETUNE_MOMENTUM and value < 0 else f"{value:g}"
    text = str(value)
    return WORDS.get(f"{key} {text}") or WORDS.get(text, text if key in (UNFREEZE, POSITIVE) else text.capitalize())


def mode_words(mode: str, unfreeze_from: str) -> str:
    """A training mode as a person reads it, where end to end means that all weights train.

    Args:
        mode: str. Value of `training.mode`.
        unfreeze_from: str. Value of `training.unfreeze_from`.
    """
    if mode != "end_to_end":
        return WORDS.get(mode, mode.capitalize())
    if not unfreeze_from:
        return "Frozen backbone, full pass"
    return "End to end" if unfreeze_from == "all" else f"Full pass, trained from {unfreeze_from} on"


def of_weights(weights: str) -> str:
    """What a backbone begins with, by `model.weights`."""
    return "ImageNet weights" if weights == "imagenet" else "random weights"
