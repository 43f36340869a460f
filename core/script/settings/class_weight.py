"""The setting `training.class_weight`: what the images of each class count, by `fit` or by the dataset."""

from dataclasses import dataclass

from core.script.flow.machine import constant, is_none
from core.script.flow.networks import Fit
from core.script.flow.objects import Batches, Const, Mapping
from core.script.flow.weights import in_order
from core.script.settings.collected import Collected
from core.script.settings.given import Given, argument
from core.script.settings.story import Story

_KEY = "training.class_weight"
_OURS = "Parity has only none and balanced"


@dataclass(frozen=True)
class _Weighing:
    """How a training weighs its images.

    Attributes:
        how: `none`, `balanced`, or empty for what no run does.
        why: Of what no run does: the sentence.
    """

    how: str
    lines: tuple[int, ...]
    why: str = ""


def fill_class_weight(story: Story, found: Collected) -> None:
    """Writes whether rare classes count more."""
    fit = story.last
    if fit is None:
        found.leave_out(_KEY, "none", "no class_weight: every image counts the same")
        return
    said = _said(found, fit)
    if not said:
        found.leave_out(_KEY, "none", "no class_weight: every image counts the same", fit.line)
    elif len(said) == 1 and said[0].how:
        found.state(_KEY, said[0].how, *said[0].lines)
    else:
        why = said[0].why or f"weights of classes and of images are multiplied; {_OURS}"
        found.beyond(_KEY, why, *said[0].lines, nearest="balanced")


def _said(found: Collected, fit: Fit) -> list[_Weighing]:
    """What `fit` says of weights, and what its dataset says."""
    script, batches = found.script, fit.x if isinstance(fit.x, Batches) else None
    given = [argument(script, fit, "class_weight"), argument(script, fit, "sample_weight")]
    if batches is not None:
        given.append(argument(script, batches.origin, "sample_weight", "weight_col"))
        value, line = batches.weights or (None, 0)
        given.append(Given(value, line))
    return [_weighing(one, of_classes=k == 0) for k, one in enumerate(given) if one.stated]


def _weighing(given: Given, *, of_classes: bool) -> _Weighing:
    weights = in_order(given.value)
    if weights is not None:
        return _Weighing(weights.how, given.lines)
    if not of_classes:
        same = given.number is not None  # one for all images
        return _Weighing("none" if same else "", given.lines, f"each image has a weight of its own; {_OURS}")
    if given.known in ("auto", "balanced"):
        return _Weighing("balanced", given.lines)
    if not isinstance(given.value, Mapping) or given.value.rest is not None or not _are_known(given.value):
        why = f"the class weights are computed in a way that cannot be read; {_OURS}"
        return _Weighing("", given.lines, why)
    if len({constant(one) for one in given.value.values.values()}) == 1:
        return _Weighing("none", given.lines)
    told = ", ".join(
        f"{name}: {constant(one):g}"
        for name, one in list(given.value.values.items())[:6]
        if isinstance(constant(one), (int, float))
    )
    return _Weighing("", given.lines, f"the weights {told} are the script's own; {_OURS}")


def _are_known(value: Mapping) -> bool:
    return bool(value.values) and all(isinstance(one, Const) and not is_none(one) for one in value.values.values())
