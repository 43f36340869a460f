"""A loop that trains several models one after the other, of which a run is one."""

from typing import Any

from core.config import keys
from core.script.flow.networks import Fit
from core.script.settings.collected import Collected
from core.script.settings.stages import Alone, Reader
from core.script.settings.story import Story
from core.script.settings.trainings import loop_of_models

_MOST = 9
"""Models of a loop that are read each for itself."""


def fill_several(story: Story, found: Collected, read: Reader) -> None:
    """Writes what is open because a loop trains models that differ."""
    last = story.last
    loop = loop_of_models(last) if last is not None else None
    if last is None or loop is None:
        _called(story, found)
        return
    fits = [one for one in story.course.fits if one.node is last.node and loop in one.loops]
    models = list({id(one.model): one for one in fits}.values())
    if len(models) == 1:
        if loop.count != 1:
            found.note(loop.line, "the loop trains a model in each turn; a run is one training")
        return
    told = [*models[: _MOST - 1], last] if len(models) > _MOST else models
    differing = _differing(found, [_alone(story, one, read) for one in told])
    for key, values, nearest, lines in differing:
        parts = f"{', '.join(values[:-1])} and {values[-1]}"
        why = f"{len(models)} models are trained in turn, with {key.partition('.')[2]} {parts}; a run is one training"
        found.beyond(key, why, loop.line, *lines, nearest=nearest)
    if not differing:
        found.note(loop.line, f"the loop trains {len(models)} models; a run is one training")


def _called(story: Story, found: Collected) -> None:
    """A function that trains a model of its own, called several times."""
    last = story.last
    if last is None or last.node is None or any(one.fold for one in last.loops):
        return
    models = {id(one.model) for one in story.course.fits if one.node is last.node}
    if len(models) > 1:
        found.note(last.line, f"{len(models)} models are trained here in turn; the last one was read")


def _alone(story: Story, fit: Fit, read: Reader) -> Alone:
    trainings = tuple(one for one in story.course.fits if one.model is fit.model)
    return Alone(fit, read(Story(story.course, trainings)))


def _differing(found: Collected, models: list[Alone]) -> list[tuple[str, list[str], Any, list[int]]]:
    """Settings that are not the same in all turns: the values, that of the last turn, and their lines."""
    known, different = {one["key"] for one in found.open}, list[tuple[str, list[str], Any, list[int]]]()
    for key in keys():
        values = list(dict.fromkeys(_value(one, key) for one in models))
        of_another = any(key.startswith(f"{name}_") for name, *_ in different)
        if len(values) > 1 and key not in known and not of_another:
            lines = dict.fromkeys(one.line(key) for one in models)
            different.append((key, values, models[-1].value(key), list(lines)))
    return different


def _value(one: Alone, key: str) -> str:
    return "one that is not known" if key in one.opened else str(one.value(key))[:100] or "empty"
