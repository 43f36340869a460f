"""Settings `training.*`: optimizer, rates and schedules, epochs, loss, callbacks, weights of classes, seed."""

from core.script.flow.networks import Fit
from core.script.settings.class_weight import fill_class_weight
from core.script.settings.collected import Collected
from core.script.settings.epoch_length import repeated, tell_lengths
from core.script.settings.given import argument
from core.script.settings.optimizer import fill_optimizer
from core.script.settings.precision import fill_precision, fill_seed
from core.script.settings.story import Story
from core.script.settings.unfollowed import no_call


def fill_training(story: Story, found: Collected) -> None:
    """Writes how the weights are found."""
    fill_optimizer(story, found)
    _epochs(story, found)
    tell_lengths(story, found)
    fill_class_weight(story, found)
    fill_seed(story, found)
    fill_precision(story, found)


def _epochs(story: Story, found: Collected) -> None:
    if story.first is None or story.last is None:
        why, line = no_call(found, ("fit", "fit_generator"), "fit")
        found.ask("training.epochs", why, line)
        return
    _sum(found, "training.epochs", story.phases[0])
    if story.stages:
        _sum(found, "training.finetune_epochs", story.stages[-1])
    _restored(story, found)
    for one in story.left_out:
        found.note(one.line, "this training is on other images than the one after it; a run leaves it out")
    for one in story.fits:
        steps = argument(found.script, one, "steps_per_epoch")
        if steps.is_known and steps.whole is not None and "//" not in found.script.line_text(steps.line):
            found.note(steps.line, f"steps_per_epoch={steps.text}: an epoch of a run is one pass over all images")


def _restored(story: Story, found: Collected) -> None:
    """Weights that are put back between two trainings: a run goes on with those that it has."""
    events = story.course.machine.events
    places = [(events.index(one), one) for one in story.fits if one in events]
    for place, line, text, model in story.course.machine.restored:
        before = [fit for where, fit in places if where < place and fit.model is model]
        after = [fit for where, fit in places if where >= place and fit.model is model]
        if before and after:
            found.note(line, f"{text} between trainings: a run goes on with the weights that it has then")


def _sum(found: Collected, key: str, fits: list[Fit]) -> None:
    """Epochs of trainings that follow each other with the same layers."""
    if (loose := next((one for one in fits if one.times is None), None)) is not None:
        where = found.script.where(loose.line)
        found.ask(
            key, f"{where}: the training is in a loop, and its turns are known only when the script runs", loose.line
        )
        return
    if len(fits) > 1 and (loose := next((one for one in fits if one.perhaps), None)) is not None:
        why = "whether this training takes place is known only when the script runs"
        found.ask(key, f"{found.script.where(loose.line)}: {why}", loose.line)
        return
    counts = epochs_of(found, fits)
    one = next((fit for fit, count in zip(fits, counts, strict=True) if count is None), fits[-1])
    given, begun = (argument(found.script, one, *names) for names in (_EPOCHS, ("initial_epoch",)))
    known = [count for count in counts if count is not None]
    told = 1 if given.value is None else given.whole
    if len(known) == len(counts) and (len(fits) > 1 or begun.stated or sum(known) != told):
        found.state(key, sum(known), *(line for fit in fits for line in argument(found.script, fit, *_EPOCHS).lines))
    elif begun.stated:
        found.ask(key, given.why if given.whole is None else begun.why, given.line)
    else:
        found.take(key, given, 1, "no epochs: Keras then takes 1")


def epochs_of(found: Collected, fits: list[Fit]) -> list[int | None]:
    """How many epochs each of these trainings has, all turns of its loops together; None where that is not known."""
    lengths = [_length(found, fit) for fit in fits]
    return [
        length * fit.times if length is not None and fit.times is not None else None
        for length, fit in zip(lengths, fits, strict=True)
    ]


def _length(found: Collected, fit: Fit) -> int | None:
    """Passes over the images of a training."""
    return repeated(found, fit, _planned(found, fit))


def _planned(found: Collected, fit: Fit) -> int | None:
    """`epochs` counts from the first of all where `initial_epoch` is given."""
    epochs, begun = argument(found.script, fit, *_EPOCHS), argument(found.script, fit, "initial_epoch")
    if not begun.stated:
        return 1 if epochs.value is None else epochs.whole
    start = begun.whole if begun.is_known else _reached(found, fit)
    return epochs.whole - start if epochs.whole is not None and start is not None else None


_EPOCHS = ("epochs", "nb_epoch")


def _reached(found: Collected, fit: Fit) -> int | None:
    """The epoch at which the training before it ended."""
    before = fit.model.fits[: fit.model.fits.index(fit)] if fit in fit.model.fits else []
    return argument(found.script, before[-1], *_EPOCHS).whole if before else None
