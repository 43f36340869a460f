"""A network of keras.applications that keeps its own classifier, made for the classes of the script."""

from core.script.flow.machine import is_none, whole
from core.script.settings.story import Story

_PLAIN = (
    *("ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2"),
    *("DenseNet121", "DenseNet169", "DenseNet201", "Xception", "InceptionV3", "InceptionResNetV2"),
    *("MobileNetV2", "NASNetMobile"),
)
"""Networks whose classifier is a global average and one Dense layer, without dropout."""


_POOLED = ("layers[-2]", "avg_pool", "global_average_pooling2d")
"""How a script names the last layer before the one that gives the classes."""


def is_pooled_below(story: Story) -> bool:
    """Whether the features are those before the last layer of the network's own classifier: a global average."""
    base = story.base
    return base is not None and story.has_top and base.name in _PLAIN and base.inner[0] in _POOLED


def classes_of(story: Story) -> int | None:
    """How many classes the classifier of the backbone has; None where that is not known."""
    if story.base is None or "classes" not in story.base.arguments:
        return 1000
    return whole(story.base.arguments["classes"])


def has_own_classifier(story: Story) -> bool:
    """Whether the network as it is trained is the backbone with a classifier of its own, as a run has it."""
    base = story.base
    return (
        base is not None
        and story.has_top
        and not story.head
        and base.name in _PLAIN
        and is_none(base.arguments.get("weights", base))
        and "classes" in base.arguments
    )
