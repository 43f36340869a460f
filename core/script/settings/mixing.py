"""Setting `training.mixup`: the layer MixUp on images with their labels; what mixes in another way."""

from core.script.flow.layer_kinds import MIXED_WITH_LABELS
from core.script.flow.made import Layer
from core.script.settings.augmentation import drawn_once
from core.script.settings.collected import Collected
from core.script.settings.given import argument
from core.script.settings.story import Story

KEY = "training.mixup"

_OWN = ("mixup", "cutmix")


def fill_mixing(story: Story, found: Collected) -> None:
    """Writes alpha of mixup where the training images go through MixUp, with their labels."""
    array = story.arrived
    layers = [one for one in array.random if isinstance(one, Layer)] if array is not None else []
    mixers = [one for one in layers if one.kind == MIXED_WITH_LABELS]
    if not mixers:
        _own(found)
    elif len(mixers) > 1:
        found.beyond(KEY, "MixUp comes twice; a run mixes once", mixers[1].line, mixers[0].line)
    elif line := drawn_once(story):
        found.beyond(KEY, "the mixed images are kept for all epochs; a run mixes them anew in every epoch", line)
    else:
        found.take(KEY, argument(found.script, mixers[0], "alpha"), 0.2, "MixUp has Keras' own alpha")


def _own(found: Collected) -> None:
    """A function of the script's own that mixes images; its name says so."""
    for scope in found.script.functions:
        calls = found.script.find(scope[-1])
        if any(word in scope[-1].lower().replace("_", "") for word in _OWN) and calls:
            why = f"{scope[-1]} is the script's own; a run mixes as keras.layers.MixUp does"
            found.beyond(KEY, why, calls[0].line, nearest=0.0)
            return
