"""What `fit` returns: the numbers of the epochs that it was told to train."""

import ast

from core.script.flow.machine import is_none, whole
from core.script.flow.made import Made
from core.script.flow.networks import Fit
from core.script.flow.objects import Const, Items, Mapping, Unknown
from core.script.flow.value import Value

HISTORY = "History"

_MOST_EPOCHS = 2000


def history_of(fit: Fit) -> Made:
    """The record of a training: its epochs are those that were planned, as an early end is known only when it runs."""
    epochs, begun = fit.arguments.get("epochs"), fit.arguments.get("initial_epoch")
    return Made(HISTORY, HISTORY, {}, {}, fit.line, {"planned": (epochs, begun)})


def attribute(owner: Made, name: str, node: ast.expr) -> Value | None:
    """`history.epoch`, the numbers of the epochs from 0 on, and `history.params`."""
    epochs, begun = owner.state.get("planned", (None, None))
    if name == "params":
        return Mapping({"epochs": epochs or Const(1)})
    if name != "epoch":
        return None
    first, last = (0 if is_none(begun) else whole(begun)), (1 if is_none(epochs) else whole(epochs))
    if first is None or last is None or not first < last <= _MOST_EPOCHS:
        return Unknown(name, node.lineno)
    lines = epochs.lines if isinstance(epochs, Const) else ()
    return Items([Const(k, lines) for k in range(first, last)])
