"""Settings of the head from a pasted script: pooling, and its layers by the short form or as a list."""

from collections.abc import Callable
from typing import Any

from core.config import HEAD, SHORT_FORM
from core.script.facts import Facts
from core.script.imported_settings import ImportedSettings
from core.script.parts import Head
from core.script.reader import Call, Value

_POOLINGS = {
    "Flatten": "flatten",
    **dict.fromkeys(("GlobalAveragePooling2D", "GlobalAvgPool2D"), "average"),
    **dict.fromkeys(("GlobalMaxPooling2D", "GlobalMaxPool2D"), "max"),
}
_INSIDE = {"avg": "average", "max": "max"}
_ACTIVATIONS = {"swish": "silu"}
"""Other names that Keras has for an activation."""

_LINEAR = "linear"

Record = dict[str, Any]


class _Unread(Exception):
    """An argument of a layer cannot be read; the text says why."""


def fill_head(facts: Facts, imported: ImportedSettings) -> None:
    """Writes pooling and layers of the head on the imported settings."""
    head = facts.head
    if head.output is None:
        for key in ("model.pooling", *SHORT_FORM):
            imported.leave_open(key, "the script has no Dense layer")
        return
    _pooling(facts, head, imported)
    if _is_short(facts, head):
        _hidden(facts, head, imported)
        _dropout(facts, head, imported)
    else:
        _list(facts, head, imported)
    for call in head.other:
        if call.short not in _READERS:
            imported.note(call.line, f"{call.short} in the head: there is no setting for it")
    if len(facts.heads) > 1:
        imported.note(facts.heads[0].dense[0].line, "the script has more than one head; the last one was read")


def _pooling(facts: Facts, head: Head, imported: ImportedSettings) -> None:
    known = [(_POOLINGS.get(call.short, ""), call) for call in head.pools]
    inside = facts.script.argument(facts.backbone, "pooling")
    if isinstance(inside.value, str) and inside.value in _INSIDE:
        imported.state("model.pooling", _INSIDE[inside.value], inside.line)
    elif not known:
        imported.leave_open("model.pooling", "the script has neither Flatten nor a global pooling")
    else:
        imported.state("model.pooling", known[0][0], known[0][1].line)


def _is_short(facts: Facts, head: Head) -> bool:
    """Whether the two settings can say it: one hidden layer with relu at most, no or one rate before each layer."""
    rates = {facts.script.argument(call, "rate").number for call in head.dropouts}
    hidden = [facts.script.argument(call, "activation").value for call in head.hidden]
    penalties = any("kernel_regularizer" in call.arguments for call in head.dense)
    others = [call for call in head.other if call.short in _READERS and call in _layers(head)]
    if others or penalties or len(hidden) > 1 or len(rates) > 1 or len(head.dropouts) not in (0, len(head.dense)):
        return False
    return hidden in ([], ["relu"]) and _alternate(head)


def _alternate(head: Head) -> bool:
    """Whether every dropout stands before its Dense layer."""
    order = ["Dropout", "Dense"] * len(head.dense)
    return not head.dropouts or [call.short for call in (*_layers(head), head.output) if call] == order


def _layers(head: Head) -> list[Call]:
    """What stands before the output, in the script's order."""
    output = head.output
    calls = [*head.hidden, *head.dropouts, *(call for call in head.other if call.short in _READERS)]
    found = [call for call in calls if output and call.location.position < output.location.position]
    return sorted(found, key=lambda call: call.location.position)


def _list(facts: Facts, head: Head, imported: ImportedSettings) -> None:
    calls = _layers(head)
    line = (calls[0] if calls else head.dense[-1]).line
    try:
        layers = [_READERS[call.short](facts, call) for call in calls]
        if head.output and (l2 := _l2(facts, head.output)):
            layers.append({"layer": "output", "l2": l2})
    except _Unread as error:
        imported.leave_open(HEAD, str(error))
    else:
        imported.state(HEAD, layers, line)
    for key in SHORT_FORM:
        imported.leave_out(key, 0, f"{HEAD} says all of the head")


def _hidden(facts: Facts, head: Head, imported: ImportedSettings) -> None:
    if not head.hidden:
        imported.state("model.dense_units", 0, head.dense[-1].line)
    else:
        imported.take("model.dense_units", facts.script.argument(head.hidden[0], "units"), 0, "no units")


def _dropout(facts: Facts, head: Head, imported: ImportedSettings) -> None:
    rates = [facts.script.argument(call, "rate") for call in head.dropouts]
    if not rates:
        imported.leave_out("model.dropout", 0.0, "no Dropout in the head")
        return
    unknown = next((rate for rate in rates if rate.number is None), None)
    if unknown is not None:
        imported.leave_open("model.dropout", facts.script.why_unknown(unknown))
    else:
        imported.state("model.dropout", rates[0].value, rates[0].line)


def _dense_layer(facts: Facts, call: Call) -> Record:
    units = facts.script.argument(call, "units")
    found = {"layer": "dense", "units": _known(facts, units, units.whole), "activation": _activation(facts, call)}
    return {**found, "l2": _l2(facts, call)}


def _dropout_layer(facts: Facts, call: Call) -> Record:
    rate = facts.script.argument(call, "rate")
    return {"layer": "dropout", "rate": _known(facts, rate, rate.number)}


def _batch_norm_layer(facts: Facts, call: Call) -> Record:
    stated = {key: facts.script.argument(call, key) for key in ("momentum", "epsilon")}
    read = {key: _known(facts, value, value.number) for key, value in stated.items() if value.stated}
    return {"layer": "batch_norm", **read}


def _activation_layer(facts: Facts, call: Call) -> Record:
    return {"layer": "activation", "activation": _activation(facts, call)}


_READERS: dict[str, Callable[[Facts, Call], Record]] = {
    "Dense": _dense_layer,
    "Dropout": _dropout_layer,
    "BatchNormalization": _batch_norm_layer,
    "Activation": _activation_layer,
}


def _activation(facts: Facts, call: Call) -> str:
    """Keras has no activation where none is named."""
    value = facts.script.argument(call, "activation")
    if not value.stated or value.value is None:
        return _LINEAR
    word = str(_known(facts, value, value.word)).lower()
    return _ACTIVATIONS.get(word, word)


def _l2(facts: Facts, call: Call) -> float:
    """The penalty of a Dense layer's kernel; 0 where it has none."""
    value = facts.script.argument(call, "kernel_regularizer")
    if not value.stated or value.value is None:
        return 0.0
    if value.word in ("l2", "L2"):
        return 0.01  # what Keras takes for the word alone
    made = facts.script.call_of(value.node, call.location)
    if made is None or made.short.lower() != "l2":
        raise _Unread(f"{facts.where(value.line)}: {value.text} is no L2 penalty, the only one that a head has here")
    for name in ("l2", "l"):
        if name in made.arguments:
            given = facts.script.argument(made, name)
            return float(_known(facts, given, given.number))
    return 0.01


def _known(facts: Facts, value: Value, read: Any) -> Any:
    if read is None:
        raise _Unread(facts.script.why_unknown(value))
    return read
