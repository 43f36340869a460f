"""Functions that do on the features of a network what a layer does: activations, dropout, a mean over all positions."""

from core.script.flow import layers
from core.script.flow.machine import Arguments, Machine, constant
from core.script.flow.made import Layer
from core.script.flow.objects import Array, Const
from core.script.flow.value import Value

_LIBRARIES = ("tf", "tensorflow", "keras", "K")

_ACTIVATIONS: dict[str, tuple[str, ...]] = {
    "relu": ("features", "negative_slope", "max_value", "threshold"),
    **dict.fromkeys(("leaky_relu", "elu"), ("features", "alpha")),
    **dict.fromkeys(
        ("relu6", "selu", "gelu", "silu", "swish", "softplus", "softsign", "tanh", "sigmoid"), ("features",)
    ),
    **dict.fromkeys(("mish", "hard_sigmoid", "hard_silu", "hard_swish", "softmax", "log_softmax"), ("features",)),
}
"""Activations with the names of their arguments by place."""
_FEATURES = ("features", "x", "tensor", "inputs")

_POOLINGS = {
    **dict.fromkeys(("reduce_mean", "mean"), "GlobalAveragePooling2D"),
    **dict.fromkeys(("reduce_max", "max", "amax"), "GlobalMaxPooling2D"),
}
_POSITIONS = ((1, 2), (-3, -2), (2, 1))
"""Axes of all positions of a map."""

_KEPT = (
    *("cast", "identity", "stop_gradient", "reshape", "squeeze", "expand_dims", "print", "ensure_shape", "stack"),
    *("concat", "concatenate", "shape", "convert_to_tensor", "debugging", "check_numerics", "flatten"),
)
"""Functions that change no values, or that are read elsewhere."""


def of_features(machine: Machine, given: Arguments) -> Value | None:
    """What a function of a library makes of what a network gives; None where it is nothing that a layer does."""
    value = next((one for one in given.positional if isinstance(one, Array) and one.role == "map"), None)
    layer = _as_layer(given) if value is not None else None
    return layers.apply(machine, layer, value) if layer is not None and value is not None else None


def _as_layer(given: Arguments) -> Layer | None:
    short, library = given.name.rpartition(".")[2], given.name.partition(".")[0]
    if library not in _LIBRARIES:
        return None
    if short in _ACTIVATIONS:
        arguments, lines = given.bound(_ACTIVATIONS[short])
        rest = {name: one for name, one in arguments.items() if name not in _FEATURES}
        return Layer("Activation", {"activation": Const(short), **rest}, lines, given.line)
    if short == "dropout":
        arguments, lines = given.bound(("x", "rate"))
        rest = {name: one for name, one in arguments.items() if name not in _FEATURES}
        return Layer("Dropout", {**rest, "training": Const(True)}, lines, given.line, node=given.node)
    if short in _POOLINGS and constant(given.get("axis", 1)) in _POSITIONS:
        return Layer(_POOLINGS[short], {}, {}, given.line)
    return None if short in _KEPT or short[:1].isupper() else Layer(short, {}, {}, given.line)
