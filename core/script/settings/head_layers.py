"""Records of the layers of a head, as `model.head` lists them."""

from collections.abc import Callable
from typing import Any

from core.script.flow.made import Layer, Made
from core.script.settings.activations import OF_LAYERS, activation_of
from core.script.settings.collected import Collected
from core.script.settings.given import Given, argument
from core.script.settings.no_setting import tell_others
from core.script.settings.refused import Beyond, Unread

Record = dict[str, Any]

_READ = {
    "Dense": ("units", "output_dim", "activation", "kernel_regularizer", "trainable", "training"),
    "Dropout": ("rate", "p", "training"),
    "BatchNormalization": ("momentum", "epsilon", "training", "trainable"),
    **dict.fromkeys(("Activation", *OF_LAYERS), ("activation", "alpha", "negative_slope", "max_value", "threshold",
                                                 "training")),
}  # fmt: skip
"""Arguments that are read, or refused, here."""


def record_of(found: Collected, layer: Layer) -> Record | None:
    """One layer as the list of a head has it; None where it does nothing.

    Raises:
        Unread: an argument cannot be read.
        Beyond: no head has it; what comes nearest is a record, or None.
    """
    reader = _READERS.get(layer.kind)
    if reader is None:
        raise Beyond(f"a head has no {layer.kind}", layer.line)
    tell_layer(found, layer)
    return reader(found, layer)


def tell_layer(found: Collected, layer: Layer) -> None:
    """Tells what a layer is given that has no setting."""
    if layer.kind in _READ:
        tell_others(found, layer, *_READ[layer.kind])


def _dense(found: Collected, layer: Layer) -> Record:
    units = argument(found.script, layer, "units", "output_dim")
    read: Record = {"layer": "dense", "units": _known(found, units, units.whole)}
    refused: Beyond | None = None
    try:
        read["activation"] = activation_of(found, layer)
    except Beyond as error:
        read["activation"], refused = error.nearest, error
    try:
        read["l2"] = penalty_of(found, layer)
    except Beyond as error:
        read["l2"], refused = error.nearest or 0.0, refused or error
    if refused is None and (held := _held(found, layer)) is not None:
        refused = held
    if refused is not None:
        raise Beyond(str(refused), refused.line, read) from refused
    return read


def _held(found: Collected, layer: Layer) -> Beyond | None:
    """`trainable=False`: a layer that does not learn."""
    learns = argument(found.script, layer, "trainable")
    if not learns.stated or learns.known is True:
        return None
    return Beyond(f"{layer.kind} with trainable={learns.text}; all layers of a head are trained", learns.line)


def _dropout(found: Collected, layer: Layer) -> Record | None:
    rate, phase = argument(found.script, layer, "rate", "p"), argument(found.script, layer, "training").known
    if phase is False:
        return None
    read = {"layer": "dropout", "rate": _known(found, rate, rate.number)}
    if phase is True:
        raise Beyond("Dropout that stays on after the training; in a head it is on in training only", layer.line, read)
    return read


def _batch_norm(found: Collected, layer: Layer) -> Record:
    stated = {key: argument(found.script, layer, key) for key in ("momentum", "epsilon")}
    read = {key: _known(found, one, one.number) for key, one in stated.items() if one.value is not None}
    record = {"layer": "batch_norm", **read}
    phase, held = argument(found.script, layer, "training"), _held(found, layer)
    if isinstance(phase.known, bool):
        told = f"BatchNormalization that is called with training={phase.known}; in a head it learns in training only"
        raise Beyond(told, phase.line, record)
    if held is not None:
        raise Beyond(str(held), held.line, record)
    return record


def _activate(found: Collected, layer: Layer) -> Record:
    try:
        return {"layer": "activation", "activation": activation_of(found, layer)}
    except Beyond as error:
        near = {"layer": "activation", "activation": error.nearest}
        raise Beyond(str(error), error.line, near) from error


def _noise(found: Collected, layer: Layer) -> Record:
    rate = argument(found.script, layer, "rate").number
    near = {"layer": "dropout", "rate": rate} if rate is not None and 0 <= rate <= 0.95 else None
    raise Beyond(f"a head has no {layer.kind}", layer.line, near)


def _layer_norm(found: Collected, layer: Layer) -> Record:
    raise Beyond(f"a head has no {layer.kind}", layer.line, {"layer": "batch_norm"})


_READERS: dict[str, Callable[[Collected, Layer], Record | None]] = {
    "Dense": _dense,
    "Dropout": _dropout,
    "BatchNormalization": _batch_norm,
    **dict.fromkeys(("Activation", *OF_LAYERS), _activate),
    **dict.fromkeys(("SpatialDropout2D", "AlphaDropout", "GaussianDropout"), _noise),
    "LayerNormalization": _layer_norm,
}


def penalty_of(found: Collected, layer: Layer) -> float:
    """The L2 penalty of a Dense layer's kernel; 0 where it has none.

    Raises:
        Unread: it cannot be read.
        Beyond: it is another penalty; what comes nearest is its L2 part, or None.
    """
    value = layer.arguments.get("kernel_regularizer")
    given = argument(found.script, layer, "kernel_regularizer")
    other = f"{given.text} is not an L2 penalty, the only one that a head supports"
    if not given.stated:
        return 0.0
    if given.known in ("l2", "L2"):
        return 0.01  # what Keras takes for the word alone
    if isinstance(given.known, str):
        raise Beyond(other, given.line)
    if not isinstance(value, Made):
        raise Unread(f"{found.script.where(given.line)}: {given.text} is not a readable L2 penalty")
    named, kind = argument(found.script, value, "l2", "l"), value.kind.lower().replace("_", "")
    if kind == "l2":
        return 0.01 if named.value is None else float(_known(found, named, named.number))
    near = float(named.number) if named.number is not None else None
    first = argument(found.script, value, "l1")
    without = first.number == 0 or (value.kind == "L1L2" and first.value is None)  # the class, not the function
    if kind != "l1l2" or not without:
        raise Beyond(other, given.line, near)
    return 0.0 if named.value is None and value.kind == "L1L2" else float(_known(found, named, named.number))


def _known(found: Collected, given: Given, read: Any) -> Any:
    if read is None:
        raise Unread(found.why_unknown(given, "a number"))
    return read
