"""Setting `data.positive_class`: which of two classes the labels of a script count as 1."""

from core.script.class_numbers import is_sorted, listing, numbered
from core.script.class_texts import Numbered
from core.script.flow.machine import constant
from core.script.flow.made import Made
from core.script.flow.objects import LABELS, Array, Batches
from core.script.flow.value import Value
from core.script.settings.collected import Collected
from core.script.settings.given import argument
from core.script.settings.images import origin_of
from core.script.settings.story import Story
from core.script.value_rules.views import loss_of

KEY = "data.positive_class"

_LISTS = {
    "image_dataset_from_directory": "class_names",
    "flow_from_directory": "classes",
    "flow_from_dataframe": "classes",
}
"""Calls that number the classes by themselves, in the order of the alphabet, and their argument for another order."""


def fill_positive(story: Story, found: Collected) -> None:
    """Writes the class that counts as 1 where it is not the second in alphabetical order."""
    if not _has_two(story):
        return
    origin = origin_of(story)
    told = numbered(found.script)
    if origin is not None and origin.kind in _LISTS:
        told = [*_of_folders(found, origin), *(one for one in told if one.turns)]
    _write(found, told, [*_turns(story), *(one.line for one in told if one.turns)])


def _has_two(story: Story) -> bool:
    """Whether the script tells two classes apart."""
    if story.last is None:
        return False
    out = story.course.of_fit(story.last).out
    if out is not None and out.units is not None:
        return out.units in (1, 2)
    loss = loss_of(story.last.compiled)
    return loss is not None and loss.name == "binary_crossentropy"


def _of_folders(found: Collected, origin: Made) -> list[Numbered]:
    """The names that are given to what reads the folders."""
    given = argument(found.script, origin, _LISTS[origin.kind])
    if not given.stated:
        return []
    names = constant(given.value)
    if isinstance(names, tuple) and len(names) == 2 and all(isinstance(one, str) for one in names):
        return [Numbered(given.line, names[1], names[0])]
    call = found.script.at(origin.node)
    node = call.arguments.get(_LISTS[origin.kind], (None, 0))[0] if call is not None else None
    if short := listing(found.script, node):
        return [Numbered(given.line, listed=short)]
    if not is_sorted(found.script, node):
        found.ask(KEY, given.why, given.line)
    return []


def _turns(story: Story) -> list[int]:
    """Lines that exchange the two numbers of the labels, as `1 - y` does."""
    fit = story.last
    x = fit.x if fit is not None else None
    y: Value | None = x.y if isinstance(x, Batches) else fit.y if fit is not None else None
    if not isinstance(y, Array):
        return []
    steps = [step.line for step in y.steps if step.scale == -1] if y.role != LABELS else []
    return [*([y.turned] if y.turned else []), *steps]


def _write(found: Collected, told: list[Numbered], turns: list[int]) -> None:
    ones, zeros = {one.one for one in told if one.one}, {one.zero for one in told if one.zero}
    lines = [*(one.line for one in told if one.one or one.zero), *turns]
    if len(ones) > 1 or len(zeros) > 1 or ones & zeros:
        names = " and ".join(sorted(ones))
        found.ask(KEY, f"{found.script.where(lines[0])}: it is not clear which class counts as 1: {names}", *lines)
        return
    positive, other = next(iter(ones), ""), next(iter(zeros), "")
    if len(turns) % 2:
        positive, other = other, positive
    if positive and positive == max(positive, other or positive) and other:
        found.leave_out(KEY, "", f"{positive} counts as 1, the second in alphabetical order", *lines)
    elif positive:
        found.state(KEY, positive, *dict.fromkeys(lines))
    elif other or turns:
        why = f"{other} counts as 0" if other else "the numbers of the two classes are exchanged"
        found.ask(KEY, f"{found.script.where(lines[-1])}: {why}; name the other class, which counts as 1", *lines)
    elif listed := [one for one in told if one.listed]:
        why = f"the classes are numbered in the order of {listed[0].listed}, which is known only when the script runs"
        found.ask(KEY, f"{found.script.where(listed[0].line)}: {why}", listed[0].line, blocks=False)
