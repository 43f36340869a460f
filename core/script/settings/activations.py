"""The activation of a layer of the head, by name, function or layer, with what it is given beyond its name."""

from core.notation.head import ACTIVATIONS
from core.script.flow.made import Layer, Made
from core.script.flow.objects import Const, External
from core.script.flow.value import Value
from core.script.settings.collected import Collected
from core.script.settings.given import argument
from core.script.settings.refused import Beyond, Unread

_NAMES = {"swish": "silu", "leakyrelu": "leaky_relu"}
"""Other names that Keras has for an activation."""
_NEAR = {"relu6": "relu", "prelu": "leaky_relu", "mish": "silu", "hard_silu": "silu", "hard_swish": "silu",
         "hard_sigmoid": "sigmoid", "softsign": "tanh"}  # fmt: skip
"""The activation that comes nearest to one that a run does not have."""
OF_LAYERS = {"ReLU": "relu", "ELU": "elu", "LeakyReLU": "leaky_relu", "PReLU": "prelu"}
"""Layers that are an activation."""

_LINEAR = "linear"
_SLOPES = {"relu": 0.0, "leaky_relu": 0.2, "elu": 1.0}
"""Slope or height below zero of the activations of a run."""
_LAYER_SLOPE = 0.3
"""The slope of the layer LeakyReLU where none is given."""


def word_of(value: Value | None) -> str:
    """The name of an activation; `linear` where none is named, empty where it is not known."""
    if value is None or (isinstance(value, Const) and value.value is None):
        return _LINEAR
    if isinstance(value, (External, Layer, Made)):
        named = value.short if isinstance(value, External) else value.kind
    else:
        named = value.value if isinstance(value, Const) and isinstance(value.value, str) else ""
    named = named.lower()
    return _NAMES.get(named, named)


def activation_of(found: Collected, layer: Layer) -> str:
    """The activation of a layer: Keras has none where none is named.

    Raises:
        Unread: it cannot be read.
        Beyond: a run has none like it; what comes nearest is the name of another one.
    """
    if layer.kind in OF_LAYERS:
        _check(found, layer, OF_LAYERS[layer.kind], layer.line)
        return OF_LAYERS[layer.kind]
    value = layer.arguments.get("activation")
    name, given = word_of(value), argument(found.script, layer, "activation")
    if not name:
        raise Unread(found.why_unknown(given, "the name of an activation"))
    if isinstance(value, (Layer, Made)) or layer.kind == "Activation":
        _check(found, value if isinstance(value, (Layer, Made)) else layer, name, given.line or layer.line)
    elif name not in ACTIVATIONS:
        raise _refusal(given.text or name, name, given.line or layer.line)
    return name


def is_plain(found: Collected, layer: Layer, name: str) -> bool:
    """Whether the activation of a layer is surely this one, as a run has it."""
    try:
        return activation_of(found, layer) == name
    except (Unread, Beyond):
        return False


def _check(found: Collected, owner: Layer | Made, name: str, line: int) -> None:
    """Refuses an activation that is given what a run's does not have."""
    if name not in ACTIVATIONS:
        raise _refusal(name if owner.kind == "Activation" else owner.kind, name, line)
    usual = _SLOPES.get(name)
    slope = argument(found.script, owner, "alpha", "negative_slope")
    default = _LAYER_SLOPE if owner.kind == "LeakyReLU" else usual
    if usual is not None and (default if slope.value is None else slope.number) != usual:
        told = f"{owner.kind} with {slope.text or default}"
        raise Beyond(f"{told}; {name} of a head has {usual:g} below zero", line, name)
    for other, none in (("max_value", None), ("threshold", 0)):
        given = argument(found.script, owner, other)
        if given.stated and (none is None or given.number != none):
            raise Beyond(f"{owner.kind} with {other}={given.text or given.known}; a head has none", line, name)


def _refusal(told: str, name: str, line: int) -> Beyond:
    return Beyond(f"a head has no activation {told}", line, _NEAR.get(name, "relu"))
