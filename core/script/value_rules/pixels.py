"""Findings on the values of pixels: on their way into the network, in each part, and in what is asked later."""

from collections.abc import Iterator

from core.checks.finding import Finding
from core.script.flow.arrays import FAMILY_SPANS, scale_of
from core.script.flow.machine import constant
from core.script.flow.networks import Ask, Fit, Model
from core.script.flow.objects import FEATURES, IMAGES, RAW, Array, Batches, Step
from core.script.flow.training_calls import images_of
from core.script.flow.value import Value
from core.script.pixel_names import family_of_network
from core.script.rules_order import finding
from core.script.value_rules.views import Course, View

_OWN = "Use the backbone's own preprocess_input everywhere (data.preprocessing=backbone)."
_SCALES = {
    "caffe": "BGR minus the mean",
    "tf": "pixels from -1 to 1",
    "torch": "values normalised by ImageNet's mean and standard deviation",
}
_GREY = 200
"""The grey level whose value after two scalings the finding shows."""


def scaling(course: Course) -> Iterator[Finding]:
    """What arrives at the network that is trained, or whose features are."""
    for fit in course.fits:
        yield from _arriving(course, course.of_fit(fit), fit.line)
    for ask in course.asks:
        if ask.kind == "predict" and course.fit_of(ask) is None:
            view = course.view(ask.model, images_of(ask.x))
            if isinstance(view.by, Model):
                yield from _arriving(course, view, ask.line)


def _arriving(course: Course, view: View, line: int) -> Iterator[Finding]:
    array, by = view.arrived, view.by
    if array is None or array.role != IMAGES or array.out is not None or by is None:
        return
    twice = _twice(course, array, by)
    if twice is not None:
        yield twice
        return
    if isinstance(by, Model):
        one = _for_network(array, by)
        if one is not None:
            yield one
    elif scale_of(array) == "raw" and array.source.number:
        yield finding(
            "unscaled-pixels", "warning", line,
            f"The pixels are not scaled: {by.kind} ({course.where(by.line)}), with random weights, gets values from 0 "
            "to 255, so the first steps are too large, and training is slow or stays at chance level.",
            "Divide by 255, or add Rescaling(1 / 255) as the first layer.",
        )  # fmt: skip


def step_family(model: Model, step: Step) -> str:
    """What a `preprocess_input` does; one that is imported from nowhere is the network's own."""
    return family_of_network(model.name) if step.family == "own" and step.text == "preprocess_input" else step.family


def _changes(array: Array) -> list[Step]:
    return [step for step in array.steps if step.family or step.scale is None or abs(step.scale) != 1]


def _twice(course: Course, array: Array, by: Value) -> Finding | None:
    """Scaled on the way, and again on the way or in the network."""
    steps = _changes(array)
    wants = family_of_network(by.name) if isinstance(by, Model) else ""
    if array.strange is not None or not steps:
        return None
    if len(steps) > 1 and not _undone(array, steps):
        return _generator_twice(by, steps) or _double(
            steps[-1].line if steps[-1].family else steps[0].line,
            f"{steps[0].text} here and {steps[1].text} in {course.where(steps[1].line)}" if not steps[-1].family
            else f"{steps[0].text} in {course.where(steps[0].line)} and {steps[-1].text} here",
        )  # fmt: skip
    if wants == "raw" and scale_of(array) in ("unit", "tf", "tiny"):
        return _double(steps[0].line, f"{steps[0].text}, and {getattr(by, 'name', '')} scales pixels itself")
    return None


def _undone(array: Array, steps: list[Step]) -> bool:
    """Whether several steps lead to a range that networks know."""
    families = [step.family for step in steps if step.family not in ("", "range")]
    if len(families) > 1:
        return False
    if not families:
        return scale_of(array) in ("unit", "tf", "raw", "other")
    last = steps[-1].family in families
    return array.span == FAMILY_SPANS.get(families[0]) if last else False


def _generator_twice(by: Value, steps: list[Step]) -> Finding | None:
    """An ImageDataGenerator applies its function first and then its factor."""
    first, last = steps[0], steps[-1]
    if not last.text.startswith("rescale=") or not first.family:
        return None
    family = step_family(by, first) if isinstance(by, Model) else first.family
    return finding(
        "idg-preprocess-then-rescale", "warning", last.line,
        f"The generator applies {first.text} and then {last.text}{_followed(family, last.scale)}.",
        "Use only one of the two.",
    )  # fmt: skip


def _followed(family: str, factor: float | None) -> str:
    """What becomes of one grey level, computed."""
    if factor is None:
        return ""
    if family == "caffe":
        low, high = (_GREY - 123.68) * factor, (_GREY - 103.939) * factor
        return f": a grey level of {_GREY} becomes {low:.2f} to {high:.2f}, by channel"
    if family == "tf":
        return f": a grey level of {_GREY} becomes {(_GREY / 127.5 - 1) * factor:.4f}"
    if family == "torch":
        low, high = (_GREY / 255 - 0.485) / 0.229 * factor, (_GREY / 255 - 0.406) / 0.225 * factor
        return f": a grey level of {_GREY} becomes {low:.4f} to {high:.4f}, by channel"
    return f": a grey level of {_GREY} becomes {_GREY * factor:.2f}" if family == "raw" else ""


def _double(line: int, what: str) -> Finding:
    return finding(
        "double-rescale", "error", line,
        f"Pixels are scaled twice: {what}. Measured: with inputs near 0, accuracy stays at chance level.",
        "Scale in one place only.",
    )  # fmt: skip


def _for_network(array: Array, model: Model) -> Finding | None:
    wants, steps = family_of_network(model.name), _changes(array)
    weights = model.arguments.get("weights")
    if wants == "raw" and len(steps) == 1 and steps[0].family in _SCALES and array.strange is None:
        return finding(
            "wrong-preprocess-for-backbone", "warning", steps[0].line,
            f"{steps[0].text} gives {_SCALES[steps[0].family]}, but {model.name} scales pixels itself and expects "
            "values from 0 to 255.", _OWN,
        )  # fmt: skip
    if wants not in _SCALES or array.strange is not None or (weights is not None and constant(weights) is None):
        return None
    if not steps:
        raw = array.span == RAW
        return finding(
            "wrong-preprocess-for-backbone", "info" if wants == "caffe" else "warning", model.line,
            f"{model.name} was trained on {_SCALES[wants]}, but the pixels are not scaled: it gets 0 to 255.", _OWN,
        ) if raw else None  # fmt: skip
    gets = step_family(model, steps[0]) if len(steps) == 1 and steps[0].family else scale_of(array)
    if gets in (wants, "", "range", "own", "standard") or (wants == "torch" and gets == "other"):
        return None
    large = bool(steps[0].family) and steps[0].family in ("caffe",)
    return finding(
        "wrong-preprocess-for-backbone", "warning" if large else "info", steps[0].line,
        f"{steps[0].text} is not what {model.name} was trained on ({_SCALES[wants]}); "
        + ("its values are about a hundred times as large." if large else
           "if used for all images, its features differ in size and meaning, and the best learning rate changes."),
        _OWN,
    )  # fmt: skip


def _kind(array: Array | None) -> str:
    if array is None or array.role != IMAGES or not array.source.number:
        return ""
    return scale_of(array)


def _scaled(array: Array) -> str:
    steps = " and ".join(step.text for step in _changes(array))
    return f"are scaled by {steps}" if steps else "are not scaled"


def _first_line(array: Array) -> int:
    return _changes(array)[0].line if _changes(array) else array.source.line


def parts(course: Course) -> Iterator[Finding]:
    """Validation images that arrive otherwise than those for training."""
    for fit in course.fits:
        value, _ = course.validation(fit)
        ours, theirs = course.of_fit(fit).x, value if isinstance(value, Array) else None
        if ours is None or theirs is None or not _kind(ours) or not _kind(theirs) or _kind(ours) == _kind(theirs):
            continue
        made = fit.val.made or fit.val.line if isinstance(fit.val, Batches) else 0
        line = made or (_first_line(theirs) if _changes(theirs) else fit.lines.get("validation_data", fit.line))
        yield finding(
            "train-val-preprocess-mismatch", "error", line,
            f"Training images {_scaled(ours)} ({course.where(_first_line(ours))}), validation images "
            f"{_scaled(theirs)}. Measured: such a difference lowered validation accuracy from 0.91 to 0.50.",
            "Scale both in the same way.",
        )  # fmt: skip


def asked(course: Course) -> Iterator[Finding]:
    """Images that a model is asked with later, otherwise than those that it was trained on."""
    for ask in course.asks:
        fit = course.fit_of(ask)
        value = images_of(ask.x)
        ours = course.of_fit(fit).x if fit is not None else None
        if fit is None or ours is None or not isinstance(value, Array):
            continue
        one = _other_scale(course, fit, ask, ours, value) or _other_shape(course, fit, ask, ours, value)
        one = one or _other_colours(course, fit, ask, ours, value)
        if one is not None:
            yield one


def _other_scale(course: Course, fit: Fit, ask: Ask, ours: Array, theirs: Array) -> Finding | None:
    if not _kind(ours) or not _kind(theirs) or _kind(ours) == _kind(theirs):
        return None
    what = "evaluate" if ask.kind == "evaluate" else "predict"
    return finding(
        "predict-preprocess-mismatch", "error", ask.line,
        f"Training images {_scaled(ours)} ({course.where(_first_line(ours))}), the images for {what} "
        f"{_scaled(theirs)}, so the results say nothing about the model.",
        "Scale them as in training.", training_line=fit.line,
    )  # fmt: skip


def _other_shape(course: Course, fit: Fit, ask: Ask, ours: Array, theirs: Array) -> Finding | None:
    if ours.rank is None or theirs.rank is None or (isinstance(ask.x, Batches) != isinstance(fit.x, Batches) and (
        not isinstance(fit.x, Batches) or not fit.x.batched
    )):  # fmt: skip
        return None
    if ours.role == IMAGES and theirs.rank == ours.rank - 1:
        return finding(
            "predict-without-batch", "error", ask.line,
            f"A single image without batch axis: the model expects {ours.rank} axes and gets {theirs.rank}.",
            "Add the batch axis: np.expand_dims(image, 0).",
        )  # fmt: skip
    if ours.rank != theirs.rank:
        what = "Features" if FEATURES in (ours.role, theirs.role) else "Images"
        return finding(
            "predict-shape-mismatch", "error", ask.line,
            f"{what} have {ours.rank} axes in training ({course.where(fit.line)}) and {theirs.rank} here.",
            "Use the same shape for both.",
        )  # fmt: skip
    ends = (ours.shape or (None,))[-1], (theirs.shape or (None,))[-1]
    if None not in ends and ends[0] != ends[1] and (ours.rank or 0) > 1:
        return finding(
            "predict-shape-mismatch", "error", ask.line,
            f"The last axis has {ends[0]} values in training ({course.where(fit.line)}) and {ends[1]} here.",
            "Use the same shape for both.",
        )  # fmt: skip
    return None


def _other_colours(course: Course, fit: Fit, ask: Ask, ours: Array, theirs: Array) -> Finding | None:
    pair = {ours.channels, theirs.channels}
    if pair != {"rgb", "bgr"}:
        return None
    return finding(
        "predict-channel-order", "warning", ask.line,
        f"Training images are {ours.channels.upper()} ({course.where(ours.source.line)}), the images here are "
        f"{theirs.channels.upper()}, so red and blue are exchanged. OpenCV reads images as BGR.",
        "Convert them: cv2.cvtColor(image, cv2.COLOR_BGR2RGB).",
    )  # fmt: skip


def cached(course: Course) -> Iterator[Finding]:
    """Images that were changed at random and then kept: every epoch sees the same ones."""
    for fit in course.fits:
        line, drawn = fit.x.cached if isinstance(fit.x, Batches) else (0, 0)
        if line and drawn:
            yield finding(
                "cache-after-random", "warning", line,
                "cache() comes after random changes of the images, so every epoch gets the same changed images.",
                "Call cache() before the random changes.",
            )  # fmt: skip
