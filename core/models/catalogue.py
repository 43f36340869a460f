"""Catalogue of backbones, one row each. Light: a page may import this without loading TensorFlow."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.environment import environment
from core.errors import ConfigError

BUILT_IN = Path(__file__).parent / "weights"
_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"


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
    """The pixels it was trained on, a key of `core.data.images.PREPROCESSING`."""
    blocks: tuple[str, ...]
    """Names a user may give as `training.unfreeze_from`, from the input to the output."""
    prefixes: tuple[str, ...]
    """For each block, how the name of its first layer begins."""
    weights_file: str
    """File name of the ImageNet weights without classifier, as Keras keeps it in its cache."""
    weights_url: str = ""
    """Where Keras downloads that file; empty for weights that come with this program."""
    weights_hash: str | None = None
    """MD5 or SHA-256 that Keras demands of the download; Keras knows none for the MobileNets."""
    native_size: int = 224
    """Side in pixels of the images it was trained on."""
    min_size: int = 32
    """Smallest side the architecture accepts: all rows halve the image five times."""
    channels: int = 1280
    """Channels of the last feature map."""

    @property
    def built_in(self) -> bool:
        """True if the weights come with this program."""
        return not self.weights_url

    @property
    def keras_name(self) -> str | None:
        """Name of the function in `keras.applications`; `None` for the built-in backbone, which Keras lacks."""
        return None if self.built_in else self.name

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
        if _plain(block) == "all":
            return 0
        prefix = self.prefixes[number]
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
        names = [_plain(name) for name in self.blocks]
        wanted = _plain(block)
        if wanted == "all":
            return 0
        if wanted in names:
            return names.index(wanted)
        raise ConfigError(
            f'training.unfreeze_from: {self.name} has no block "{block}"; '
            f'its blocks are {", ".join(self.blocks)}, or write "all"'
        )


def _numbered(pattern: str, first: int, last: int) -> tuple[str, ...]:
    """Write the numbers `first` to `last` into a pattern such as `"block{}"`."""
    return tuple(pattern.format(number) for number in range(first, last + 1))


_VGG = _numbered("block{}", 1, 5), _numbered("block{}_", 1, 5)
_CONV = _numbered("conv{}", 1, 5), _numbered("conv{}_", 1, 5)
_EFFICIENT = ("stem", *_numbered("block{}", 1, 7), "top"), ("stem_", *_numbered("block{}a_", 1, 7), "top_")

_ROWS = (
    Backbone(
        name="EfficientNetLite0",
        title="EfficientNet-Lite0 (built in)",
        parameters=3_413_024,
        preprocessing="lite",
        blocks=_EFFICIENT[0],
        prefixes=_EFFICIENT[1],
        weights_file="efficientnet_lite0.npz",
    ),
    Backbone(
        name="VGG16",
        channels=512,
        title="VGG16",
        parameters=14_714_688,
        preprocessing="caffe",
        weights_file="vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_url=f"{_KERAS}vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_hash="6d6bbae143d832006294945121d1f1fc",
        blocks=_VGG[0],
        prefixes=_VGG[1],
    ),
    Backbone(
        name="VGG19",
        channels=512,
        title="VGG19",
        parameters=20_024_384,
        preprocessing="caffe",
        weights_file="vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_url=f"{_KERAS}vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_hash="253f8cb515780f3b799900260a226db6",
        blocks=_VGG[0],
        prefixes=_VGG[1],
    ),
    Backbone(
        name="ResNet50",
        channels=2048,
        title="ResNet-50",
        parameters=23_587_712,
        preprocessing="caffe",
        weights_file="resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_url=f"{_KERAS}resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_hash="4d473c1dd8becc155b73f8504c6f6626",
        blocks=_CONV[0],
        prefixes=_CONV[1],
    ),
    Backbone(
        name="MobileNet",
        channels=1024,
        title="MobileNet",
        parameters=3_228_864,
        preprocessing="tf",
        blocks=("conv1", *_numbered("block{}", 1, 13)),
        prefixes=("conv1", *_numbered("conv_dw_{}", 1, 13)),
        weights_file="mobilenet_1_0_224_tf_no_top.h5",
        weights_url=f"{_KERAS}mobilenet/mobilenet_1_0_224_tf_no_top.h5",
    ),
    Backbone(
        name="MobileNetV2",
        title="MobileNetV2",
        parameters=2_257_984,
        preprocessing="tf",
        blocks=("conv1", *_numbered("block{}", 0, 16), "top"),
        prefixes=("Conv1", "expanded_conv_", *_numbered("block_{}_", 1, 16), "Conv_1"),
        weights_file="mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        weights_url=f"{_KERAS}mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
    ),
    Backbone(
        name="EfficientNetB0",
        title="EfficientNet-B0",
        parameters=4_049_571,
        preprocessing="raw",
        blocks=_EFFICIENT[0],
        prefixes=_EFFICIENT[1],
        weights_file="efficientnetb0_notop.h5",
        weights_url="https://storage.googleapis.com/keras-applications/efficientnetb0_notop.h5",
        weights_hash="50bc09e76180e00e4465e1a485ddc09d",
    ),
    Backbone(
        name="EfficientNetV2B0",
        title="EfficientNetV2-B0",
        parameters=5_919_312,
        preprocessing="raw",
        blocks=("stem", *_numbered("block{}", 1, 6), "top"),
        prefixes=("stem_", *_numbered("block{}a_", 1, 6), "top_"),
        weights_file="efficientnetv2-b0_notop.h5",
        weights_url=f"{_KERAS}efficientnet_v2/efficientnetv2-b0_notop.h5",
        weights_hash="893217f2bb855e2983157299931e43ff",
    ),
    Backbone(
        name="DenseNet121",
        channels=1024,
        title="DenseNet-121",
        parameters=7_037_504,
        preprocessing="torch",
        weights_file="densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_url=f"{_KERAS}densenet/densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_hash="30ee3e1110167f948a6b9946edeeb738",
        blocks=_CONV[0],
        prefixes=_CONV[1],
    ),
    Backbone(
        name="ConvNeXtTiny",
        channels=768,
        title="ConvNeXt-Tiny",
        parameters=27_820_128,
        preprocessing="raw",
        # A stage begins with the layer that halves the map, which Keras counts separately.
        blocks=("stem", *_numbered("stage_{}", 0, 3)),
        prefixes=(
            "convnext_tiny_stem",
            "convnext_tiny_stage_0_",
            *_numbered("convnext_tiny_downsampling_block_{}", 0, 2),
        ),
        weights_file="convnext_tiny_notop.h5",
        weights_url=f"{_KERAS}convnext/convnext_tiny_notop.h5",
        weights_hash="d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
    ),
)


def pixel_kind(backbone: Backbone, preprocessing: str) -> str:
    """How pixels are scaled, as a key of `core.data.images.PREPROCESSING`.

    Args:
        backbone: A row of `BACKBONES`.
        preprocessing: A key of `PIXEL_SETTINGS`, the value of the setting `data.preprocessing`.
    """
    return PIXEL_SETTINGS[preprocessing] or backbone.preprocessing


PIXEL_SETTINGS = {"backbone": "", "rescale": "rescale", "none": "raw"}
"""Values of the setting `data.preprocessing`; empty for the backbone's own way."""

BACKBONES: dict[str, Backbone] = {row.name: row for row in _ROWS}


def find(name: str) -> Backbone:
    """Look a backbone up by its name.

    Args:
        name: A key of `BACKBONES`; case, `-` and `_` do not matter, so `"vgg16"` and `"EfficientNet-Lite0"` do.

    Returns:
        The row.

    Raises:
        ConfigError: If there is no such backbone; the message offers the nearest name and lists all.
    """
    rows = {_plain(row.name): row for row in _ROWS}
    wanted = _plain(name)
    if wanted in rows:
        return rows[wanted]
    near = difflib.get_close_matches(wanted, rows)
    near.sort(key=lambda name: sorted(name) != sorted(wanted))  # of equals, the one with two letters swapped
    hint = f"did you mean {rows[near[0]].name}? " if near else ""
    raise ConfigError(f'model.backbone: there is no backbone "{name}"; {hint}Known are: {", ".join(BACKBONES)}')


def find_weights(backbone: Backbone) -> Path | None:
    """Look for the ImageNet weights on this machine, without opening or downloading anything.

    Args:
        backbone: A row of `BACKBONES`.

    Returns:
        The file: the one that comes with this program, else the one in the Keras cache, else the one in the folder
        that the environment variable `PARITY_WEIGHTS` names; `None` if it is in none of them.
    """
    return next((path for path in weights_paths(backbone) if path.is_file()), None)


def weights_paths(backbone: Backbone) -> list[Path]:
    """List where the weight file may lie, in the order in which it is looked for."""
    if backbone.built_in:
        return [BUILT_IN / backbone.weights_file]
    folders = [keras_home() / "models"]
    if own := environment().weights:
        folders.append(own)
    return [folder / backbone.weights_file for folder in folders]


def keras_home() -> Path:
    """Give the folder in which Keras keeps its files: `KERAS_HOME`, else `~/.keras`."""
    return environment().keras_home.expanduser()


def _plain(name: str) -> str:
    """Leave out what people write differently: case, hyphens, underscores, blanks around."""
    return name.strip().lower().replace("-", "").replace("_", "")
