"""Settings of the optimizer: its class, rate, schedule, momentum and decay, before unfreezing and after."""

from core.models.optimizers import OPTIMIZERS
from core.script.flow.machine import word
from core.script.flow.made import Made
from core.script.flow.networks import Compile, Fit
from core.script.flow.objects import External, Unknown
from core.script.settings.collected import Collected
from core.script.settings.given import Given, argument
from core.script.settings.story import Story
from core.script.settings.unfollowed import no_call

_OPTIONS = ("momentum", "nesterov", "weight_decay")
_SCHEDULES = {"CosineDecay": "cosine", "ExponentialDecay": "exponential"}


def _made(compiled: Compile | None) -> Made | None:
    """The optimizer that a compile is given, made by the script; one made around another one inside it."""
    value = compiled.arguments.get("optimizer") if compiled is not None else None
    for _ in range(3):
        inner = (
            value.arguments.get("inner_optimizer") or value.arguments.get("optimizer")
            if isinstance(value, Made)
            else None
        )
        if not isinstance(inner, Made):
            break
        value = inner
    return value if isinstance(value, Made) else None


def _named(found: Collected, compiled: Compile) -> tuple[str, Given]:
    """An optimizer's name in small letters; empty where it is not known.

    AdamW without a weight decay is Adam, and is read as such: a decay of 0 is the optimizer's own in a run.
    """
    given = argument(found.script, compiled, "optimizer")
    made = _made(compiled)
    if made is not None:
        name = made.kind.lower()
        name = "adam" if name == "adamw" and argument(found.script, made, "weight_decay").known == 0 else name
        return name, Given(given.value, made.line, given.text, given.why)
    if isinstance(given.value, External) and given.value.short.lower() in OPTIMIZERS:
        return given.value.short.lower(), given
    return (word(given.value) or "").lower(), given


_NEAR = {"nadam": "adam", "adamax": "adam", "ftrl": "sgd", "adagrad": "sgd", "adadelta": "adam", "lion": "adamw"}
"""The optimizer that comes nearest to one that a run does not have."""

_USUAL = 0.001
"""The rate that each of these has in Keras 3 where none is given."""


def fill_optimizer(story: Story, found: Collected) -> None:
    """Writes the optimizer and its rate, and what differs of them after unfreezing."""
    compiled = story.compiled
    if compiled is None:
        why, line = no_call(found, ("compile",), "compile")
        for key in ("training.optimizer", "training.learning_rate"):
            found.ask(key, why, line)
        return
    name, given = _named(found, compiled)
    if not given.stated:
        why = "no optimizer: Keras then takes"
        found.leave_out("training.optimizer", "rmsprop", f"{why} RMSprop", compiled.line)
        found.leave_out("training.learning_rate", 0.001, f"{why} 0.001", compiled.line)
        return
    if not name:
        found.ask("training.optimizer", found.why_unknown(given, "an optimizer"), given.line)
    elif name in OPTIMIZERS:
        found.state("training.optimizer", name, given.line)
    else:
        told = ", ".join(OPTIMIZERS)
        found.beyond(
            "training.optimizer",
            f"Parity has no {name}; it has {told}",
            given.line,
            nearest=_NEAR.get(name, "adam"),
        )
    _rate(story, found, "training.learning_rate", compiled, name)
    _tuned(story, found, name)
    _options(found, _made(compiled))
    _tuned_options(story, found, name)


def _tuned(story: Story, found: Collected, name: str) -> None:
    """The optimizer after unfreezing."""
    last = story.tuned[-1].compiled if story.tuned else None
    if last is None:
        return
    named, given = _named(found, last)
    _rate(story, found, "training.finetune_learning_rate", last, named)
    if named in OPTIMIZERS and named != name:
        found.state("training.finetune_optimizer", named, given.line)


def _options(found: Collected, made: Made | None) -> None:
    if made is None:
        return
    for option in _OPTIONS:
        given = argument(found.script, made, option)
        if given.stated and (option in ("weight_decay",) or given.known):
            found.take(f"training.{option}", given, 0, "")


def _tuned_options(story: Story, found: Collected, name: str) -> None:
    """Momentum and decay after unfreezing; of decay and Nesterov's momentum a run has one for both phases."""
    first, last = story.compiled, story.tuned[-1].compiled if story.tuned else None
    if last is None or last is first:
        return
    named, _ = _named(found, last)
    for option in _OPTIONS:
        given = argument(found.script, _made(last), option)
        before, is_read = _option(found, first, option), given.known is not None or not given.stated
        if not _takes(named, option) or (is_read and before == _option(found, last, option)):
            continue
        if option == "momentum":
            found.take("training.finetune_momentum", given, 0, "")
        elif not _takes(name, option):
            found.take(f"training.{option}", given, 0, "")
        else:
            told = f"{option} is {before:g} before unfreezing and {given.text or 0} after it; a run has one for both"
            found.beyond(f"training.{option}", told, given.line or last.line, nearest=before)


def _takes(name: str, option: str) -> bool:
    return option == "weight_decay" or name == "sgd" or (name == "rmsprop" and option == "momentum")


def _option(found: Collected, compiled: Compile | None, option: str) -> float:
    """What an optimizer has for it; 0 for its own, and where that cannot be read."""
    known = argument(found.script, _made(compiled), option).known
    return float(known) if isinstance(known, (int, float)) else 0.0


def _rate(story: Story, found: Collected, key: str, compiled: Compile, name: str) -> None:
    default = OPTIMIZERS[name].rate if name in OPTIMIZERS else (_USUAL if name in _NEAR else None)
    given = argument(found.script, _made(compiled), "learning_rate", "lr")
    if isinstance(given.value, Made):
        fit = next((one for one in story.fits if one.compiled is compiled), story.first)
        _scheduled(fit, found, key, given.value)
    elif not given.stated and default is None:
        found.ask(
            key,
            f"{found.script.where(compiled.line)}: the optimizer's learning rate is not in the script",
            compiled.line,
        )
    elif not given.stated:
        found.leave_out(
            key, default, f"no learning rate: Keras takes {default} for {name}", given.line or compiled.line
        )
    else:
        found.take(key, given, default, "")


def _scheduled(fit: Fit | None, found: Collected, key: str, made: Made) -> None:
    """A rate that falls from step to step."""
    start = argument(found.script, made, "initial_learning_rate", "learning_rate")
    found.take(key, start, 0.001, "no initial rate")
    kind = _SCHEDULES.get(made.kind)
    schedule = "training.schedule"
    if kind is None:
        near = "cosine" if "Cosine" in made.kind or "Polynomial" in made.kind else "exponential"
        if made.kind == "PiecewiseConstantDecay":
            near = "none"
        found.beyond(schedule, f"Parity has no {made.kind}", made.line, nearest=near)
        return
    found.state(schedule, kind, made.line)
    end = argument(found.script, made, "alpha" if kind == "cosine" else "decay_rate")
    if kind == "exponential" or end.value is not None:
        found.take("training.schedule_end", end, 0.0, "")
    else:
        found.leave_out("training.schedule_end", 0.0, "no alpha: the cosine falls to 0", made.line)
    _over(fit, found, made)
    if argument(found.script, made, "warmup_target").stated:
        found.beyond(schedule, "Parity has no warm-up of the rate", made.line, nearest=kind)
    if argument(found.script, made, "staircase").known is True:
        found.beyond(
            schedule,
            "the rate falls in steps (staircase); in a run it falls from batch to batch",
            made.line,
            nearest=kind,
        )


def _over(fit: Fit | None, found: Collected, made: Made) -> None:
    """`decay_steps`, in epochs: 0 for all that are planned."""
    key = "training.schedule_epochs"
    given = argument(found.script, made, "decay_steps")
    epochs = given.value.epochs if isinstance(given.value, Unknown) else 0.0
    planned = argument(found.script, fit, "epochs").number if fit is not None else None
    per_epoch = argument(found.script, fit, "steps_per_epoch").number if fit is not None else None
    if not epochs and given.number and per_epoch:
        epochs = given.number / per_epoch
    if epochs and planned is not None and abs(epochs - planned) < 0.5:
        found.state(key, 0, *given.lines)
    elif epochs and abs(epochs - round(epochs)) < 0.05 and round(epochs) >= 1:
        found.state(key, round(epochs), *given.lines)
    elif given.stated:
        why = f"decay_steps={given.text} counts batches, and how many make an epoch is not in the script"
        found.beyond(key, why, given.line or made.line, nearest=0)
