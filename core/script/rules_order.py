"""Findings on a script: the order of its samples, its steps, and labels beside features."""

import ast
from collections.abc import Iterator
from typing import Any

from core.checks.finding import Finding
from core.script.facts import Facts
from core.script.parts import Flow, rounds_down
from core.script.reader import Call
from core.script.values import UNKNOWN, as_int
from core.script.versions import ARRAYS_BATCH, ITERATOR, LATEST, batch_order, choose, iterator_order

Version = tuple[int, ...]

_SMALL_BUFFER = 1000
"""Images; with two classes of 500 each, a buffer of 500 still leaves single-class batches."""


def finding(id: str, severity: str, line: int, claim: str, remedy: str, **evidence: Any) -> Finding:
    """A finding on a line of the script."""
    return Finding(id, severity, claim, {"line": line, **evidence}, remedy)


def unshuffled_training(facts: Facts, version: Version) -> Iterator[Finding]:
    """`shuffle=False` on what the training takes its batches from."""
    for fit in facts.fits:
        of_flow = facts.script.argument(fit.feed.call if fit.feed else None, "shuffle")
        if fit.feed is None or of_flow.value is not False or any(call.short == "shuffle" for call in fit.feed.chain):
            continue
        if fit.feed.is_dataset:
            yield _ordered(of_flow.line, "every version reads a Dataset in its own order, here class by class")
            continue
        of_fit = facts.script.argument(fit.call, "shuffle")
        workers = facts.script.argument(fit.call, "workers").value == 0
        order = iterator_order(fit_shuffles=of_fit.value is not False, workers_zero=workers)
        if set(order.values()) == {"none"}:
            yield _ordered(
                of_fit.line, "the generator and fit both have shuffle=False, so the batches come class by class"
            )
        else:
            yield _by_version(of_flow.line, order, version)


def _ordered(line: int, why: str) -> Finding:
    return finding(
        "class-ordered-batches",
        "error",
        line,
        f"{why[0].upper()}{why[1:]}. Measured on X-rays: the validation accuracy stays at the share of the last class.",
        "Let the generator shuffle the samples: shuffle=True (data.shuffle=samples).",
        order={"keras <= 2.0.8": "none", "later": "none"},
    )


def _by_version(line: int, order: dict[str, str], version: Version) -> Finding:
    chosen = choose(order, version)
    id, severity = "class-ordered-batches", "error" if chosen == "none" else "warning"
    if version != LATEST and chosen == "batches":
        id = "single-class-batches"
    claim = (
        "The training generator has shuffle=False. Keras up to 2.0.8 reads the images class by class; from 2.0.9 on, "
        "fit shuffles the order of the batches, but most batches still contain a single class."
    )
    return finding(
        id,
        severity,
        line,
        claim,
        "Let the generator shuffle the samples: shuffle=True (data.shuffle=samples).",
        order=order,
        versions=[{"versions": row.versions, "order": row.order, "why": row.why} for row in ITERATOR],
    )


def shuffle_of_fit(facts: Facts, version: Version) -> Iterator[Finding]:
    """What `fit(shuffle=...)` does not do."""
    for fit in facts.fits:
        value = facts.script.argument(fit.call, "shuffle")
        if value.value == "batch":
            yield finding(
                "shuffle-batch-mode",
                "error" if choose(batch_order(), version) == "none" else "warning",
                value.line,
                'fit(shuffle="batch") keeps the batches of sorted arrays single-class; in tf.keras 2 and Keras 3 they '
                "also stay in class order.",
                "Write shuffle=True (data.shuffle=samples).",
                order=batch_order(),
                versions=[{"versions": row.versions, "order": row.order, "why": row.why} for row in ARRAYS_BATCH],
            )
        elif value.value is True and fit.feed is not None and _is_unshuffled(facts, fit.feed):
            yield finding(
                "shuffle-arg-ignored",
                "warning",
                value.line,
                "fit(shuffle=True) does not shuffle the samples of a generator or Dataset that has shuffle=False.",
                "Shuffle where the images are read (data.shuffle=samples).",
            )
        elif value.value is False and fit.feed is None and facts.mode == "bottleneck":
            yield _ordered(
                value.line, "fit(shuffle=False) reads saved features in the order they were saved, class by class"
            )


def _is_unshuffled(facts: Facts, flow: Flow) -> bool:
    return facts.script.argument(flow.call, "shuffle").value is False


def shuffle_buffer(facts: Facts, version: Version) -> Iterator[Finding]:
    """`.shuffle(n)` on sorted files with an `n` below the dataset's size."""
    for fit in facts.fits:
        for call in fit.feed.chain if fit.feed is not None and _is_unshuffled(facts, fit.feed) else ():
            size = facts.script.argument(call, "buffer_size")
            if call.short == "shuffle" and size.whole is not None and size.whole < _SMALL_BUFFER:
                yield finding(
                    "small-shuffle-buffer",
                    "warning",
                    call.line,
                    f"The files are sorted by class, and a buffer of {size.whole} mixes only neighbouring files. "
                    "Measured on "
                    "1,000 sorted images in batches of 20: with a buffer of 100, 34 of 50 batches had a single class.",
                    "Shuffle the list of files, or use a buffer as large as the dataset.",
                    buffer=size.whole,
                )


def steps(facts: Facts, version: Version) -> Iterator[Finding]:
    """Steps rounded down, of extraction, training and validation."""
    for call in facts.extractions:
        flow = facts.flow_of(facts.input_of(call), call.location)
        yield from _rounded(facts, call, "steps", flow, "partial-batch-dropped")
    for fit in facts.fits:
        yield from _rounded(facts, fit.call, "steps_per_epoch", fit.feed, "steps-per-epoch-floor")
        yield from _rounded(facts, fit.call, "validation_steps", fit.val, "validation-steps-floor")
        value = facts.script.argument(fit.call, "steps_per_epoch")
        if (
            isinstance(value.node, ast.Name)
            and "sample" in value.text
            and "samples_per_epoch" not in fit.call.arguments
        ):
            yield finding(
                "steps-per-epoch-wrong-unit",
                "error",
                value.line,
                f"steps_per_epoch={value.text} is a number of images, but since Keras 2 a step is a batch.",
                "Remove it: the generator knows the number of batches.",
            )


_LOSS = {
    "partial-batch-dropped": "the images of the incomplete last batch get no features; if the files are sorted by "
    "class, all of them belong to the last class",
    "steps-per-epoch-floor": "the next epoch continues the generator instead of restarting it, and in Keras 3 every "
    "second epoch trains on the remaining batch only",
    "validation-steps-floor": "each epoch is validated on a different part of the images",
}


def _rounded(facts: Facts, call: Call, name: str, flow: Flow | None, id: str) -> Iterator[Finding]:
    value = facts.script.argument(call, name)
    is_endless = flow is None or any(one.short == "repeat" for one in flow.chain)
    if not rounds_down(facts.script, call, name) or (is_endless and id != "partial-batch-dropped"):
        return
    count, batch = map(as_int, _division(facts, call, name, flow))
    if value.value == 0:
        yield finding(
            "steps-zero",
            "error",
            value.line,
            f"{value.text} is 0, because there are fewer images than in one batch. Keras 2 then uses none, Keras 3 "
            "all.",
            "Remove the steps argument.",
            value=0,
        )
        return
    rest = count % batch if count is not None and batch else None
    exact = rest == 0
    numbers = f" ({count:,} images, {rest} left over)" if rest else ""
    claim = (
        f"{value.text} is exact for the {count:,} images named in the script. With another number of images, "
        if exact
        else f"{name}={value.text} is rounded down{numbers}: "
    )
    yield finding(
        id,
        "info" if exact else "warning",
        value.line,
        f"{claim}{_LOSS[id]}.",
        "Remove the steps argument, or round up: math.ceil(n / batch_size).",
        pictures=count,
        batch_size=batch,
        left_over=rest,
    )


def _division(facts: Facts, call: Call, name: str, flow: Flow | None) -> tuple[Any, Any]:
    """Both sides of `n // batch_size`, as far as they can be read."""
    node, location = facts.script.origin(facts.script.argument(call, name).node, call.location)
    if isinstance(node, ast.Call) and node.args:
        node = node.args[0]
    if not isinstance(node, ast.BinOp):
        return UNKNOWN, UNKNOWN
    return facts.script.fold(node.left, location), facts.script.fold(node.right, location)
