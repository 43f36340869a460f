"""Layer names and indices of the pretrained networks, as far as known without building them."""

from core.models.block_borders import BORDERS
from core.models.catalogue import BACKBONES

_VGG_CONVOLUTIONS = {"VGG16": (2, 2, 3, 3, 3), "VGG19": (2, 2, 4, 4, 4)}

LAYER_COUNTS = {row.name: row.layers for row in BACKBONES.values() if row.keras_name}
"""Layers of the network without its classifier, in Keras 3; other versions may count differently."""

WITH_BATCH_NORM = ("ResNet", "MobileNet", "DenseNet", "Inception", "Xception", "EfficientNet", "NASNet", "RegNet")
WITH_DROPOUT = ("EfficientNet",)


def layer_names(backbone: str) -> list[str]:
    """Names of a VGG's layers in order; empty for other networks."""
    convolutions = _VGG_CONVOLUTIONS.get(backbone)
    if convolutions is None:
        return []
    names = ["input"]
    for block, count in enumerate(convolutions, 1):
        names += [f"block{block}_conv{k}" for k in range(1, count + 1)] + [f"block{block}_pool"]
    return names


def has_weights(layer: str) -> bool:
    """Whether a layer of a VGG can be trained at all."""
    return "_conv" in layer


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
        A value for `training.unfreeze_from`, and whether it says exactly that border; empty and False of a network whose
        layers are not known.
    """
    borders, count = BORDERS.get(backbone), LAYER_COUNTS.get(backbone)
    if borders is None or count is None:
        return "", False
    distances = [max(low - frozen, frozen - high, 0) for low, high in borders]
    nearest = min(range(len(borders)), key=lambda k: (distances[k], -k))
    if frozen >= count:
        return "", True
    block = "all" if nearest == 0 else BACKBONES[backbone].blocks[nearest]
    return block, distances[nearest] == 0
