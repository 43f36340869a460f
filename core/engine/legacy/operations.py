"""Functions of TensorFlow in an old model's graph, as layers and operations of Keras 3 with equal answers."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from core.models.old_forms import save_again

ops, layers = keras.ops, keras.layers

Tensor = Any
Function = Callable[..., Tensor]


def _activation(name: str) -> Function:
    def apply(x: Tensor) -> Tensor:
        return layers.Activation(name, dtype="float32")(x)  # a layer for each place in the graph

    return apply


def _axes(axis: Any) -> Any:
    """Axes as Keras takes them; TensorFlow's come as an array or a list, too."""
    if axis is None or isinstance(axis, int):
        return axis
    found = [int(one) for one in np.ravel(axis)]
    return found[0] if len(found) == 1 else tuple(found)


def _reduced(reduce: Function) -> Function:
    return lambda x, axis=None, keepdims=False: reduce(x, axis=_axes(axis), keepdims=bool(keepdims))


def _as_list(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]


def _resize(x: Tensor, size: Any, method: str = "bilinear", **more: Any) -> Tensor:
    if any(more.values()) or str(method) not in ("bilinear", "nearest", "bicubic"):
        raise save_again(f"it resizes images in a way that is not read ({str(method)[:20]})")
    height, width = (int(side) for side in np.ravel(size))
    return layers.Resizing(height, width, interpolation=str(method), dtype="float32")(x)


def _reshape(x: Tensor, shape: Any) -> Tensor:
    return ops.reshape(x, [int(side) for side in np.ravel(shape)])


def _clip(x: Tensor, low: float, high: float) -> Tensor:
    return ops.minimum(ops.maximum(x, float(low)), float(high))


def _softmax(x: Tensor, axis: int | None = -1) -> Tensor:
    return layers.Softmax(axis=-1 if axis is None else int(axis), dtype="float32")(x)


def _leaky(x: Tensor, alpha: float = 0.2) -> Tensor:
    return layers.LeakyReLU(negative_slope=float(alpha), dtype="float32")(x)


def _item(x: Tensor, index: Any) -> Tensor:
    return x[tuple(index) if isinstance(index, list) else index]


def _bias(x: Tensor, bias: Any, data_format: Any = None) -> Tensor:
    if data_format not in (None, "NHWC", "NC", "N...C"):
        raise save_again("it adds numbers to channels that come before the pixels")
    return ops.add(x, bias)


def _transposed(x: Tensor, perm: Any = None) -> Tensor:
    return ops.transpose(x, axes=None if perm is None else [int(axis) for axis in np.ravel(perm)])


def _reversed(x: Tensor, axis: Any) -> Tensor:
    return ops.flip(x, axis=_axes(axis))


def _joined(values: Any, axis: Any) -> Tensor:
    return ops.concatenate(_as_list(values), axis=_axes(axis))


def _stacked(values: Any, axis: int = 0) -> Tensor:
    return ops.stack(_as_list(values), axis=axis)


def _same(x: Tensor, *_: Any) -> Tensor:
    return x


def _widened(x: Tensor, axis: Any) -> Tensor:
    return ops.expand_dims(x, axis=_axes(axis))


def _narrowed(x: Tensor, axis: Any = None) -> Tensor:
    return ops.squeeze(x, axis=_axes(axis))


_BINARY: dict[str, Function] = {
    "math.add": ops.add, "__operators__.add": ops.add, "math.subtract": ops.subtract, "math.multiply": ops.multiply,
    "math.truediv": ops.true_divide, "math.divide": ops.true_divide, "__operators__.truediv": ops.true_divide,
    "math.maximum": ops.maximum, "math.minimum": ops.minimum, "math.pow": ops.power,
}  # fmt: skip
_ALONE: dict[str, Function] = {
    "math.negative": ops.negative, "math.abs": ops.absolute, "math.sqrt": ops.sqrt, "math.square": ops.square,
    **{f"nn.{name}": _activation(name) for name in
       ("elu", "gelu", "relu", "relu6", "selu", "sigmoid", "silu", "softplus", "tanh")},
    "nn.swish": _activation("silu"), "math.sigmoid": _activation("sigmoid"), "math.tanh": _activation("tanh"),
    "tanh": _activation("tanh"), "identity": _same,
}  # fmt: skip
_REDUCED = {name: _reduced(getattr(ops, name)) for name in ("mean", "sum", "max", "min")}

# By the function's name: what makes it, and the names of its arguments in their order.
FUNCTIONS: dict[str, tuple[Function, tuple[str, ...]]] = {
    **{name: (function, ("x", "y")) for name, function in _BINARY.items()},
    **{name: (function, ("x",)) for name, function in _ALONE.items()},
    **{f"math.reduce_{name}": (function, ("input_tensor", "axis", "keepdims")) for name, function in _REDUCED.items()},
    "math.scalar_mul": (ops.multiply, ("scalar", "x")),
    "cast": (_same, ("x", "dtype")),  # everything is computed in float32 here
    "clip_by_value": (_clip, ("t", "clip_value_min", "clip_value_max")),
    "concat": (_joined, ("values", "axis")),
    "stack": (_stacked, ("values", "axis")),
    "expand_dims": (_widened, ("input", "axis")),
    "squeeze": (_narrowed, ("input", "axis")),
    "image.resize": (_resize, ("images", "size", "method", "preserve_aspect_ratio", "antialias")),
    "nn.bias_add": (_bias, ("value", "bias", "data_format")),
    "nn.leaky_relu": (_leaky, ("features", "alpha")),
    "nn.softmax": (_softmax, ("logits", "axis")),
    "reshape": (_reshape, ("tensor", "shape")),
    "reverse": (_reversed, ("tensor", "axis")),
    "transpose": (_transposed, ("a", "perm")),
    "__operators__.getitem": (_item, ("tensor", "slice_spec")),
}
_OTHER_NAMES = {"features": "x", "logits": "x", "input": "x", "a": "x", "tensor": "x"}
"""Names that functions of one tensor call it by."""


def apply_function(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """What a function of TensorFlow makes of its arguments.

    Args:
        name: A key of `FUNCTIONS`.
        args: Positional arguments, tensors as Keras has them.
        kwargs: Arguments by the names that TensorFlow has for them.

    Raises:
        ModelError: an argument is not read.
    """
    function, names = FUNCTIONS[name]
    given = dict(zip(names, args, strict=False))
    for key, value in kwargs.items():
        own = key if key in names else _OTHER_NAMES.get(key, key)
        if own in names:
            given[own] = value
        elif value is not None:
            raise save_again(f'its function "{name}" has the argument "{key[:40]}", which is not read')
    kept = [given.get(key) for key in names]
    while kept and kept[-1] is None:  # what is not said has its default
        kept.pop()
    if names[0] not in given:
        raise save_again(f'its function "{name}" gets no tensor')
    if name == "image.resize":
        return _resize(given["images"], given["size"], given.get("method") or "bilinear",
                       **{key: given.get(key) for key in names[3:]})  # fmt: skip
    return function(*kept)


def _kind_of(value: Any) -> Any:
    return np.int64 if np.array(value).dtype.kind in "iu" else np.float32


def _constant_axis(function: str) -> Function:
    def apply(attr: dict[str, Any], x: Tensor, axis: Any) -> Tensor:
        return apply_function(function, (x,), {"axis": axis, "keepdims": _flag(attr, "keep_dims")})

    return apply


def _flag(attr: dict[str, Any], name: str) -> bool:
    return bool(attr.get(name, {}).get("b", False))


def _bits(attr: dict[str, Any], name: str) -> int:
    return int(attr.get(name, {}).get("i", 0))


def _strided(attr: dict[str, Any], x: Tensor, begin: Any, end: Any, strides: Any) -> Tensor:
    """TensorFlow's slice: bits of the masks say where a bound is absent, `...` stands, or an axis goes."""
    if _bits(attr, "new_axis_mask"):
        raise save_again("it adds an axis in a slice")
    index: list[Any] = []
    for k, (first, last, step) in enumerate(zip(np.ravel(begin), np.ravel(end), np.ravel(strides), strict=True)):
        if _bits(attr, "ellipsis_mask") >> k & 1:
            index.append(Ellipsis)
        elif _bits(attr, "shrink_axis_mask") >> k & 1:
            index.append(int(first))
        else:
            low = None if _bits(attr, "begin_mask") >> k & 1 else int(first)
            high = None if _bits(attr, "end_mask") >> k & 1 else int(last)
            index.append(slice(low, high, int(step)))
    return _item(x, index)


def _squeezed(attr: dict[str, Any], x: Tensor) -> Tensor:
    axes = [int(axis) for axis in attr.get("squeeze_dims", {}).get("list", {}).get("i", [])]
    return _narrowed(x, axes or None)


def _plain(function: str) -> Function:
    return lambda attr, *inputs: apply_function(function, inputs, {})


def _biased(attr: dict[str, Any], x: Tensor, bias: Any) -> Tensor:
    return _bias(x, bias, None if attr.get("data_format", {}).get("s") in (None, "TkhXQw==") else "other")


_OF_ONE_NAME = {
    "Abs": "math.abs", "Add": "math.add", "AddV2": "math.add", "Cast": "cast", "Div": "math.truediv", "Elu": "nn.elu",
    "Identity": "identity", "Maximum": "math.maximum", "Minimum": "math.minimum", "Mul": "math.multiply",
    "Neg": "math.negative", "Pow": "math.pow", "RealDiv": "math.truediv", "Relu": "nn.relu", "Relu6": "nn.relu6",
    "Reshape": "reshape", "Selu": "nn.selu", "Sigmoid": "nn.sigmoid", "Softmax": "nn.softmax",
    "Softplus": "nn.softplus", "Sqrt": "math.sqrt", "Square": "math.square", "Sub": "math.subtract", "Tanh": "nn.tanh",
    "Transpose": "transpose",
}  # fmt: skip
OPERATIONS: dict[str, Function] = {
    **{name: _plain(function) for name, function in _OF_ONE_NAME.items()},
    **{name: _constant_axis(f"math.reduce_{name.lower()}") for name in ("Max", "Mean", "Min", "Sum")},
    "BiasAdd": _biased,
    "ConcatV2": lambda attr, *inputs: _joined(list(inputs[:-1]), inputs[-1]),
    "ExpandDims": lambda attr, x, axis: _widened(x, axis),
    "Squeeze": _squeezed,
    "StridedSlice": _strided,
}
"""By the operation's name: a function of its attributes and inputs (TensorFlow 2.0 to 2.3)."""


def apply_operation(config: dict[str, Any], inputs: list[Any]) -> Tensor:
    """What a `TensorFlowOpLayer` makes of tensors.

    Args:
        config: Its settings: `node_def` and `constants`.
        inputs: The tensors that it gets; the constants come between them.

    Raises:
        ModelError: the operation is not read.
    """
    node = config["node_def"]
    given = list(inputs)
    for index, value in sorted((int(key), value) for key, value in (config.get("constants") or {}).items()):
        given.insert(index, np.array(value, _kind_of(value)) if isinstance(value, list) else value)
    return OPERATIONS[node["op"]](node.get("attr", {}), *given)
