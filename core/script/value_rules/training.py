"""Findings on a training itself: compile, learning rate, steps, validation, labels, shapes."""

from collections.abc import Iterator

from core.checks.finding import Finding
from core.script.flow.layers import declared_shape
from core.script.flow.machine import is_none, number, whole, wholes, word
from core.script.flow.made import Layer, Made
from core.script.flow.networks import Compile, Fit, Model
from core.script.flow.objects import Array, Batches, Const, Items, Unknown
from core.script.flow.value import Value
from core.script.rules_order import finding
from core.script.value_rules.views import Course, View

_RATES = {"adam": (1e-7, 1e-2), "adamw": (1e-7, 1e-2), "rmsprop": (1e-7, 1e-2), "nadam": (1e-7, 1e-2),
          "sgd": (1e-6, 1.0)}  # fmt: skip
"""Learning rates with which something is learned, as the checks before a run measured; down to those of fine-tuning."""

_FEW = 20
"""Steps of an epoch below which a constant is more likely a slip than a choice."""


def compiled(course: Course) -> Iterator[Finding]:
    """`fit` of a model that was never compiled."""
    for fit in course.fits:
        known = fit.model.kind in ("sequential", "functional") and not fit.model.loaded
        if fit.compiled is None and known:
            yield finding(
                "fit-before-compile", "error", fit.line,
                "The model is not compiled before fit, so fit fails.",
                "Call model.compile(optimizer, loss, metrics) first.",
            )  # fmt: skip


def rates(course: Course) -> Iterator[Finding]:
    """Learning rates at which nothing can be learned."""
    scheduled = course.script.find("LearningRateScheduler")  # its function says the rate, whatever compile says
    for one in [] if scheduled else _compiles(course):
        made = one.arguments.get("optimizer")
        if not isinstance(made, Made) or made.kind.lower() not in _RATES:
            continue
        rate = number(made.arguments.get("learning_rate") or made.arguments.get("lr"))
        low, high = _RATES[made.kind.lower()]
        if rate is None or low <= rate <= high:
            continue
        line = made.lines.get("learning_rate", made.lines.get("lr", made.line))
        usual = "1e-2" if made.kind == "SGD" else "1e-3"
        yield finding(
            "lr-out-of-range", "error" if rate > high else "warning", line,
            f"The learning rate of {rate:g} is {'above' if rate > high else 'below'} the range in which {made.kind} "
            f"learns, {low:g} to {high:g}.",
            f"Start with {usual} for a new head, and 1e-5 for unfrozen layers.", learning_rate=rate,
        )  # fmt: skip


def _compiles(course: Course) -> list[Compile]:
    found = [fit.compiled for fit in course.fits if fit.compiled is not None]
    found += [model.compiled for model in course.machine.models if model.compiled is not None]
    return list({id(one): one for one in found}.values())


def validation(course: Course) -> Iterator[Finding]:
    """Nothing is held out, though callbacks watch it or nothing else is asked."""
    for fit in course.fits:
        held_out = not is_none(fit.val) or number(fit.arguments.get("validation_split"))
        if held_out or "unread" in fit.arguments or isinstance(fit.arguments.get("validation_split"), Unknown):
            continue
        watched = _watching(fit)
        later = [ask for ask in course.asks if course.fit_of(ask) in course.fits and ask.line != fit.line]
        if watched is not None:
            yield finding(
                "no-validation", "error", fit.line,
                f"{watched.kind} monitors {_monitor(watched)}, but fit has no validation data, so it only warns and "
                "never acts.",
                "Pass validation_data or validation_split to fit.",
            )  # fmt: skip
        elif not later and fit is course.fits[-1] and not _validated(course):
            yield finding(
                "no-validation", "warning", fit.line,
                "No validation images: the metrics are measured on the training images, and say nothing about other "
                "images.",
                "Pass validation_data or validation_split to fit.",
            )  # fmt: skip


def _validated(course: Course) -> bool:
    return any(not is_none(fit.val) or fit.arguments.get("validation_split") is not None for fit in course.fits)


def _callbacks(fit: Fit) -> list[Made]:
    value = fit.arguments.get("callbacks")
    listed = value.values if isinstance(value, Items) else [value]
    return [one for one in listed if isinstance(one, Made)]


def _monitor(made: Made) -> str:
    value = made.arguments.get("monitor")
    return "val_loss" if value is None else (word(value) or "")


def _watching(fit: Fit) -> Made | None:
    kinds = ("EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau")
    for one in _callbacks(fit):
        acts = one.kind != "ModelCheckpoint" or getattr(one.arguments.get("save_best_only"), "value", False) is True
        if one.kind in kinds and acts and _monitor(one).startswith("val_"):
            return one
    return None


def steps(course: Course) -> Iterator[Finding]:
    """Steps that are a small constant, or that an endless dataset lacks."""
    for fit in course.fits:
        given = fit.arguments.get("steps_per_epoch")
        count = whole(given) if isinstance(given, Const) else None
        if count is not None and 0 < count < _FEW and isinstance(fit.x, Batches) and not _sample(course, fit):
            batch = _batch(fit.x)
            yield finding(
                "steps-per-epoch-small", "warning", fit.lines.get("steps_per_epoch", fit.line),
                f"steps_per_epoch={count}: an epoch has only {count} batches{f' of {batch}' if batch else ''}, "
                "however many images there are, so an epoch may use few of them.",
                "Remove it: the dataset knows the number of batches.", steps=count,
            )  # fmt: skip
        for name, value, told in (("steps_per_epoch", fit.x, "training"), ("validation_steps", fit.val, "validation")):
            if isinstance(value, Batches) and value.repeats and is_none(fit.arguments.get(name)):
                yield finding(
                    "endless-repeat", "error", fit.line,
                    f"The dataset for {told} repeats endlessly ({course.where(value.repeats)}), and {name} is not "
                    "set, so the first epoch never ends.",
                    f"Remove .repeat(), or set {name}.", lines=[fit.line, value.repeats],
                )  # fmt: skip


def _sample(course: Course, fit: Fit) -> bool:
    return "unread" in fit.arguments


def _batch(batches: Batches) -> int | None:
    shape = batches.x.shape if isinstance(batches.x, Array) else None
    return shape[0] if shape else None


def labels(course: Course) -> Iterator[Finding]:
    """Batches without labels, or a share for validation of batches."""
    for fit in course.fits:
        if not isinstance(fit.x, Batches):
            continue
        unknown_x = not isinstance(fit.x.x, Array)
        if fit.x.y is None and fit.x.kind in ("generator", "dataset") and not unknown_x and fit.y is None:
            yield finding(
                "no-labels-in-fit", "error", fit.x.line,
                f"These batches have no labels (class_mode or label_mode is None), but fit in {course.where(fit.line)} "
                "needs them.",
                'Set class_mode="categorical", or the mode that matches the loss.', lines=[fit.x.line, fit.line],
            )  # fmt: skip
        share = fit.arguments.get("validation_split")
        if number(share):
            yield finding(
                "validation-split-of-batches", "error", fit.lines.get("validation_split", fit.line),
                "fit supports validation_split only for arrays; with a generator or dataset it fails.",
                "Pass validation_data: a second generator with subset, or a second dataset.",
            )  # fmt: skip
        if fit.x.split and not fit.x.subset and fit.x.folder != "" and fit.x.kind == "generator":
            yield finding(
                "subset-missing", "warning", fit.x.line,
                "The generator has validation_split, but this call has no subset, so the validation images are also "
                "used for training.",
                'Set subset="training" here and subset="validation" in the other call.',
            )  # fmt: skip


def shapes(course: Course) -> Iterator[Finding]:
    """Images of another size or number of colours than the model wants."""
    for fit in course.fits:
        view = course.of_fit(fit)
        one = _wrong_shape(course, fit, view)
        if one is not None:
            yield one


def _wrong_shape(course: Course, fit: Fit, view: View) -> Finding | None:
    wrong_first = [note.told["shape"] for note in course.machine.notes if note.kind == "channels-first"]
    for by, array in view.passed:
        wants = _wanted(by)
        if wants is None or not isinstance(array, Array) or array.shape is None or len(array.shape) != len(wants) + 1:
            continue
        gets = array.shape[1:]
        line = by.line if isinstance(by, (Layer, Model)) else fit.line
        differs = any(a is not None and b is not None and a != b for a, b in zip(wants, gets, strict=True))
        if differs and wants not in wrong_first:
            return finding(
                "input-shape-mismatch", "error", fit.line,
                f"The model expects images of {_shape(wants)} ({course.where(line)}) and gets {_shape(gets)}, so fit "
                "fails.",
                "Use the same image size and channels for data and model.", wanted=list(wants), given=list(gets),
            )  # fmt: skip
    return None


def _shape(sides: tuple[int | None, ...]) -> str:
    return " x ".join("any" if side is None else str(side) for side in sides)


def _wanted(by: Value) -> tuple[int | None, ...] | None:
    if isinstance(by, Layer):
        return declared_shape(by)
    if isinstance(by, Model) and by.kind == "backbone":
        return wholes(by.arguments.get("input_shape"))
    if isinstance(by, Model) and by.inputs is not None and by.inputs.value.shape is not None:
        return by.inputs.value.shape[1:]
    return None


def by_themselves(course: Course) -> Iterator[Finding]:
    """Shapes with the colours first, `np.resize`, and decisions that do not go with the output."""
    lines = course.script.lines
    old_order = any("channels_first" in line or "'th'" in line for line in lines)
    for note in course.machine.notes:
        if note.kind == "channels-first" and not old_order:
            told = " x ".join(str(side) for side in note.told["shape"])
            yield finding(
                "channels-first", "error", note.line,
                f"The shape {told} has the channels first, but Keras with TensorFlow expects them last.",
                "Write (height, width, 3).",
            )  # fmt: skip
        elif note.kind == "np-resize":
            yield finding(
                "np-resize", "error", note.line,
                "np.resize repeats or cuts off the list of values instead of resizing the image, so the result is "
                "scrambled.",
                "Use cv2.resize, Image.resize or tf.image.resize.",
            )  # fmt: skip
        elif note.kind == "decided":
            yield from _decided(note.line, note.told)


def _decided(line: int, told: dict[str, object]) -> Iterator[Finding]:
    units, activation = getattr(told["out"], "units", None), getattr(told["out"], "activation", "")
    if told["how"] == "argmax" and units == 1:
        yield finding(
            "argmax-of-one-unit", "error", line,
            "The model has one output unit, so argmax over it is always 0: every image is predicted as the first "
            "class.",
            "Compare with 0.5: (probabilities > 0.5).astype(int).",
        )  # fmt: skip
    elif told["how"] == "round" and isinstance(units, int) and units > 1 and activation == "softmax":
        yield finding(
            "round-of-softmax", "warning", line,
            f"The {units} softmax outputs are rounded: if no class has more than 0.5, all are 0, and the image has no "
            "class.",
            "Use the largest: np.argmax(probabilities, axis=1).",
        )  # fmt: skip
