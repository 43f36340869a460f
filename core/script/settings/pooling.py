"""Setting of the pooling: a layer, the network's own, or a window as large as the network's whole map."""

from core.script.flow.made import Layer
from core.script.settings.classifier import is_pooled_below
from core.script.settings.collected import Collected
from core.script.settings.given import argument
from core.script.settings.story import Story

POOLINGS = {
    "Flatten": "flatten",
    **dict.fromkeys(("GlobalAveragePooling2D", "GlobalAvgPool2D"), "average"),
    **dict.fromkeys(("GlobalMaxPooling2D", "GlobalMaxPool2D"), "max"),
}
_WINDOWS = {
    **dict.fromkeys(("AveragePooling2D", "AvgPool2D"), "average"),
    **dict.fromkeys(("MaxPooling2D", "MaxPool2D"), "max"),
}
_INSIDE = {"avg": "average", "max": "max"}
_STRIDE = 32
"""Pixels of an image for one position of the map, each way, of the networks below where the image is a multiple."""

_EVEN = ("VGG", "ResNet", "DenseNet", "MobileNet", "EfficientNet", "RegNet", "ConvNeXt", "NASNet", "Xception")


def pools_inside(story: Story, found: Collected) -> bool:
    """Writes the pooling of the network itself, where it has one."""
    if is_pooled_below(story) and story.base is not None:
        found.state("model.pooling", "average", story.base.inner[1])
        return True
    inside = argument(found.script, story.base, "pooling")
    if not isinstance(inside.known, str) or inside.known not in _INSIDE:
        return False
    found.state("model.pooling", _INSIDE[inside.known], *inside.lines)
    return True


def fill_pooling(story: Story, found: Collected, before: list[Layer]) -> Layer | None:
    """Writes the pooling.

    Args:
        story: Story. What the script trains in the end.
        found: Collected. Where settings are written; the image size is among them.
        before: list of Layer. All layers between the backbone and the output, in order.

    Returns:
        The layer that pools in a window before Flatten, which the setting speaks of, too; None where there is none.
    """
    if pools_inside(story, found):
        return None
    pools = [one for one in before if one.kind in POOLINGS]
    if not pools:
        found.ask("model.pooling", "the script has neither Flatten nor a global pooling")
        return None
    place = before.index(pools[0])
    window = before[place - 1] if place and before[place - 1].kind in _WINDOWS else None
    if window is None or pools[0].kind != "Flatten" or story.base is None:
        found.state("model.pooling", POOLINGS[pools[0].kind], pools[0].line)
        return None
    _in_window(story, found, window, pools[0])
    return window


def _in_window(story: Story, found: Collected, window: Layer, flatten: Layer) -> None:
    """`AveragePooling2D((7, 7))` of a map of 7 by 7, and Flatten, are a global average."""
    pooling, size = _WINDOWS[window.kind], argument(found.script, window, "pool_size")
    sides = {size.whole} if size.whole is not None else set(size.known or (2,))
    side = _map_side(story.base.name if story.base is not None else "", found)
    if side is not None and sides == {side}:
        found.state("model.pooling", pooling, window.line, flatten.line)
        return
    what = f"{size.text or 2} of {window.kind} is not known to be the whole map of the network"
    found.beyond("model.pooling", f"{what}; a run pools all of it, or flattens it", window.line, nearest=pooling)


def _map_side(backbone: str, found: Collected) -> int | None:
    """Positions of the network's last map, each way; None where that is not known."""
    size = found.settings.get("data.image_size", {}).get("value")
    if not isinstance(size, int) or size % _STRIDE or not backbone.startswith(_EVEN):
        return None
    return size // _STRIDE
