"""Layer names and indices of the pretrained networks, as far as known without building them."""

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
    names = layer_names(backbone)
    if not names:
        return "" if frozen >= LAYER_COUNTS.get(backbone, 10**6) else ("all" if frozen <= 1 else None)
    open_layers = [name for name in names[frozen:] if has_weights(name)]
    if not open_layers:
        return ""
    if open_layers == [name for name in names if has_weights(name)]:
        return "all"
    first = open_layers[0]
    return first.partition("_")[0] if first.endswith("_conv1") else None
