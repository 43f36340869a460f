"""What the trainings of one run say differently, where a run has one value for all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from core.config import keys, setting
from core.script.flow.networks import Fit
from core.script.settings.collected import Collected
from core.script.settings.story import Story
from core.script.settings.training import epochs_of

Reader = Callable[[Story], Collected]
"""Reads the settings of one training as if it were the only one."""

_MOST = 16
"""Trainings that are read each for itself."""

_PHASE = {
    "training.optimizer": "training.finetune_optimizer",
    "training.learning_rate": "training.finetune_learning_rate",
    "training.momentum": "training.finetune_momentum",
}
"""Settings that a run has once before unfreezing, and as another one after it."""

_OPTIMIZER = (*_PHASE, "training.weight_decay", "training.nesterov")
"""Settings that are compared within a phase: `core.script.settings.optimizer` compares the phases."""

_OF_COURSE = ("training.mode", "training.epochs", "training.unfreeze_from", "dataset")
"""What each training has for itself in a run, too."""

_CUTS = ("data.validation_split", "data.seed")
"""Settings that count only where they are stated: a training without validation has the same images."""


@dataclass
class Alone:
    """A training, and what it says as the only one."""

    fit: Fit
    found: Collected

    @cached_property
    def opened(self) -> dict[str, dict[str, Any]]:
        """What is open, by key."""
        return {one["key"]: one for one in self.found.open}

    def value(self, key: str) -> Any:
        """What it says of a setting; Parity's default where it says nothing."""
        for part in (self.found.settings, self.found.not_stated):
            if key in part:
                return part[key]["value"]
        return setting(key).default

    def line(self, key: str) -> int:
        """Where it says so; the training's line where it does not."""
        return int(self.found.settings[key]["line"]) if key in self.found.settings else self.fit.line


def fill_stages(story: Story, found: Collected, read: Reader) -> None:
    """Writes what is open because the trainings of one run differ."""
    trainings = [fit for phase in story.phases for fit in phase]
    if len(trainings) < 2:
        return
    kept = {id(fit) for fit in (*trainings[:_MOST], trainings[-1])}
    phases = [
        [Alone(fit, read(Story(story.course, (fit,)))) for fit in phase if id(fit) in kept] for phase in story.phases
    ]
    every = [one for phase in phases for one in phase]
    _compare(found, every, [key for key in keys() if _is_shared(key)], {})
    for number, phase in enumerate(phases):
        _compare(found, phase, _OPTIMIZER, _PHASE if number else {})
    for together in (story.phases[0], *story.stages):
        _compiled_again(found, together)
    _layers(story, found)
    _lengths(story, found)


def _is_shared(key: str) -> bool:
    return key not in (*_OPTIMIZER, *_OF_COURSE) and not key.startswith("training.finetune_")


def longest(trainings: Sequence[Alone]) -> Alone:
    """The training with most epochs, the last one of several: it stands for all where they differ."""
    counts = [epochs_of(one.found, [one.fit])[0] or 0 for one in trainings]
    return max(zip(counts, range(len(counts)), trainings, strict=True))[2]


def _compare(found: Collected, trainings: list[Alone], names: Sequence[str], after: dict[str, str]) -> None:
    """Says where trainings differ, under the key that a setting has in their phase."""
    differing: list[str] = []
    for key in names:
        if len(trainings) < 2 or any(key.startswith(f"{one}_") for one in differing):
            continue
        target = after.get(key, key)
        if any(one["key"] == target for one in found.open):
            continue
        if (unread := next((one.opened[key] for one in trainings if key in one.opened), None)) is not None:
            found.open.append({**unread, "key": target})
            continue
        told = [one for one in trainings if key not in _CUTS or key in one.found.settings]
        if len({repr(one.value(key)) for one in told}) > 1:
            differing.append(key)
            found.beyond(target, *_difference(found, key, told), nearest=longest(told).value(key))


def _difference(found: Collected, key: str, trainings: list[Alone]) -> tuple[Any, ...]:
    """A sentence with each value where it first holds, and the lines."""
    first: dict[str, Alone] = {}
    for one in trainings:
        first.setdefault(_shown(one.value(key)), one)
    name = key.partition(".")[2]
    parts = [f"{value} in the training of {found.script.where(one.fit.line)}" for value, one in first.items()]
    told = f"{', '.join(parts[:-1])} and {parts[-1]}"
    lines = dict.fromkeys(one.line(key) for one in reversed(first.values()))
    return f"{name} is {told}; a run has one for {'both' if len(trainings) == 2 else 'all'}", *lines


def _shown(value: Any) -> str:
    return str(value)[:100] or "empty"


def _compiled_again(found: Collected, together: list[Fit]) -> None:
    for before, one in pairwise(together):
        first, again = before.compiled, one.compiled
        if first is not None and again is not None and first.mark is not again.mark:
            found.note(again.line, "the model is compiled again, and its optimizer starts anew; in a run it goes on")


def _layers(story: Story, found: Collected) -> None:
    """Before unfreezing a run trains the same layers throughout."""
    states = {story.opened(fit) for fit in story.phases[0]}
    key = "training.unfreeze_from"
    if len(states) > 1 and story.unfreezing is None:
        first = story.phases[0][0]
        told = (
            f"other layers of the backbone train here than in the training of {found.script.where(story.fits[-1].line)}"
        )
        found.beyond(key, f"{told}; a run freezes none again", first.line, nearest=found.settings[key]["value"]
                     if key in found.settings else None)  # fmt: skip


def _lengths(story: Story, found: Collected) -> None:
    """Stages of gradual unfreezing have the same epochs in a run."""
    counts = [epochs_of(found, stage) for stage in story.stages]
    sums = [sum(count for count in each if count is not None) for each in counts]
    if len(set(sums)) > 1 and all(count is not None for each in counts for count in each):
        told = ", ".join(str(count) for count in sums)
        found.beyond(
            "training.finetune_epochs",
            f"the stages of unfreezing have {told} epochs; in a run each has the same number",
            story.stages[-1][-1].line,
            nearest=max(1, round(sum(sums) / len(sums))),
        )
