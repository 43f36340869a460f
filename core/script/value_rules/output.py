"""Findings on the output: its activation, units and labels against the loss, and a map that is not brought to a row."""

from collections.abc import Iterator

from core.checks.finding import Finding
from core.script.flow.freezing import backbones_in
from core.script.flow.made import Layer
from core.script.flow.models import has_top, reaches
from core.script.flow.networks import Compile, Fit, Model, Tensor
from core.script.flow.objects import LABELS, Array, Out
from core.script.flow.value import Value
from core.script.rules_order import finding
from core.script.value_rules.views import Course, Loss, View, loss_of, metric_names

_PROBABILITIES = ("softmax", "sigmoid", "hard_sigmoid")


def outputs(course: Course) -> Iterator[Finding]:
    """Each training's output; that of a compile where nothing is trained."""
    for fit in course.fits:
        yield from _of(course, fit.compiled, course.of_fit(fit), fit.y)
    if not course.fits:
        for model in course.machine.models:
            start = model.inputs.value if model.inputs is not None else Array()
            yield from _of(course, model.compiled, course.view(model, start), None)


def _of(course: Course, compiled: Compile | None, view: View, y: Value | None) -> Iterator[Finding]:
    loss, out = loss_of(compiled), view.out
    if loss is None or out is None:
        return
    labels = y if isinstance(y, Array) and y.role == LABELS else None
    on_map = _dense_on_map(view, out, loss)
    if on_map is not None:
        yield on_map
        return
    checks = (
        _one_unit(out, loss),
        _encoding(course, out, loss, labels),
        _classes(out, loss, labels),
        _activation(course, out, loss, labels),
        _regression(out, loss, labels, metric_names(compiled)),
    )
    first = next((one for one in checks if one is not None), None)
    if first is not None:
        yield first
    logits = _logits(out, loss)
    if logits is not None and (first is None or first.id not in ("activation-loss-mismatch", "regression-loss")):
        yield logits
    if out.dropout_line and out.activation in _PROBABILITIES:
        yield finding("dropout-after-output", "warning", out.dropout_line,
                      "Dropout comes after the output layer, so it sets probabilities to 0 in training.",
                      "Move Dropout before the last Dense layer.")  # fmt: skip


def _dense_on_map(view: View, out: Out, loss: Loss) -> Finding | None:
    if out.rank != 4 or not loss.name.endswith("crossentropy"):
        return None
    for by, array in view.passed:
        if isinstance(by, Layer) and by.kind == "Dense" and isinstance(array, Array) and array.rank == 4:
            return finding(
                "dense-on-map", "error", by.line,
                "The input of Dense is a feature map with height and width, so it gives a class for each position "
                "instead of one for the image, and fit fails because of the shapes.",
                "Add GlobalAveragePooling2D() or Flatten() before it.",
            )  # fmt: skip
    return None


def _one_unit(out: Out, loss: Loss) -> Finding | None:
    if out.units != 1:
        return None
    if out.activation == "softmax":
        return finding(
            "softmax-one-unit", "error", out.activation_line,
            "Softmax over one unit is always 1: every image gets the same class, although the loss may decrease.",
            "Use sigmoid, or two units.",
        )  # fmt: skip
    if loss.name.endswith("categorical_crossentropy"):
        return finding(
            "single-unit-categorical-loss", "error", loss.line,
            f"{loss.name} with one output unit is 0 from the first step on, so nothing is learned.",
            "Use binary_crossentropy with one sigmoid unit, or as many units as classes.",
        )  # fmt: skip
    return None


def _encoding(course: Course, out: Out, loss: Loss, labels: Array | None) -> Finding | None:
    if labels is None or not labels.encoding or out.units is None:
        return None
    line, told = labels.said if labels.said[0] else (loss.line, "as created")
    many = max(out.units, labels.classes or 0)
    if told.strip("'\"") == "binary" and many > 2:
        return finding(
            "binary-mode-multiclass", "error", line,
            f"Binary labels with {many} classes: an ImageDataGenerator then gives the labels 0 to {many - 1} without "
            "an error, and binary_crossentropy has no meaning for them.",
            'Use class_mode="categorical".',
        )  # fmt: skip
    if not _disagree(out.units, loss.name, labels):
        return None
    return finding(
        "class-mode-loss-mismatch", "error", line,
        f"The labels are {labels.encoding} ({told}), but the head has {out.units} units and the loss is {loss.name} "
        f"({course.where(loss.line)}): fit fails, or learns something else.",
        "Use binary labels with one sigmoid unit and binary_crossentropy, integers with "
        "sparse_categorical_crossentropy, or one-hot labels with categorical_crossentropy.",
    )  # fmt: skip


def _disagree(units: int, loss: str, labels: Array) -> bool:
    if labels.encoding == "one-hot":
        return units == 1 or loss == "sparse_categorical_crossentropy"
    if labels.encoding != "integers":
        return labels.encoding == "text" and loss.endswith("crossentropy")
    if loss == "binary_crossentropy":
        return units > 1 or (units == 1 and (labels.classes or 0) > 2)
    return loss == "categorical_crossentropy" and units > 1


def _classes(out: Out, loss: Loss, labels: Array | None) -> Finding | None:
    """As many units as classes."""
    if labels is None or labels.classes is None or out.units in (None, labels.classes, 1):
        return None
    if not loss.name.endswith("categorical_crossentropy"):
        return None
    fewer = (out.units or 0) < labels.classes
    severity = "error" if fewer or labels.encoding == "one-hot" else "warning"
    return finding(
        "units-classes-mismatch", severity, out.line,
        f"The output has {out.units} units, but the labels have {labels.classes} classes"
        + (": fit fails, or the loss becomes NaN." if severity == "error" else "."),
        f"Give the last layer {labels.classes} units.", units=out.units, classes=labels.classes,
    )  # fmt: skip


def _activation(course: Course, out: Out, loss: Loss, labels: Array | None) -> Finding | None:
    if not loss.name.endswith("crossentropy") or out.activation in ("", "linear"):
        return None
    if out.activation not in _PROBABILITIES:
        return _mismatch(out.activation_line, "error", f"The output's activation is {out.activation}, whose values are "
                         f"not probabilities, but {loss.name} expects probabilities.",
                         "Use softmax for classes, or sigmoid for one unit.")  # fmt: skip
    units = out.units or 0
    if out.activation == "softmax" and loss.name == "binary_crossentropy" and units > 2:
        several = labels is not None and labels.encoding == ""
        return None if several else _mismatch(
            loss.line, "warning", f"binary_crossentropy treats each of the {units} softmax outputs "
            f"({course.where(out.activation_line)}) as a separate yes/no question: the loss is small although the "
            "class is wrong, and training is slow.", "Use categorical_crossentropy.")  # fmt: skip
    if out.activation == "sigmoid" and loss.name.endswith("categorical_crossentropy") and units > 1:
        return _mismatch(
            loss.line, "warning", f"{loss.name} expects outputs that sum to 1, but {units} sigmoid units "
            f"({course.where(out.activation_line)}) do not.",
            "Use softmax, or binary_crossentropy if an image can have several labels.")  # fmt: skip
    return None


def _mismatch(line: int, severity: str, claim: str, remedy: str) -> Finding:
    return finding("activation-loss-mismatch", severity, line, claim, remedy)


def _regression(out: Out, loss: Loss, labels: Array | None, metrics: list[str]) -> Finding | None:
    """A loss for numbers on classes."""
    if loss.name not in ("mse", "mae"):
        return None
    of_classes = (labels is not None and labels.encoding != "") or any("acc" in name for name in metrics)
    if not of_classes and out.activation != "softmax":
        return None
    linear = out.activation == "linear"
    return finding(
        "regression-loss", "error" if linear else "warning", loss.line,
        f"{loss.name} is a loss for numbers, but the labels are classes: "
        + ("it treats class 2 as twice class 1, and accuracy has no meaning." if linear else
           "after softmax or sigmoid its gradient is almost 0 where the prediction is wrong, so it learns slowly."),
        "Use a cross-entropy loss, with softmax or sigmoid.",
    )  # fmt: skip


def _logits(out: Out, loss: Loss) -> Finding | None:
    if out.activation == "linear" and not loss.from_logits and loss.name.endswith("crossentropy"):
        return finding(
            "from-logits-mismatch", "error" if "categorical" in loss.name else "warning", out.line,
            f"The last layer has no activation, but {loss.name} treats its outputs as probabilities, without a "
            "warning.",
            "Add the activation, or set from_logits=True in the loss.",
        )  # fmt: skip
    if loss.from_logits and out.activation in ("sigmoid", "softmax"):
        return finding(
            "from-logits-mismatch", "warning", loss.line,
            f"from_logits=True, but the last layer already applies {out.activation}.", "Use only one of the two.",
        )  # fmt: skip
    return None


def heads(course: Course) -> Iterator[Finding]:
    """A head that no model ends in."""
    ends = [(layer, tensor) for layer, tensor in course.machine.ends
            if isinstance(layer, Layer) and layer.kind == "Dense" and isinstance(tensor, Tensor)]  # fmt: skip
    for model in course.machine.models:
        if model.kind != "functional" or not isinstance(model.outputs, Tensor) or model.compiled is None:
            continue
        if not ends or model.inputs is None:
            continue
        others = [one.outputs for one in course.machine.models]
        loose = [one for one in ends if not any(reaches(other, one[1]) for other in others)]
        if loose and any(reaches(tensor, model.inputs) for _, tensor in loose):
            yield _loose(course, model, loose[-1][0])


def _loose(course: Course, model: Model, layer: Layer) -> Finding:
    """A Dense layer that was called and is in no model: the model ends before it, or its output is not passed on."""
    where = course.where(layer.line)
    if isinstance(model.outputs, Tensor) and model.outputs.value.out is None:
        return finding(
            "head-not-connected", "error", model.line,
            f"The model ends before the head: the Dense layer in {where} is not part of a model, so it is never "
            "trained.",
            "Set outputs to the output of the last Dense layer.",
        )  # fmt: skip
    return finding(
        "head-not-connected", "warning", layer.line,
        f"This Dense layer is not part of a model: the next layer gets another tensor, so the model created in "
        f"{course.where(model.line)} does not contain it.",
        "Pass its output to the next layer, or remove it.",
    )  # fmt: skip


def tops(course: Course) -> Iterator[Finding]:
    """A pretrained network under a head that keeps its own classifier."""
    for view, _ in _views(course):
        for k, (by, _array) in enumerate(view.passed):
            after = [one for one, _ in view.passed[k + 1 :] if isinstance(one, Layer) and one.kind == "Dense"]
            if isinstance(by, Model) and has_top(by) and after and not by.inner[1]:
                yield finding(
                    "top-kept", "warning", by.line,
                    f"{by.name} includes its classifier of 1,000 classes (include_top is not False), so the head gets "
                    "probabilities of ImageNet's classes instead of features.",
                    "Set include_top=False, and add pooling or Flatten before the head.",
                )  # fmt: skip


def _views(course: Course) -> Iterator[tuple[View, Fit | None]]:
    for fit in course.fits:
        yield course.of_fit(fit), fit
    if not course.fits:
        for model in course.machine.models:
            if model.compiled is not None:
                yield course.view(model, model.inputs.value if model.inputs is not None else Array()), None


def unfrozen(course: Course) -> Iterator[Finding]:
    """A pretrained network that nothing freezes, in a script that stops before fit."""
    if course.fits or (course.machine.notes and any(note.kind == "budget" for note in course.machine.notes)):
        return
    for view, _ in _views(course):
        for by, _array in view.passed:
            for base in backbones_in(by):
                if base.frozen or getattr(base.arguments.get("weights"), "value", "imagenet") is None or has_top(base):
                    continue
                yield finding(
                    "base-not-frozen", "warning", base.line,
                    f"{base.name} is not frozen before compile: all its weights are trained from the first step on, "
                    "while the head still has random weights.",
                    "Set base.trainable = False before compile, or train at 1e-5.",
                )  # fmt: skip
