"""Findings on the order of colours: OpenCV reads blue first, networks were trained on red first."""

from collections.abc import Iterator

from core.checks.finding import Finding
from core.script.flow.machine import constant
from core.script.flow.networks import Model
from core.script.flow.objects import IMAGES, Array
from core.script.pixel_names import family_of_network
from core.script.rules_order import finding
from core.script.value_rules.pixels import step_family
from core.script.value_rules.views import Course


def validation_colours(course: Course) -> Iterator[Finding]:
    """Channel order of validation images against those for training."""
    for fit in course.fits:
        value, _ = course.validation(fit)
        ours = course.of_fit(fit).x
        if isinstance(value, Array) and ours is not None and {ours.channels, value.channels} == {"rgb", "bgr"}:
            yield finding(
                "train-val-preprocess-mismatch", "error", fit.lines.get("validation_data", fit.line),
                f"Training images are {ours.channels.upper()}, validation images {value.channels.upper()}.",
                "Read both in the same way.",
            )  # fmt: skip


def exchanged(course: Course) -> Iterator[Finding]:
    """Images as OpenCV reads them, blue first, in front of a network that was trained on red first."""
    for fit in course.fits:
        view = course.of_fit(fit)
        array, by = view.arrived, view.by
        if array is None or array.role != IMAGES or not isinstance(by, Model) or array.channels != "bgr":
            continue
        weights = by.arguments.get("weights")
        wants = family_of_network(by.name)
        turned = any(step_family(by, step) == "caffe" for step in array.steps)
        if (weights is not None and constant(weights) is None) or (wants == "caffe" and not turned):
            continue
        what = f"the preprocessing of {by.name} exchanges them once more" if turned else f"{by.name} was trained on RGB"
        yield finding(
            "channels-exchanged", "info", array.source.line,
            f"The images are BGR, as OpenCV reads them, and nothing turns them into RGB, but {what}: red and blue are "
            "exchanged. Grey images, such as X-rays, do not change.",
            "Turn them into RGB: image[..., ::-1], or cv2.cvtColor(image, cv2.COLOR_BGR2RGB).",
        )  # fmt: skip
