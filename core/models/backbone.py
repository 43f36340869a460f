"""What the program has to know of one pretrained network before it builds it. Light."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import ConfigError


@dataclass(frozen=True)
class Backbone:
    """What the program has to know of one pretrained network before it builds it."""

    name: str
    """Value of `model.backbone` in a configuration."""
    title: str
    """What a person reads in a list."""
    parameters: int
    """Number of weights without the ImageNet classifier."""
    preprocessing: str
    """The pixels it was trained on, a key of `core.data.preprocessing.PREPROCESSING`."""
    blocks: tuple[str, ...]
    """Names a user may give as `training.unfreeze_from`, from the input to the output."""
    prefixes: tuple[str, ...]
    """For each block, how the name of its first layer begins, or `>` and the name of the layer before it, where layers
    are numbered by what was built before; empty for the network's first layer."""
    weights_file: str
    """File name of the ImageNet weights without classifier, as Keras keeps it in its cache."""
    weights_bytes: int
    """Size of that file."""
    layers: int
    """Layers without the classifier, the input among them, as Keras 3 builds it."""
    operations: float
    """Billions of multiplications and additions for an image of 224 pixels, counted from its layers."""
    memory: int
    """Most megabytes of a process that computes features of 16 images of 224 pixels, measured (TensorFlow 2.21)."""
    module: str = ""
    """Its module in `keras.applications`, with its `preprocess_input`; empty for the built-in backbone."""
    weights_url: str = ""
    """Where Keras downloads the file; empty for weights that come with this program."""
    weights_hash: str | None = None
    """MD5 or SHA-256 that Keras demands of the download; Keras knows none for MobileNet and MobileNetV2."""
    native_size: int = 224
    """Side in pixels of the images it was trained on."""
    min_size: int = 32
    """Smallest side the architecture accepts."""
    channels: int = 1280
    """Channels of the last feature map."""
    unpadded: bool = False
    """Whether the map loses its edge besides being halved five times, as Inception's does."""

    @property
    def built_in(self) -> bool:
        """True if the weights come with this program."""
        return not self.weights_url

    @property
    def keras_name(self) -> str | None:
        """Name of the function in `keras.applications`; `None` for the built-in backbone, which Keras lacks."""
        return None if self.built_in else self.name

    @property
    def fits(self) -> bool:
        """Whether a process with it stays within 1 GB, at 224 pixels and with a frozen backbone."""
        return self.memory <= 1000

    @property
    def fast(self) -> bool:
        """Whether a processor computes the features of some ten images or more a second."""
        return self.operations <= 1

    def map_side(self, image_size: int) -> int:
        """Places on each side of the last feature map, for square images; at least 1."""
        if not self.unpadded:
            return max(1, math.ceil(image_size / 32))
        side = (image_size - 3) // 2 - 1  # a stride of 2, then two edges lost before each of the next two halvings
        for loss in (2, 0, 0, 0):
            side = (side - 3) // 2 + 1 - loss
        return max(1, side)

    def first_trainable(self, layer_names: Sequence[str], block: str) -> int:
        """Say from which layer on to train, if training is to reach back to `block`.

        Args:
            layer_names: Names of the backbone's layers in order, from the input to the output.
            block: One of `blocks`, or `"all"`; case, `-` and `_` do not matter.

        Returns:
            Index of the first layer of that block; 0 for `"all"`.

        Raises:
            ConfigError: If the backbone has no such block; the message lists those it has.
        """
        number = self.index_of(block)
        if plain(block) == "all":
            return 0
        prefix = self.prefixes[number]
        if prefix.startswith(">") and prefix[1:] in layer_names[:-1]:
            return layer_names.index(prefix[1:]) + 1
        for index, name in enumerate(layer_names):
            if name.startswith(prefix):
                return index
        raise ValueError(f"no layer of {self.name} begins with {prefix}: the layer names are not this backbone's")

    def block_starts(self, layer_names: Sequence[str]) -> list[str]:
        """Give the name of each block's first layer, from the input to the output; takes what `first_trainable` does.

        Raises:
            ValueError: If the names are not this backbone's.
        """
        return [layer_names[self.first_trainable(layer_names, block)] for block in self.blocks]

    def check_block(self, block: str) -> None:
        """Raise `ConfigError` if `block` is neither one of `blocks` nor `"all"`; needs no model."""
        self.index_of(block)

    def index_of(self, block: str) -> int:
        """Give the index of a block in `blocks`, 0 for `"all"`; raise `ConfigError` if it is neither."""
        names = [plain(name) for name in self.blocks]
        wanted = plain(block)
        if wanted == "all":
            return 0
        if wanted in names:
            return names.index(wanted)
        raise ConfigError(
            f'training.unfreeze_from: {self.name} has no block "{block}"; '
            f'its blocks are {", ".join(self.blocks)}, or write "all"'
        )


def plain(name: str) -> str:
    """Leave out what people write differently: case, hyphens, underscores, blanks around."""
    return name.strip().lower().replace("-", "").replace("_", "")
