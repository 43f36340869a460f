"""How much of the images an epoch of a script is: several passes of a finite `repeat`, or a part of them by `take`."""

from core.script.flow.machine import whole
from core.script.flow.networks import Fit
from core.script.flow.objects import Batches
from core.script.settings.collected import Collected
from core.script.settings.given import argument
from core.script.settings.story import Story


def repeated(found: Collected, fit: Fit, epochs: int | None) -> int | None:
    """Passes over the images that so many epochs of a training are; None where that is not known."""
    passes = _passes(found, fit)
    return epochs * passes if epochs is not None and passes is not None else None


def _passes(found: Collected, fit: Fit) -> int | None:
    """Passes over the images in one epoch: a count of steps ends the epoch before the images do."""
    if not isinstance(fit.x, Batches) or argument(found.script, fit, "steps_per_epoch").stated:
        return 1
    product = 1
    for count, _ in fit.x.passes:
        known = whole(count)
        if known is None:
            return None
        product *= known
    return product


def tell_lengths(story: Story, found: Collected) -> None:
    """Tells where an epoch is several passes, or not all images."""
    for fit in story.fits:
        if not isinstance(fit.x, Batches):
            continue
        passes, line = _passes(found, fit), fit.x.passes[-1][1] if fit.x.passes else 0
        if passes is None:
            key = "training.finetune_epochs" if fit in story.tuned else "training.epochs"
            why = f"{found.script.where(line)}: how often the images are repeated is known only when the script runs"
            found.ask(key, why, line)
        elif passes > 1:
            found.note(line, f"an epoch is {passes} passes over the images; a run counts each as one")
        for taken in _taken(story, fit.x):
            found.note(taken, "take: the training is on a part of the images; an epoch of a run is all of them")


def _taken(story: Story, x: Batches) -> list[int]:
    """Lines of each `take` that is no part of a split, as there is no `skip` that gives the rest."""
    lines = [line for _, how, line in x.cuts if how == "take"]
    numbers = {number for number, _, _ in x.cuts}
    own = {id(one) for one in x.cuts}  # two of them may stand in one line
    rests = [one for one in story.course.machine.cuts if one[0] in numbers and one[1] == "skip" and id(one) not in own]
    return lines[len(rests) :]
