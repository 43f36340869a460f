"""Layers of the pretrained networks: their names in order, which have weights, and where blocks begin. Light."""

import gzip
import json
from functools import cache
from pathlib import Path

from core.models.catalogue import BACKBONES

_FILE = Path(__file__).parent / "layer_names.json.gz"
"""By network: the names of its layers without the classifier, as Keras 3 builds it; `*` behind one that has weights,
`~` behind batch normalisation. `tests/script/make_layer_names.py` writes it."""

LAYER_COUNTS = {row.name: row.layers for row in BACKBONES.values() if row.keras_name}
"""Layers of the network without its classifier, in Keras 3; other versions may count differently."""

WITH_BATCH_NORM = ("ResNet", "MobileNet", "DenseNet", "Inception", "Xception", "EfficientNet", "NASNet", "RegNet")
WITH_DROPOUT = ("EfficientNet",)


@cache
def _layers() -> dict[str, list[str]]:
    return dict(json.loads(gzip.decompress(_FILE.read_bytes())))


def layer_names(backbone: str) -> list[str]:
    """Names of a network's layers in order, its input first; empty for networks that are not known."""
    return [name.rstrip("*~") for name in _layers().get(backbone, ())]


def learning_layers(backbone: str) -> list[bool]:
    """Which layers of a network have weights that a run trains: all that have any, batch normalisation apart."""
    return [name.endswith("*") for name in _layers().get(backbone, ())]


def normalises(backbone: str) -> list[bool]:
    """Which layers of a network are batch normalisation."""
    return [name.endswith("~") for name in _layers().get(backbone, ())]


@cache
def borders(backbone: str) -> tuple[tuple[int, int], ...]:
    """For each block of a network the least and the largest number of layers that may be frozen so that it is the first
    block that learns: layers that learn nothing between two blocks belong to either."""
    names, learn = layer_names(backbone), learning_layers(backbone)
    if not names:
        return ()
    row = BACKBONES[backbone]
    starts = [row.first_trainable(names, block) for block in row.blocks]
    lows = [max((k for k in range(start) if learn[k]), default=-1) + 1 for start in starts]
    highs = [next((k for k in range(start, len(names)) if learn[k]), start) for start in starts]
    return tuple(zip(lows, highs, strict=True))


def first_block(backbone: str, frozen: int) -> str | None:
    """The first block that trains when the first `frozen` layers do not.

    Returns:
        A value for `training.unfreeze_from`: empty when the whole network is frozen, `all` when none of it is; None
        where the border lies inside a block or the network's layers are not known.
    """
    block, exact = nearest_block(backbone, frozen)
    return block if exact else None


def nearest_block(backbone: str, frozen: int) -> tuple[str, bool]:
    """The block whose beginning is nearest to a border between frozen and other layers.

    Args:
        backbone: str. A key of `BACKBONES`.
        frozen: int. How many layers are frozen, from the input on.

    Returns:
        A value for `training.unfreeze_from`, and whether it says exactly that border; empty and False of a network
        whose layers are not known.
    """
    known, learn = borders(backbone), learning_layers(backbone)
    if not known:
        return "", False
    if not any(learn[frozen:]):
        return "", True
    distances = [max(low - frozen, frozen - high, 0) for low, high in known]
    nearest = min(range(len(known)), key=lambda k: (distances[k], -k))
    block = "all" if nearest == 0 else BACKBONES[backbone].blocks[nearest]
    return block, distances[nearest] == 0
