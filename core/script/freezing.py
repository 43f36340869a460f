"""Which backbone layers a pasted script freezes or trains, at a given position of the script."""

from dataclasses import dataclass
from typing import Any

from core.script.facts import Facts
from core.script.layers import LAYER_COUNTS, first_block, layer_names, learning_layers
from core.script.parts import PREPARING
from core.script.reader import Call, Trainable
from core.script.values import UNKNOWN


@dataclass(frozen=True)
class Freezing:
    """What is known of the backbone's layers.

    Attributes:
        block: `training.unfreeze_from`: empty when all is frozen, `all` when nothing is; None when not known.
        line: The line that decides; 0 where the script sets nothing.
        why: Why it is not known.
        head_frozen: Whether the head is frozen with it.
    """

    block: str | None
    line: int = 0
    why: str = ""
    head_frozen: bool = False


def freezing(facts: Facts, position: int) -> Freezing:
    """The state of the backbone at a position of the script."""
    backbone = facts.backbone
    if backbone is None:
        return Freezing(None, why="the script makes no backbone of a known name")
    trains = [True] * LAYER_COUNTS.get(backbone.short, 1)
    line, head_frozen = 0, False
    for one in facts.script.trainables:
        if one.location.position > position:
            break
        if is_of_head(facts, one):
            continue
        line = one.line
        if why := _apply(facts, backbone, one, trains):
            return Freezing(None, line, why)
        head_frozen = hits_head(facts, one) if one.value is False else False
    return _state(backbone.short, trains, line, head_frozen)


def is_of_head(facts: Facts, one: Trainable) -> bool:
    """Whether it is a single layer of the head whose `trainable` is set."""
    call = facts.script.call_of(one.owner, one.location)
    return call is not None and not one.layers and any(call in [*head.dense, *head.other] for head in facts.heads)


def hits_head(facts: Facts, one: Trainable) -> bool:
    """Whether a freeze reaches the head's layers as well."""
    structure = facts.networks.structure(one.owner, one.location)
    if structure in ("", "backbone"):
        return False
    if not one.layers:
        return True
    if one.stop is None:
        return one.start in (None, 0)
    if not isinstance(one.stop, int) or one.stop < 0:
        return False
    # The last Dense must be inside the slice: then nothing is left that could learn.
    total = total_layers(facts, one, structure)
    return total is not None and one.stop >= total


def total_layers(facts: Facts, one: Trainable, structure: str) -> int | None:
    """Number of layers in the model whose layers are set; None where it is not known."""
    model = facts.script.call_of(one.owner, one.location)
    if structure == "nested" and model is not None and model.short == "Sequential":
        return len(facts.networks.items(model))
    head = facts.head
    count = len([*head.pools, *head.dense, *head.dropouts, *head.other])
    in_sequential = head.output is not None and facts.networks.is_in_sequential(head.output)
    if facts.backbone is None or not count:
        return None
    base = LAYER_COUNTS.get(facts.backbone.short) if structure == "flat" else 2
    return None if base is None else base + (1 if in_sequential else count) + layers_in_front(facts)


def layers_in_front(facts: Facts) -> int:
    """Layers between the input and the backbone of a flat model: they shift its indices."""
    given = facts.script.argument(facts.backbone, "input_tensor").node
    if facts.backbone is None or given is None:
        return 0
    node = facts.script.origin(given, facts.backbone.location)[0]
    count = 0
    while (call := facts.script.at(node)) is not None and count < 20:
        # `Rescaling(...)(x)`: the layer is what is called, x is what it is called with.
        layer = facts.script.call_of(call.node.func, call.location)
        if layer is None or layer.short not in PREPARING or not call.node.args:
            break
        count += 1
        node = facts.script.origin(call.node.args[0], call.location)[0]
    return count


def _apply(facts: Facts, backbone: Call, one: Trainable, trains: list[bool]) -> str:
    """Applies one change to the layers; a sentence where it cannot be told what it changes."""
    structure = facts.networks.structure(one.owner, one.location)
    if not structure:
        return f"it cannot be told which layers {facts.script.text(one.owner)} has"
    if one.condition:
        return _apply_condition(backbone, one, trains)
    if not isinstance(one.value, bool) or UNKNOWN in (one.start, one.stop):
        return "what is set trainable is known only when the script runs"
    if structure == "nested" or not one.layers or (one.start in (None, 0) and one.stop is None):
        trains[:] = [one.value] * len(trains)
        return ""
    return _apply_slice(facts, backbone, one, trains)


def _apply_slice(facts: Facts, backbone: Call, one: Trainable, trains: list[bool]) -> str:
    if backbone.short not in LAYER_COUNTS:
        return f"how the layers of {backbone.short} are numbered is not known here"
    structure = facts.networks.structure(one.owner, one.location)
    ends: list[Any] = [one.start, one.stop]
    if structure == "flat" and any(end is not None and end < 0 for end in ends):
        total = total_layers(facts, one, structure)
        if total is None:
            return f"the number of layers of {facts.script.text(one.owner)} cannot be told"
        ends = [end + total if end is not None and end < 0 else end for end in ends]
    shift = layers_in_front(facts) if structure == "flat" else 0
    ends = [max(0, end - shift) if end is not None and end >= 0 else end for end in ends]
    for k in range(len(trains))[slice(*ends)]:
        trains[k] = bool(one.value)
    return ""


def _apply_condition(backbone: Call, one: Trainable, trains: list[bool]) -> str:
    names = layer_names(backbone.short)
    if one.name not in names:
        return "a condition decides which layers train"
    # `set_trainable` in the book's manner: from the named layer on.
    first = names.index(one.name)
    trains[:] = [k >= first for k in range(len(trains))]
    return ""


def _state(backbone: str, trains: list[bool], line: int, head_frozen: bool) -> Freezing:
    learn = learning_layers(backbone)
    flags = [flag for k, flag in enumerate(trains) if not learn or learn[k]]
    if not any(flags):
        return Freezing("", line, head_frozen=head_frozen)
    if all(flags):
        return Freezing("all", line)
    first = trains.index(True)
    while learn and not learn[first]:
        first += 1 + trains[first + 1 :].index(True)
    after = [flag for k, flag in enumerate(trains[first:], first) if not learn or learn[k]]
    block = first_block(backbone, first) if all(after) else None
    known = "lies inside a block" if learn else f"is layer {first}, and which block that begins is not known here"
    why = "" if block is not None else f"the border of the frozen layers {known}"
    return Freezing(block, line, why)
