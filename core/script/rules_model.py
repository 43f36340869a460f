"""Findings on a script: frozen and unfrozen layers, trainable after compile, reused optimizer, batch normalisation."""

import ast
from collections.abc import Iterator

from core.checks.finding import Finding
from core.checks.freezing import GENTLE
from core.models.optimizers import OPTIMIZERS
from core.script.compiled import optimizer_of, rate_of, sets_rate_later
from core.script.facts import Facts
from core.script.freezing import Freezing, freezing, hits_head, is_of_head, layers_in_front
from core.script.layers import LAYER_COUNTS, WITH_BATCH_NORM, WITH_DROPOUT, first_block
from core.script.reader import Call, Trainable, Value
from core.script.rules_order import Version, finding
from core.script.versions import LATEST

_HIGH = GENTLE["adam"]
"""Rate above which an unfrozen backbone loses its features, of optimizers that are not known."""


def unfrozen(facts: Facts, version: Version) -> Iterator[Finding]:
    """A backbone that trains as a whole, or at a high rate."""
    if facts.backbone is None or not facts.fits or not facts.fits[-1].with_backbone:
        return
    last = facts.fits[-1].call
    state = freezing(facts, in_effect(facts))
    rate = _rate(facts)
    limit = _gentle(facts)
    scheduled = bool(facts.script.find("LearningRateScheduler"))  # its function says the rate, whatever compile says
    high = (rate is None or rate > limit) and not scheduled
    told = f"the learning rate is {rate:g}" if rate is not None else "the learning rate cannot be read"
    froze = any(
        one.value is False and one.location.position < last.location.position for one in facts.script.trainables
    )
    if state.block == "all" and not froze and high:
        yield finding(
            "base-not-frozen",
            "error",
            facts.backbone.line,
            f"{facts.backbone.short} is not frozen, and {told}. Measured at 7e-4: its features became 0, and all "
            "predictions were the same.",
            "Set base.trainable = False before compile, or train at 1e-5.",
        )
    elif state.block and high and rate is not None:
        yield finding(
            "unfreeze-high-lr",
            "error" if state.block == "all" else "warning",
            state.line,
            f"The backbone is trainable from {state.block} on, and {told}. Above {limit:g} pretrained features are "
            "lost.",
            f"Train unfrozen layers at {limit / 10:g} (training.finetune_learning_rate).",
            learning_rate=rate,
        )
    if state.block and state.line and len(facts.fits) == 1 and not facts.script.find("load_weights", "load_model"):
        yield finding(
            "finetune-from-random-head",
            "warning" if high else "info",  # at a low rate a head's first gradients move the backbone little
            last.line,
            "Layers of the backbone are trained from the first step on, while the head still has random weights.",
            "Train the head first, then unfreeze (training.mode=fine_tune).",
        )


def in_effect(facts: Facts) -> int:
    """Position up to which changes of `trainable` count in the last training.

    What is set after a compile and a training has no effect until the next compile.
    """
    last = facts.fits[-1].call.location.position
    compiled = max((one.location.position for one in facts.compiles if one.location.position < last), default=None)
    if compiled is None or not any(compiled < fit.call.location.position < last for fit in facts.fits):
        return last
    return compiled


def _gentle(facts: Facts) -> float:
    """Rate up to which the last compile's optimizer leaves a pretrained backbone what it knows."""
    return GENTLE.get(optimizer_of(facts, facts.compiles[-1] if facts.compiles else None)[0], _HIGH)


def _rate(facts: Facts) -> float | None:
    """The rate of the last compile, or Keras' own where none is given; None where it is not the one that trains."""
    if sets_rate_later(facts):
        return None
    compiled = facts.compiles[-1] if facts.compiles else None
    value = rate_of(facts, compiled)
    if value.stated:
        return facts.first_rate if value.number is None else float(value.number)
    row = OPTIMIZERS.get(optimizer_of(facts, compiled)[0])
    return row.rate if row else None


def indices(facts: Facts, version: Version) -> Iterator[Finding]:
    """`layers[:19]`: what that is."""
    for one in facts.script.trainables:
        if is_of_head(facts, one):
            continue
        if one.value is False and hits_head(facts, one):
            yield _hits_head(facts, one)
        elif one.value is False and one.layers and isinstance(one.stop, int) and facts.backbone is not None:
            yield from _index(facts, facts.backbone, one)


def _hits_head(facts: Facts, one: Trainable) -> Finding:
    return finding(
        "freeze-hits-head",
        "error",
        one.line,
        f"{facts.script.line_text(one.line)} also freezes the head: the backbone is one layer of this model, or the "
        "slice is longer than the model, so no trainable layer is left.",
        "Freeze the backbone by name: base.trainable = False.",
    )


def _index(facts: Facts, backbone: Call, one: Trainable) -> Iterator[Finding]:
    structure = facts.networks.structure(one.owner, one.location)
    count = LAYER_COUNTS.get(backbone.short)
    if structure not in ("flat", "backbone") or count is None or one.start not in (None, 0) or one.stop < 0:
        return
    front = layers_in_front(facts) if structure == "flat" else 0
    block = first_block(backbone.short, one.stop - front)
    if front and block != first_block(backbone.short, one.stop):
        yield finding(
            "freeze-index-wrong",
            "warning",
            one.line,
            f"{front} layers before {backbone.short} shift its indices: [:{one.stop}] leaves "
            f"{block or 'a part of its last block'} trainable.",
            "Freeze the backbone by name: base.trainable = False.",
        )
        return
    frozen = {"": "exactly the backbone: all of it is frozen, and the head is trained", "all": "no weights at all"}
    what = (
        frozen.get(block or "", f"everything before {block}") if block is not None else f"its first {one.stop} layers"
    )
    if one.stop > count + front and structure == "backbone":
        what = f"all of it, and more than it has: {what}"
    yield finding(
        "freeze-index",
        "info",
        one.line,
        f"[:{one.stop}] of this model is {what} ({backbone.short} has {count} layers). In a Sequential([base, ...]) "
        "the same index would freeze the head as well.",
        "Freeze the backbone by name instead of by index: base.trainable = False.",
        structure=structure,
    )


def after_compile(facts: Facts, version: Version) -> Iterator[Finding]:
    """`trainable` set after `compile`, and no `compile` after it."""
    compiles = [call.location.position for call in facts.compiles]
    fits = [fit.call.location.position for fit in facts.fits]
    for one in facts.script.trainables:
        here = one.location.position
        before = max((position for position in compiles if position < here), default=None)
        next_fit = min((position for position in fits if position > here), default=None)
        if before is None or next_fit is None or any(here < position < next_fit for position in compiles):
            continue
        trained = any(before < position < here for position in fits)
        yield finding(
            "trainable-after-compile",
            "error" if trained or version < (2, 4) else "warning",
            one.line,
            "trainable is set after compile, and the model is not compiled again: "
            + ("the training continues as before, without a warning." if trained else
               "Keras 2 ignores it; Keras 3 uses it only because nothing was trained yet."),
            "Compile again after every change of trainable, with a new optimizer.",
        )  # fmt: skip


def reused_optimizer(facts: Facts, version: Version) -> Iterator[Finding]:
    """One optimizer object in two compiles."""
    seen: dict[int, int] = {}
    for compiled in facts.compiles:
        made_by = optimizer_of(facts, compiled)[1]
        if made_by is None:
            continue
        if id(made_by) in seen and version >= (3,):
            yield finding(
                "optimizer-reused-after-unfreeze",
                "error" if facts.unfreezes_between else "warning",
                compiled.line,
                f"The optimizer of {facts.where(made_by.line)} is used in a second compile. In Keras 3 it has only the "
                "variables of the first one, and fails on newly unfrozen ones (Unknown variable).",
                "Create a new optimizer for each compile.",
            )
        seen[id(made_by)] = compiled.line


def batch_norm(facts: Facts, version: Version) -> Iterator[Finding]:
    """Layers of a frozen backbone that act differently in training."""
    backbone = facts.backbone
    if backbone is None or not facts.fits or not facts.fits[-1].with_backbone:
        return
    state = freezing(facts, in_effect(facts))
    if backbone.short.startswith(WITH_BATCH_NORM):
        yield from _batch_norm(facts, backbone, state, version)
    overridden = not _asks_inference(facts) or version >= (3,)
    if backbone.short.startswith(WITH_DROPOUT) and state.block == "" and overridden:
        yield finding(
            "dropout-in-frozen-base",
            "info",
            backbone.line,
            f"{backbone.short} has Dropout layers, which are active in training although it is frozen, so its features "
            "differ in every step"
            + (" (in Keras 3, where fit overrides training=False)." if _asks_inference(facts) else "."),
            "Call it with training=False inside a custom layer.",
        )


def _batch_norm(facts: Facts, backbone: Call, state: Freezing, version: Version) -> Iterator[Finding]:
    old = version < (2, 4)
    if state.block == "" and (old or version == LATEST) and not _asks_inference(facts):
        yield finding(
            "bn-train-mode-in-frozen-base",
            "warning" if old else "info",
            state.line or backbone.line,
            f"{backbone.short} has batch normalisation. In Keras up to 2.3 its frozen layers still use the statistics "
            "of the batch in training; tf.keras 2 and Keras 3 use the stored ones.",
            "Use tf.keras 2 or Keras 3, or train on saved features.",
        )
    rate = _rate(facts)
    if version < (3,) or state.block == "" or _keeps_statistics(facts):
        return
    for given in _asks_inference(facts):
        yield finding(
            "keras3-training-false-ignored",
            "warning" if rate is None or rate > _gentle(facts) else "info",
            given.line,
            "In Keras 3, fit overrides training=False in a functional model, so the batch-normalisation statistics "
            "of the unfrozen backbone change.",
            "Set trainable = False of each BatchNormalization layer.",
        )


def _asks_inference(facts: Facts) -> list[Value]:
    """`training=False` of the calls of the backbone, as in `base(x, training=False)`."""
    script = facts.script
    calls = [call for call in script.calls if script.call_of(call.node.func, call.location) is facts.backbone]
    given = [script.argument(call, "training") for call in calls]
    return [one for one in given if one.value is False]


def _keeps_statistics(facts: Facts) -> bool:
    """Whether a loop asks for batch normalisation, as one does to leave it frozen."""
    asked = (node.test for node in facts.script.nodes if isinstance(node, ast.If))
    return any(isinstance(inner, (ast.Name, ast.Attribute, ast.Constant)) and "BatchNorm" in _word(inner)
               for test in asked for inner in ast.walk(test))  # fmt: skip


def _word(node: ast.Name | ast.Attribute | ast.Constant) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else str(node.value)


def no_weights(facts: Facts, version: Version) -> Iterator[Finding]:
    """A backbone that knows nothing."""
    value = facts.script.argument(facts.backbone, "weights")
    if facts.backbone is not None and value.stated and value.value is None:
        yield finding(
            "weights-not-loaded",
            "warning",
            value.line,
            f"weights=None: {facts.backbone.short} starts with random weights, so its features carry little "
            "information.",
            'Write weights="imagenet" (model.weights).',
        )


def labels_of(facts: Facts) -> tuple[str, Value]:
    """How the labels of the training batches look: `integers`, `one-hot`, or empty; and the argument that says so."""
    flow = facts.fits[-1].feed if facts.fits else None
    if flow is None:
        return "", Value()
    value = facts.script.argument(flow.call, "label_mode" if flow.is_dataset else "class_mode")
    mode = value.value if value.stated else ("int" if flow.is_dataset else "categorical")
    value = value if value.stated else Value(line=flow.call.line)
    if not isinstance(mode, str):
        return "", value
    return {"binary": "integers", "sparse": "integers", "int": "integers", "categorical": "one-hot"}.get(
        mode, ""
    ), value


def known_units(facts: Facts) -> int | None:
    """Units of the last Dense layer."""
    return facts.script.argument(facts.head.output, "units").whole
