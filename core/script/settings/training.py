"""Settings `training.*`: optimizer, rates and schedules, epochs, loss, callbacks, weights of classes, seed."""

from core.script.flow.machine import constant
from core.script.flow.networks import Fit
from core.script.settings.class_weight import fill_class_weight
from core.script.settings.collected import Collected
from core.script.settings.given import argument
from core.script.settings.optimizer import fill_optimizer
from core.script.settings.story import Story


def fill_training(story: Story, found: Collected) -> None:
    """Writes how the weights are found."""
    fill_optimizer(story, found)
    _epochs(story, found)
    fill_class_weight(story, found)
    _seed_and_precision(story, found)


def _epochs(story: Story, found: Collected) -> None:
    if story.first is None or story.last is None:
        found.ask("training.epochs", "the script has no fit")
        return
    is_tuned = story.mode == "fine_tune"
    together = [one for one in story.continued(story.last) if one.x is story.last.x]
    head = [one for one in story.fits if one not in story.tuned] if is_tuned else together
    _sum(found, "training.epochs", head)
    if is_tuned:
        _sum(found, "training.finetune_epochs", story.tuned[-1:])
    for one in story.fits:
        steps = argument(found.script, one, "steps_per_epoch")
        if steps.is_known and steps.whole is not None and "//" not in found.script.line_text(steps.line):
            found.note(steps.line, f"steps_per_epoch={steps.text}: an epoch of a run is one pass over all images")


def _sum(found: Collected, key: str, fits: list[Fit]) -> None:
    """Epochs of trainings that follow each other with the same layers."""
    counts = [_length(found, fit) for fit in fits]
    given = argument(found.script, fits[-1], "epochs", "nb_epoch")
    known = [count for count in counts if count is not None]
    if len(known) == len(counts) and len(fits) > 1:
        found.state(key, sum(known), *(line for fit in fits for line in argument(found.script, fit, "epochs").lines))
    elif counts[-1] is not None and given.stated:
        found.state(key, counts[-1], *given.lines)
    elif given.value is not None and argument(found.script, fits[-1], "initial_epoch").stated and given.whole is None:
        found.ask(key, given.why, given.line)
    else:
        found.take(key, given, 1, "no epochs: Keras then takes 1")


def _length(found: Collected, fit: Fit) -> int | None:
    """`epochs` counts from the first of all where `initial_epoch` is given."""
    epochs, begun = argument(found.script, fit, "epochs", "nb_epoch"), argument(found.script, fit, "initial_epoch")
    if not begun.stated:
        return 1 if epochs.value is None else epochs.whole
    if epochs.whole is not None and begun.whole is not None:
        return epochs.whole - begun.whole
    before = fit.model.fits[: fit.model.fits.index(fit)] if fit in fit.model.fits else []
    total = argument(found.script, before[-1], "epochs").whole if before else None
    return epochs.whole - total if epochs.whole is not None and total is not None else None


_SEEDS = ("set_random_seed", "set_seed", "seed", "seed_everything")
_POLICIES = ("set_global_policy", "set_policy", "set_dtype_policy")


def _seed_and_precision(story: Story, found: Collected) -> None:
    for call in story.course.machine.told:
        short = call.name.rpartition(".")[2]
        first = call.positional[0] if call.positional else next(iter(call.named.values()), None)
        if short in _SEEDS and isinstance(constant(first), int) and "training.seed" not in found.settings:
            found.state("training.seed", constant(first), call.line)
        elif short in _POLICIES:
            _precision(found, constant(first), call.line)


def _precision(found: Collected, policy: object, line: int) -> None:
    key = "training.precision"
    if policy in ("mixed_bfloat16", "bfloat16"):
        found.state(key, "bfloat16", line)
    elif policy == "mixed_float16":
        found.beyond(key, "Parity has no mixed_float16", line, nearest="bfloat16")
    elif policy != "float32":
        found.ask(key, f"{found.script.where(line)}: the precision is known only when the script runs", line)
