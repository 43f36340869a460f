"""Findings on a script: units, activation, loss, labels, metrics, monitors and checkpoints of the head."""

import ast
from collections.abc import Iterator

from core.checks.finding import Finding
from core.script.facts import Facts
from core.script.reader import Call, Script, Value
from core.script.rules_model import known_units
from core.script.rules_order import Version, finding
from core.script.values import as_texts
from core.script.versions import LATEST

_SNAKE = {
    "binarycrossentropy": "binary_crossentropy",
    "categoricalcrossentropy": "categorical_crossentropy",
    "sparsecategoricalcrossentropy": "sparse_categorical_crossentropy",
}


def loss_of(facts: Facts, compiled: Call) -> tuple[str, Value, Call | None]:
    """A compile's loss: its name, the argument, and the call that makes it where it is an object."""
    value = facts.script.argument(compiled, "loss")
    if value.word is not None:
        return value.word, value, None
    call = facts.script.call_of(value.node, compiled.location)
    name = call.short if call is not None else value.text.rpartition(".")[2]
    return _SNAKE.get(name.replace("_", "").lower(), name), value, call


def metrics(facts: Facts, version: Version) -> Iterator[Finding]:
    """Metrics by position, and metrics that count something else."""
    units = known_units(facts)
    for compiled in facts.compiles:
        value = facts.script.argument(compiled, "metrics")
        if "#2" in compiled.arguments and version >= (3,):
            node = facts.script.argument(compiled, "#2")
            yield finding(
                "compile-positional-metrics",
                "warning" if version == LATEST else "error",
                node.line,
                f"{node.text} is the third positional argument of compile. In Keras 3 this is loss_weights, and fit "
                "fails with a dtype error; in Keras 2 it is metrics.",
                f"Write metrics={node.text}.",
            )
        for name in as_texts(value.value):
            if units == 1 and name in ("categorical_accuracy", "sparse_categorical_accuracy"):
                yield _metric(
                    value, f"{name} with one output unit is 0.5 or the share of a class, whatever the model predicts"
                )
            elif units is not None and units > 2 and name == "binary_accuracy":
                yield _metric(
                    value,
                    f"binary_accuracy with {units} classes also counts the zeros of one-hot labels, so it is too high",
                )


def _metric(value: Value, why: str) -> Finding:
    return finding("metric-resolves-wrong", "error", value.line, f"{why[0].upper()}{why[1:]}.", 'Use "accuracy".')


_KERAS2 = ("fit_generator", "predict_generator", "evaluate_generator", "predict_classes", "predict_proba")
_OLD_ARGUMENTS = {
    **dict.fromkeys(("Adam", "AdamW", "SGD", "RMSprop", "Adagrad", "Adadelta", "Nadam"), ("lr", "decay")),
    "fit": ("nb_epoch", "workers"),
    "fit_generator": ("nb_epoch", "samples_per_epoch", "nb_val_samples", "workers", "pickle_safe"),
    "Dense": ("output_dim", "init"),
    "Model": ("input", "output"),
}  # fmt: skip
_NOW = {
    "lr": "learning_rate",
    "decay": "a learning-rate schedule",
    "nb_epoch": "epochs",
    "samples_per_epoch": "nothing: steps are counted in batches",
    "nb_val_samples": "nothing: steps are counted in batches",
    "workers": "the workers argument of the dataset",
    "pickle_safe": "nothing",
    "output_dim": "units",
    "init": "kernel_initializer",
    "input": "inputs",
    "output": "outputs",
    "fit_generator": "fit",
    "predict_generator": "predict",
    "evaluate_generator": "evaluate",
    "predict_classes": "predict and argmax",
    "predict_proba": "predict",
}


def removed(facts: Facts, version: Version) -> Iterator[Finding]:
    """Names that Keras 3 does not know any more; one finding a name, with all its lines."""
    if version < (3,):
        return
    lines: dict[str, list[int]] = {}
    for call in facts.script.calls:
        if call.short in _KERAS2:
            lines.setdefault(call.short, []).append(call.line)
        for word in call.node.keywords:
            if word.arg in _OLD_ARGUMENTS.get(call.short, ()):
                lines.setdefault(str(word.arg), []).append(word.lineno)
    for name, where in lines.items():
        yield finding(
            "removed-arguments",
            "warning" if version == LATEST else "error",
            where[0],
            f"{name} was removed in Keras 3 and raises an error.",
            f"Write {_NOW[name]} instead.",
            name=name,
            lines=where,
        )


def monitors(facts: Facts, version: Version) -> Iterator[Finding]:
    """Callbacks that watch a figure which is not there."""
    named = [name for compiled in facts.compiles for name in _metric_names(facts, compiled)]
    if not named and facts.compiles and facts.script.argument(facts.compiles[-1], "metrics").stated:
        return  # metrics that cannot be read
    for call in facts.script.find("EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau"):
        monitor = facts.script.argument(call, "monitor")
        plain = (monitor.word or "").removeprefix("val_")
        if plain not in ("acc", "accuracy"):
            continue
        known = {"acc"} if named and version < (2, 3) else set(named)
        if plain not in known:
            told = ", ".join(f"val_{name}" for name in sorted(known)) or "val_loss only"
            yield finding(
                "monitor-name-mismatch",
                "warning",
                monitor.line,
                f"{call.short} monitors {monitor.word}, but this model reports {told}"
                + ("" if version < (2, 3) else " (from Keras 2.3 on)")
                + f". {_UNSEEN[call.short]}.",
                f"Monitor val_{next(iter(sorted(known)), 'loss')}.",
            )


_UNSEEN = {
    "EarlyStopping": "Early stopping then never stops",
    "ModelCheckpoint": "With save_best_only, Keras 3 then saves every epoch, and Keras 2 none",
    "ReduceLROnPlateau": "The learning rate is then never reduced",
}
"""What a callback does without the figure that it monitors."""


def _metric_names(facts: Facts, compiled: Call) -> list[str]:
    return list(as_texts(facts.script.argument(compiled, "metrics").value))


def history(facts: Facts, version: Version) -> Iterator[Finding]:
    """`history["acc"]`, which is `accuracy` from Keras 2.3 on."""
    names = [name for compiled in facts.compiles for name in _metric_names(facts, compiled)]
    if version < (2, 3) or "accuracy" not in names:
        return
    lines = [
        node.lineno
        for node in facts.script.nodes
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
        and node.slice.value in ("acc", "val_acc")
    ]  # fmt: skip
    if lines:
        yield finding(
            "history-key-acc",
            "warning",
            lines[0],
            'metrics=["accuracy"] is reported as accuracy and val_accuracy from Keras 2.3 on, not as acc.',
            'Write history["accuracy"].',
            lines=lines,
        )


def checkpoints(facts: Facts, version: Version) -> Iterator[Finding]:
    """Files that are refused, overwritten, or never loaded."""
    script = facts.script
    saved: dict[str, int] = {}
    for call in script.find("ModelCheckpoint", "save_weights"):
        value = script.argument(call, "filepath" if call.short == "ModelCheckpoint" else "#0")
        path = value.word
        if path is None:
            continue
        if version >= (3,) and path.lower().endswith(".hdf5"):
            yield finding(
                "checkpoint-extension",
                "warning",
                value.line,
                f"{value.text}: Keras 3 refuses .hdf5.",
                "Use a name that ends in .keras, or in .weights.h5 for weights only.",
            )
        if path in saved and "{" not in path:
            yield finding(
                "checkpoint-path-shared",
                "warning",
                value.line,
                f"{value.text} is also written in {facts.where(saved[path])}; the later call overwrites the file.",
                "Use a different file for each.",
                lines=[saved[path], value.line],
            )
        saved.setdefault(path, value.line)
    yield from _never_loaded(script)
    for call in script.find("EarlyStopping"):
        if not script.argument(call, "restore_best_weights").stated:
            yield finding(
                "early-stopping-restore",
                "info",
                call.line,
                "EarlyStopping keeps the last epoch's weights by default.",
                "Add restore_best_weights=True.",
            )


def _never_loaded(script: Script) -> Iterator[Finding]:
    """A checkpoint of the best epoch that nothing loads, where EarlyStopping does not restore that epoch either."""
    kept = script.find("ModelCheckpoint")
    if not kept or any(
        script.argument(call, "restore_best_weights").value is not False
        for call in script.find("EarlyStopping")
        if script.argument(call, "restore_best_weights").stated
    ):
        return
    loads = script.find("load_weights", "load_model")
    if not any(call.location.position > kept[0].location.position for call in loads):
        yield finding(
            "last-vs-best-weights",
            "info",
            kept[0].line,
            "The checkpoint is saved but never loaded, so after fit the model has the weights of the last epoch.",
            "Load it after fit, or use EarlyStopping(restore_best_weights=True).",
        )
