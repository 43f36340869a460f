"""Settings of the head: pooling, and its layers by the short form or as a list."""

from collections.abc import Callable
from typing import Any

from core.config import HEAD, SHORT_FORM
from core.notation.head import ACTIVATIONS
from core.script.flow.made import Layer, Made
from core.script.flow.objects import Const, External
from core.script.settings.collected import Collected
from core.script.settings.given import Given, argument
from core.script.settings.pooling import POOLINGS, fill_pooling, pools_inside
from core.script.settings.story import Story

_NAMES = {"swish": "silu", "leakyrelu": "leaky_relu"}
"""Other names that Keras has for an activation."""

_LINEAR = "linear"

_PASSED = ("Reshape", "InputLayer", "Rescaling", "Resizing", "Lambda")

Record = dict[str, Any]


class _Unread(Exception):
    """An argument of a layer cannot be read; the text says why."""


class _Beyond(Exception):
    """A layer does what no head has; the text says what, with the line and what comes nearest."""

    def __init__(self, text: str, line: int, nearest: Any = None) -> None:
        super().__init__(text)
        self.line, self.nearest = line, nearest


def fill_head(story: Story, found: Collected) -> None:
    """Writes pooling and layers of the head."""
    layers = story.head
    output = output_of(layers)
    if output is None:
        for key in ("model.pooling", *SHORT_FORM):
            found.ask(key, "the script has no Dense layer")
        if pools_inside(story, found):
            found.open = [one for one in found.open if one["key"] != "model.pooling"]
        return
    before = layers[: layers.index(output)]
    pools = [one for one in before if one.kind in POOLINGS]
    window = fill_pooling(story, found, before)
    hidden = [one for one in before if one.kind not in (*POOLINGS, *_PASSED) and one is not window]
    if _is_short(found, hidden, output):
        _short(found, hidden, output)
        return
    _list(found, hidden, output, pools)


def output_of(layers: list[Layer]) -> Layer | None:
    """The last Dense layer."""
    return next((one for one in reversed(layers) if one.kind == "Dense"), None)


def _is_short(found: Collected, hidden: list[Layer], output: Layer) -> bool:
    """Whether the two settings can say it: one hidden layer with relu at most, no or one rate before each layer."""
    dense = [one for one in hidden if one.kind == "Dense"]
    drops = [one for one in hidden if one.kind == "Dropout"]
    rates = {argument(found.script, one, "rate").number for one in drops}
    if len(dense) + len(drops) != len(hidden) or len(dense) > 1 or len(rates) > 1:
        return False
    if any("kernel_regularizer" in one.arguments for one in (*dense, output)):
        return False
    if any(_word(one.arguments.get("activation")) != "relu" for one in dense):
        return False
    order = [one.kind for one in (*hidden, output)]
    return not drops or order == ["Dropout", "Dense"] * (len(dense) + 1)


def _short(found: Collected, hidden: list[Layer], output: Layer) -> None:
    dense = [one for one in hidden if one.kind == "Dense"]
    drops = [one for one in hidden if one.kind == "Dropout"]
    if dense:
        found.take("model.dense_units", argument(found.script, dense[0], "units"), 0, "no units")
    else:
        found.state("model.dense_units", 0, output.line)
    if drops:
        found.take("model.dropout", argument(found.script, drops[0], "rate"), 0.0, "no rate")
    else:
        found.leave_out("model.dropout", 0.0, "no Dropout in the head", output.line)


def _list(found: Collected, hidden: list[Layer], output: Layer, pools: list[Layer]) -> None:
    records: list[Record] = []
    beyond: _Beyond | None = None
    for one in hidden:
        try:
            records.append(_record(found, one))
        except _Unread as error:
            found.ask(HEAD, str(error), one.line)
        except _Beyond as error:
            beyond = beyond or error
            records += [error.nearest] if error.nearest else []
    try:
        penalty = _l2(found, output)
    except _Unread as error:
        found.ask(HEAD, str(error), output.line)
        penalty = 0.0
    except _Beyond as error:
        beyond, penalty = beyond or error, 0.0
    if penalty:
        records.append({"layer": "output", "l2": penalty})
    early = next(
        (one for one in hidden if pools and one.line < pools[0].line and one.kind == "BatchNormalization"), None
    )
    if early is not None and beyond is None:
        beyond = _Beyond("batch normalisation comes before the pooling; in a run it comes after it", early.line)
    if beyond is not None:
        found.beyond(HEAD, str(beyond), beyond.line, nearest=records or "none")
    else:
        lines = [one.line for one in hidden] or [output.line]
        found.state(HEAD, records or "none", *dict.fromkeys(lines))
    for key in SHORT_FORM:
        found.leave_out(key, 0, f"{HEAD} says all of the head")


def _record(found: Collected, layer: Layer) -> Record:
    reader = _READERS.get(layer.kind)
    if reader is None:
        raise _Beyond(f"a head has no {layer.kind}", layer.line)
    return reader(found, layer)


def _dense(found: Collected, layer: Layer) -> Record:
    units = argument(found.script, layer, "units", "output_dim")
    read = {"layer": "dense", "units": _known(found, units, units.whole), "activation": _activation(found, layer)}
    try:
        return {**read, "l2": _l2(found, layer)}
    except _Beyond as error:
        raise _Beyond(str(error), error.line, {**read, "l2": error.nearest or 0.0}) from error


def _dropout(found: Collected, layer: Layer) -> Record:
    rate = argument(found.script, layer, "rate", "p")
    return {"layer": "dropout", "rate": _known(found, rate, rate.number)}


def _batch_norm(found: Collected, layer: Layer) -> Record:
    stated = {key: argument(found.script, layer, key) for key in ("momentum", "epsilon")}
    read = {key: _known(found, one, one.number) for key, one in stated.items() if one.value is not None}
    return {"layer": "batch_norm", **read}


def _activate(found: Collected, layer: Layer) -> Record:
    name = {"ReLU": "relu", "ELU": "elu", "LeakyReLU": "leaky_relu"}.get(layer.kind)
    given = argument(found.script, layer, "alpha", "negative_slope")
    usual = {"LeakyReLU": (0.3, 0.2), "ELU": (1, 1.0), "ReLU": (0, 0.0)}.get(layer.kind, ())
    if name is not None and given.value is not None and given.number not in usual:
        raise _Beyond(
            f"{layer.kind} with {given.text}; a head has its usual slope",
            layer.line,
            {"layer": "activation", "activation": name},
        )
    return {"layer": "activation", "activation": name or _activation(found, layer)}


def _noise(found: Collected, layer: Layer) -> Record:
    rate = argument(found.script, layer, "rate").number
    near = {"layer": "dropout", "rate": rate} if rate is not None and 0 <= rate <= 0.95 else None
    raise _Beyond(f"a head has no {layer.kind}", layer.line, near)


def _layer_norm(found: Collected, layer: Layer) -> Record:
    raise _Beyond(f"a head has no {layer.kind}", layer.line, {"layer": "batch_norm"})


_READERS: dict[str, Callable[[Collected, Layer], Record]] = {
    "Dense": _dense,
    "Dropout": _dropout,
    "BatchNormalization": _batch_norm,
    **dict.fromkeys(("Activation", "ReLU", "ELU", "LeakyReLU"), _activate),
    **dict.fromkeys(("SpatialDropout2D", "AlphaDropout", "GaussianDropout"), _noise),
    "LayerNormalization": _layer_norm,
}


def _word(value: Any) -> str:
    """The name of an activation; `linear` where none is named, empty where it is not known."""
    if value is None or (isinstance(value, Const) and value.value is None):
        return _LINEAR
    if isinstance(value, (External, Layer, Made)):
        named = value.short if isinstance(value, External) else value.kind
    else:
        named = value.value if isinstance(value, Const) and isinstance(value.value, str) else ""
    named = named.lower()
    return _NAMES.get(named, named)


def _activation(found: Collected, layer: Layer) -> str:
    """Keras has no activation where none is named."""
    name = _word(layer.arguments.get("activation"))
    given = argument(found.script, layer, "activation")
    if not name:
        raise _Unread(found.why_unknown(given, "the name of an activation"))
    if name not in ACTIVATIONS:
        raise _Beyond(f"a head has no activation {given.text or name}", given.line or layer.line, None)
    return name


def _l2(found: Collected, layer: Layer) -> float:
    """The penalty of a Dense layer's kernel; 0 where it has none."""
    value = layer.arguments.get("kernel_regularizer")
    given = argument(found.script, layer, "kernel_regularizer")
    if not given.stated:
        return 0.0
    if given.known in ("l2", "L2"):
        return 0.01  # what Keras takes for the word alone
    if given.known in ("l1", "L1", "l1_l2"):
        raise _Beyond(f"{given.text} is not an L2 penalty, the only one that a head supports", given.line)
    if not isinstance(value, Made):
        raise _Unread(f"{found.script.where(given.line)}: {given.text} is not a readable L2 penalty")
    named = argument(found.script, value, "l2", "l")
    if value.kind.lower() in ("l1", "l1_l2", "l1l2") and argument(found.script, value, "l1").number != 0:
        near = float(named.number) if named.number is not None else None
        raise _Beyond(f"{given.text} is not an L2 penalty, the only one that a head supports", given.line, near)
    return 0.01 if named.value is None else float(_known(found, named, named.number))


def _known(found: Collected, given: Given, read: Any) -> Any:
    if read is None:
        raise _Unread(found.why_unknown(given, "a number"))
    return read
