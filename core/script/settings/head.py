"""Settings of the head: pooling, and its layers by the short form or as a list."""

from core.config import HEAD, SHORT_FORM
from core.script.flow.layer_kinds import WEIGHTED
from core.script.flow.made import Layer
from core.script.flow.turns import Turns
from core.script.settings.activations import is_plain
from core.script.settings.classifier import has_own_classifier
from core.script.settings.collected import WHOLE, Collected
from core.script.settings.given import argument
from core.script.settings.head_layers import Record, penalty_of, record_of, tell_layer
from core.script.settings.pooling import POOLINGS, fill_pooling, pools_inside
from core.script.settings.refused import Beyond, Unread
from core.script.settings.story import Story
from core.script.settings.unfollowed import no_head

_PASSED = ("Reshape", "InputLayer", "Lambda")
"""Layers that change no values, or are told elsewhere."""
_SCALED = ("Rescaling", "Resizing")
"""Layers of images, which are no layers of the head where no backbone comes before them."""
_EACH_VALUE = ("Dropout", "Activation", "ReLU", "ELU", "LeakyReLU")
"""Layers that do the same before Flatten as after it."""


def fill_head(story: Story, found: Collected) -> None:
    """Writes pooling and layers of the head."""
    layers = story.head
    output = output_of(layers)
    if output is None and has_own_classifier(story):
        _of_classifier(story, found)
        return
    if output is None:
        why, line = no_head(story, found)
        for key in ("model.pooling", *SHORT_FORM):
            found.ask(key, why, line)
        if pools_inside(story, found):
            found.open = [one for one in found.open if one["key"] != "model.pooling"]
        return
    before = layers[: layers.index(output)]
    window = fill_pooling(story, found, before)
    passed = (*POOLINGS, *_PASSED, *(() if story.base is not None else _SCALED))
    hidden = [one for one in before if one.kind not in passed and one is not window]
    early = _early(before, hidden)
    tell_layer(found, output)
    _tell_held(story, found, [*hidden, output])
    if (loop := _loop_of(story, hidden)) is not None:
        count = "in each turn" if loop.count is None else f"{loop.count:,} times"
        why = f"the loop puts layers into the head {count}; name the layers of the head"
        found.ask(HEAD, f"{found.script.where(loop.line)}: {why}", loop.line)
        for key in SHORT_FORM:
            found.leave_out(key, 0, f"{HEAD} says all of the head")
        return
    if early is None and _is_short(found, hidden, output):
        _short(found, hidden, output)
        return
    _list(found, hidden, output, early)


def _of_classifier(story: Story, found: Collected) -> None:
    """The network's own classifier, made for the script's classes: an average, and one Dense layer."""
    line = story.base.line if story.base is not None else 0
    found.state("model.pooling", "average", line)
    found.state("model.dense_units", 0, line)
    found.state("model.dropout", 0.0, line)


def output_of(layers: list[Layer]) -> Layer | None:
    """The last Dense layer."""
    return next((one for one in reversed(layers) if one.kind == "Dense"), None)


def _loop_of(story: Story, layers: list[Layer]) -> Turns | None:
    """The loop that makes layers of the head more often than it is followed; not one that makes the whole model."""
    depth = story.last.model.depth if story.last is not None else 0
    loops = [loop for one in layers for loop in one.loops[depth:] if not loop.fold]
    return next((one for one in loops if one.count != 1), None)


def _tell_held(story: Story, found: Collected, layers: list[Layer]) -> None:
    """Layers of the head that a statement keeps from training: a run trains all of them."""
    learn = [one for one in layers if one.kind in WEIGHTED or one.kind == "BatchNormalization"]
    for fits in story.phases:
        line = next((fits[-1].held[id(one)] for one in learn if id(one) in fits[-1].held), 0) if fits else 0
        if line:
            why = "this keeps a layer of the head from training; a run trains all of them"
            found.beyond(WHOLE, why, line, nearest="a head whose layers are all trained")
            return


def _early(before: list[Layer], hidden: list[Layer]) -> Beyond | None:
    """The first layer before the pooling that does there what it does not do after it."""
    pool = next((one for one in before if one.kind in POOLINGS), None)
    if pool is None:
        return None
    kept = _EACH_VALUE if POOLINGS[pool.kind] == "flatten" else ()
    first = next((one for one in before[: before.index(pool)] if one in hidden and one.kind not in kept), None)
    if first is None:
        return None
    name = {"BatchNormalization": "batch normalisation"}.get(first.kind, first.kind)
    return Beyond(f"{name} comes before the pooling; in a run it comes after it", first.line)


def _is_short(found: Collected, hidden: list[Layer], output: Layer) -> bool:
    """Whether the two settings can say it: one hidden layer with relu at most, no or one rate before each layer."""
    dense = [one for one in hidden if one.kind == "Dense"]
    drops = [one for one in hidden if one.kind == "Dropout"]
    rates = {argument(found.script, one, "rate").number for one in drops}
    if len(dense) + len(drops) != len(hidden) or len(dense) > 1 or len(rates) > 1:
        return False
    if any("kernel_regularizer" in one.arguments for one in (*dense, output)):
        return False
    if any("training" in one.arguments or "trainable" in one.arguments for one in (*hidden, output)):
        return False
    if not all(is_plain(found, one, "relu") for one in dense):
        return False
    order = [one.kind for one in (*hidden, output)]
    return not drops or order == ["Dropout", "Dense"] * (len(dense) + 1)


def _short(found: Collected, hidden: list[Layer], output: Layer) -> None:
    dense = [one for one in hidden if one.kind == "Dense"]
    drops = [one for one in hidden if one.kind == "Dropout"]
    for one in hidden:
        tell_layer(found, one)
    if dense:
        found.take("model.dense_units", argument(found.script, dense[0], "units"), 0, "no units")
    else:
        found.state("model.dense_units", 0, output.line)
    if drops:
        found.take("model.dropout", argument(found.script, drops[0], "rate"), 0.0, "no rate")
    else:
        found.leave_out("model.dropout", 0.0, "no Dropout in the head", output.line)


def _list(found: Collected, hidden: list[Layer], output: Layer, early: Beyond | None) -> None:
    records: list[Record] = []
    beyond = None
    for one in hidden:
        try:
            read = record_of(found, one)
        except Unread as error:
            found.ask(HEAD, str(error), one.line)
            continue
        except Beyond as error:
            beyond, read = beyond or error, error.nearest
        records += [read] if read else []
    penalty, refused = _penalty(found, output)
    beyond = beyond or early or refused
    if penalty:
        records.append({"layer": "output", "l2": penalty})
    if beyond is not None:
        found.beyond(HEAD, str(beyond), beyond.line, nearest=records or "none")
    else:
        lines = [one.line for one in hidden] or [output.line]
        found.state(HEAD, records or "none", *dict.fromkeys(lines))
    for key in SHORT_FORM:
        found.leave_out(key, 0, f"{HEAD} says all of the head")


def _penalty(found: Collected, output: Layer) -> tuple[float, Beyond | None]:
    """The penalty of the output, and why it is no such penalty, or that the output does not learn."""
    held = argument(found.script, output, "trainable")
    refused = None
    if held.stated and held.known is not True:
        refused = Beyond(f"the output has trainable={held.text}; in a run it is trained", held.line)
    try:
        return penalty_of(found, output), refused
    except Unread as error:
        found.ask(HEAD, str(error), output.line)
    except Beyond as error:
        return error.nearest or 0.0, error
    return 0.0, refused
