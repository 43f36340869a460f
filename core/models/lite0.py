"""EfficientNet-Lite0 in stock Keras layers, with the ImageNet weights that come with this program."""

import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from core.errors import WeightsError

# One row a block: repeats, kernel size, stride of the first unit, expansion, filters. Widths and repeats of
# EfficientNet-B0 (Tan and Le 2019, table 1); Lite0 leaves out squeeze-and-excite and swaps swish for ReLU6.
BLOCKS = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM_FILTERS = 32
TOP_FILTERS = 1280
EPSILON = 1e-3  # the value the checkpoint was trained with; Keras' default happens to be the same


def EfficientNetLite0(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    weights_path: Path | None = None,
    input_tensor: Any = None,
) -> keras.Model:
    """Build EfficientNet-Lite0 without its classifier.

    Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (ICML 2019), in the
    "Lite" variant that Google published in 2020. The model holds no preprocessing: it expects `(x - 127) / 128`.

    Args:
        input_shape: Height, width and channels. Defaults to `(224, 224, 3)`.
        weights_path: The `.npz` to read; float16 numbers become float32. `None` leaves Keras' random weights.
        input_tensor: Optional Keras tensor to build upon, instead of a new `Input` of `input_shape`.

    Returns:
        A Keras model from images of `input_shape`, values -1 to 1, to the last feature map: a 32nd of the size,
        rounded up, with 1280 channels (7x7x1280 for 224, 5x5x1280 for 150), values 0 to 6.

    Raises:
        WeightsError: If the file cannot be read or does not fit this architecture.
    """
    inputs = keras.Input(input_shape) if input_tensor is None else input_tensor
    x = _convolution(inputs, "stem_conv", "stem_bn", STEM_FILTERS, kernel=3, stride=2)
    x = _relu6(x, "stem_activation")
    for number, (repeats, kernel, stride, expansion, filters) in enumerate(BLOCKS, 1):
        for repeat in range(repeats):
            name = f"block{number}{'abcd'[repeat]}_"
            x = _unit(x, name, kernel, stride if repeat == 0 else 1, expansion, filters)
    x = _convolution(x, "top_conv", "top_bn", TOP_FILTERS)
    x = _relu6(x, "top_activation")
    # Built upon somebody's tensor, the model starts where that tensor starts, as Keras' applications do.
    start = inputs if input_tensor is None else keras.utils.get_source_inputs(inputs)[0]
    model = keras.Model(start, x, name="lite0")
    if weights_path is not None:
        load_weights(model, weights_path)
    return model


def load_weights(model: keras.Model, path: Path) -> None:
    """Give every layer of `model` the arrays that the file names `<layer>/<weight>`.

    Args:
        model: EfficientNet-Lite0, alone or as a part of a larger model; layers of other names are left alone.
        path: A `.npz` as written by `weights/convert.py`.

    Raises:
        WeightsError: If the file cannot be read, or lacks a weight, or has one of another shape.
    """
    try:
        # opened here, because numpy leaves the file open when it is no archive
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name].astype(np.float32) for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise WeightsError(f"the weight file {path} cannot be read ({error}); install it again") from error
    for layer in model.layers:
        try:
            if layer.name.startswith(("stem_", "block", "top_")):
                layer.set_weights([arrays.pop(f"{layer.name}/{weight.name}") for weight in layer.weights])
        except (KeyError, ValueError) as error:
            raise WeightsError(f"the weight file {path} does not fit EfficientNet-Lite0: {error}") from error
    if arrays:
        raise WeightsError(f"the weight file {path} does not fit EfficientNet-Lite0: nothing takes {min(arrays)}")


def _unit(x: Any, name: str, kernel: int, stride: int, expansion: int, filters: int) -> Any:
    """Inverted residual: widen by 1x1, filter each channel, narrow by 1x1 without activation, add the input."""
    inputs, channels = x, x.shape[-1]
    if expansion != 1:
        x = _convolution(x, f"{name}expand_conv", f"{name}expand_bn", channels * expansion)
        x = _relu6(x, f"{name}expand_activation")
    x = keras.layers.DepthwiseConv2D(kernel, stride, padding="same", use_bias=False, name=f"{name}dwconv")(x)
    x = keras.layers.BatchNormalization(epsilon=EPSILON, name=f"{name}bn")(x)
    x = _relu6(x, f"{name}activation")
    x = _convolution(x, f"{name}project_conv", f"{name}project_bn", filters)
    if stride == 1 and channels == filters:
        x = keras.layers.Add(name=f"{name}add")([x, inputs])
    return x


def _convolution(x: Any, name: str, norm: str, filters: int, kernel: int = 1, stride: int = 1) -> Any:
    """Convolution without bias, then batch normalisation."""
    x = keras.layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=name)(x)
    return keras.layers.BatchNormalization(epsilon=EPSILON, name=norm)(x)


def _relu6(x: Any, name: str) -> Any:
    return keras.layers.ReLU(6.0, name=name)(x)
