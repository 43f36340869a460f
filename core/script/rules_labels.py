"""Findings on a script: labels beside saved features, predictions beside labels, and splits."""

import ast
import math
from collections.abc import Iterator
from typing import Any

from core.checks.finding import Finding
from core.script.facts import Facts
from core.script.fold import fold
from core.script.parts import targets
from core.script.reader import Call, Location, Script, Value
from core.script.rules_order import Version, finding
from core.script.values import UNKNOWN, as_int


def features_and_labels(facts: Facts, version: Version) -> Iterator[Finding]:
    """Features saved in one order, labels written by hand in another."""
    if facts.mode != "bottleneck":
        return
    for flow in facts.extracted:
        shuffle = facts.script.argument(flow.call, "shuffle")
        if shuffle.value is not False and not shuffle.text:
            yield _misaligned(
                "error",
                flow.call.line,
                f"{flow.call.short} shuffles by default, so the saved features are in random order, and the labels do "
                "not match their images.",
            )
        elif shuffle.value is True:
            yield _misaligned(
                "error", shuffle.line, "shuffle=True while features are saved: the labels do not match their images."
            )
    for fit in facts.fits:
        labels = labels_by_hand(facts.script, fit.labels, fit.call.location)
        if labels is not None:
            yield _by_hand(facts, labels, facts.script.text(labels))


def _by_hand(facts: Facts, labels: ast.expr, text: str) -> Finding:
    modes = [facts.script.argument(flow.call, "class_mode") for flow in facts.extracted]
    mode = next((value.line for value in modes if value.stated and value.value is None), 0)
    count, rows = _label_count(labels), _feature_count(facts)
    if count and rows and count != rows:
        return _misaligned(
            "error",
            labels.lineno,
            f"{count:,} labels are written by hand for {rows:,} rows of features, so fit fails or pairs them wrongly.",
            labels=count,
            features=rows,
        )
    return _misaligned(
        "warning",
        labels.lineno,
        f"Labels are written by hand ({text}), and class_mode=None drops the labels of the folders. They are right "
        "only if each class has exactly this number of images, in this order, and no incomplete batch is dropped.",
        labels=count,
        class_mode_line=mode or None,
    )


def _misaligned(severity: str, line: int, claim: str, **evidence: Any) -> Finding:
    return finding(
        "feature-label-misaligned",
        severity,
        line,
        claim,
        "Extract with shuffle=False over all batches and take the labels from generator.classes.",
        **evidence,
    )


def _label_count(labels: ast.expr) -> int | None:
    """Labels in `[0] * 1000 + [1] * 1000`; None where a count is not written out."""
    total = 0
    for node in ast.walk(labels):
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
            continue
        parts = (node.left, node.right) if isinstance(node.left, ast.List) else (node.right, node.left)
        if isinstance(parts[0], ast.List):
            times = as_int(fold(parts[1], lambda name: UNKNOWN))
            if times is None:
                return None
            total += len(parts[0].elts) * times
    return total or None


def _feature_count(facts: Facts) -> int | None:
    """Rows that the first extraction gives: steps times batch size."""
    if not facts.extractions or facts.train_flow is None:
        return None
    given = facts.script.argument(facts.extractions[0], "steps").number
    batch = facts.script.argument(facts.train_flow.call, "batch_size").whole
    return None if given is None or batch is None else math.floor(given) * batch


def confusion(facts: Facts, version: Version) -> Iterator[Finding]:
    """Predictions of a shuffled generator held against its `.classes`."""
    asked = {
        node.value.id
        for node in facts.script.nodes
        if isinstance(node, ast.Attribute) and node.attr == "classes" and isinstance(node.value, ast.Name)
    }
    if not asked:
        return
    compared = {id(flow.call) for flow in facts.flows if asked.intersection(targets(facts.script, flow))}
    for call in facts.predictions:
        flow = facts.flow_of(facts.input_of(call), call.location)
        shuffle = facts.script.argument(flow.call, "shuffle") if flow else Value(value=False)
        if flow is not None and id(flow.call) in compared and shuffle.value is not False:
            yield finding(
                "shuffled-val-confusion",
                "error",
                call.line,
                "Predictions of a shuffling generator are compared with its .classes, which are in file order. The "
                "result is at chance level, whatever the model predicts.",
                "Create that generator with shuffle=False, or collect labels and predictions in one pass.",
                generator_line=flow.call.line,
            )


def splits(facts: Facts, version: Version) -> Iterator[Finding]:
    """Splits that are not what they look like."""
    parts = [flow.call for flow in facts.flows if facts.script.argument(flow.call, "subset").stated]
    datasets = [call for call in parts if call.short == "image_dataset_from_directory"]
    seeds = {facts.script.argument(call, "seed").text for call in datasets}
    if len(datasets) > 1 and (len(seeds) > 1 or seeds == {""}):
        yield finding(
            "split-seed-mismatch",
            "error",
            datasets[-1].line,
            "The two subsets have different seeds, or none, so they overlap.",
            'Use the same seed for both, or one call with subset="both".',
        )


def resampled_rows(facts: Facts, version: Version) -> Iterator[Finding]:
    """Rows of a table that are drawn more than once, and split afterwards."""
    script = facts.script
    for split in script.find("train_test_split") if facts.fits else ():
        rows = script.call_of(split.node.args[0] if split.node.args else None, split.location)
        if rows is None or rows.short not in ("concat", "append"):
            continue
        given = [inner for one in rows.node.args for inner in (one.elts if isinstance(one, ast.List) else [one])]
        drawn = [call for one in given if (call := script.call_of(one, rows.location)) and _draws_again(script, call)]
        if drawn:
            yield finding(
                "leak-before-split",
                "error",
                drawn[0].line,
                "Rows are drawn more than once here, before the split in "
                f"{facts.where(split.line)}, so the same image is in training and in validation, and the metrics are "
                "too good.",
                "Split first, then draw rows of the training part only.",
                lines=[drawn[0].line, split.line],
            )


def _draws_again(script: Script, call: Call) -> bool:
    """`resample(rows)` of scikit-learn, which replaces unless told otherwise; `rows.sample(n, replace=True)`."""
    replaces = script.argument(call, "replace").value
    return replaces is True or (call.short == "resample" and replaces is not False and bool(call.node.args))


def labels_by_hand(script: Script, node: ast.expr | None, location: Location, depth: int = 10) -> ast.expr | None:
    """`[0] * 1000 + [1] * 1000`, in whatever it is wrapped, at most `depth` calls deep, or None."""
    origin, where = script.origin(node, location)
    for inner in ast.walk(origin) if origin is not None else ():
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Mult):
            if isinstance(inner.left, ast.List) or isinstance(inner.right, ast.List):
                return origin
        elif (call := script.at(inner)) is not None and call.name in ("np.repeat", "numpy.repeat"):
            return origin
    if depth and isinstance(origin, ast.Call) and isinstance(origin.func, ast.Name) and origin.args:
        return labels_by_hand(script, origin.args[0], where, depth - 1)  # to_categorical(labels)
    return None
