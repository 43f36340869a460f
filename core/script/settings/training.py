"""Settings `training.*`: optimizer, rates and schedules, epochs, loss, callbacks, weights of classes, seed."""

from core.models.optimizers import OPTIMIZERS
from core.script.flow.machine import constant, word
from core.script.flow.made import Made
from core.script.flow.networks import Compile, Fit
from core.script.flow.objects import Const, External, Mapping, Unknown
from core.script.settings.collected import Collected
from core.script.settings.given import Given, argument
from core.script.settings.story import Story

_OPTIONS = ("momentum", "nesterov", "weight_decay")
_HARMLESS = {
    "epsilon": (1e-7, 1e-8, 1e-3),
    "beta_1": (0.9,),
    "beta_2": (0.999,),
    "rho": (0.9,),
    "amsgrad": (False,),
    "decay": (0, 0.0),
    "name": (),
    "centered": (False,),
    "jit_compile": (),
}
"""Arguments of optimizers, with the values that change nothing; of none where no value does."""

_SCHEDULES = {"CosineDecay": "cosine", "ExponentialDecay": "exponential"}


def fill_training(story: Story, found: Collected) -> None:
    """Writes how the weights are found."""
    _optimizer(story, found)
    _epochs(story, found)
    _class_weight(story, found)
    _seed_and_precision(story, found)


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
    """An optimizer's name in small letters; empty where it is not known."""
    given = argument(found.script, compiled, "optimizer")
    made = _made(compiled)
    if made is not None:
        return made.kind.lower(), Given(given.value, made.line, given.text, given.why)
    if isinstance(given.value, External) and given.value.short.lower() in OPTIMIZERS:
        return given.value.short.lower(), given
    return (word(given.value) or "").lower(), given


def _optimizer(story: Story, found: Collected) -> None:
    compiled = story.compiled
    if compiled is None:
        for key in ("training.optimizer", "training.learning_rate"):
            found.ask(key, "the script has no compile")
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
        near = {"nadam": "adam", "adamax": "adam", "ftrl": "sgd", "adagrad": "sgd", "adadelta": "adam", "lion": "adamw"}
        told = ", ".join(OPTIMIZERS)
        found.beyond(
            "training.optimizer",
            f"the program has no {name}; it has {told}",
            given.line,
            nearest=near.get(name, "adam"),
        )
    _rate(story, found, "training.learning_rate", compiled, name)
    _tuned(story, found, name)
    _options(found, _made(compiled))


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
    for key, line in made.lines.items():
        given = argument(found.script, made, key)
        read = key in ("lr", "learning_rate", *_OPTIONS)
        if read or not given.stated or (key in _HARMLESS and given.known in (*_HARMLESS[key], None)):
            continue
        found.note(line, f"{key}={given.text} of {made.kind}: there is no setting for it")


def _rate(story: Story, found: Collected, key: str, compiled: Compile, name: str) -> None:
    default = OPTIMIZERS[name].rate if name in OPTIMIZERS else None
    given = argument(found.script, _made(compiled), "learning_rate", "lr")
    if isinstance(given.value, Made):
        _scheduled(story, found, key, given.value)
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


def _scheduled(story: Story, found: Collected, key: str, made: Made) -> None:
    """A rate that falls from step to step."""
    start = argument(found.script, made, "initial_learning_rate", "learning_rate")
    found.take(key, start, 0.001, "no initial rate")
    kind = _SCHEDULES.get(made.kind)
    schedule = "training.schedule"
    if kind is None:
        near = "cosine" if "Cosine" in made.kind or "Polynomial" in made.kind else "exponential"
        if made.kind == "PiecewiseConstantDecay":
            near = "none"
        found.beyond(schedule, f"the program has no {made.kind}", made.line, nearest=near)
        return
    found.state(schedule, kind, made.line)
    end = argument(found.script, made, "alpha" if kind == "cosine" else "decay_rate")
    if kind == "exponential" or end.value is not None:
        found.take("training.schedule_end", end, 0.0, "")
    else:
        found.leave_out("training.schedule_end", 0.0, "no alpha: the cosine falls to 0", made.line)
    _over(story, found, made)
    if argument(found.script, made, "warmup_target").stated:
        found.beyond(schedule, "the program has no warm-up of the rate", made.line, nearest=kind)
    if argument(found.script, made, "staircase").known is True:
        found.beyond(
            schedule,
            "the rate falls in steps (staircase); in a run it falls from batch to batch",
            made.line,
            nearest=kind,
        )


def _over(story: Story, found: Collected, made: Made) -> None:
    """`decay_steps`, in epochs: 0 for all that are planned."""
    key = "training.schedule_epochs"
    given = argument(found.script, made, "decay_steps")
    epochs = given.value.epochs if isinstance(given.value, Unknown) else 0.0
    fit = story.first
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


def _epochs(story: Story, found: Collected) -> None:
    if story.first is None or story.last is None:
        found.ask("training.epochs", "the script has no fit")
        return
    fit = story.first if story.mode == "fine_tune" else story.last
    head = [one for one in story.fits if one not in story.tuned] if story.mode == "fine_tune" else [fit]
    _sum(found, "training.epochs", head)
    if story.mode == "fine_tune":
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


def _class_weight(story: Story, found: Collected) -> None:
    key = "training.class_weight"
    given = argument(found.script, story.last, "class_weight")
    if not given.stated:
        found.leave_out(key, "none", "no class_weight: every image counts the same", given.line)
        return
    told = [
        one for one in story.course.machine.told if one.name.endswith(("compute_class_weight", "compute_sample_weight"))
    ]
    balanced = any("balanced" in [constant(one) for one in (*call.positional, *call.named.values())] for call in told)
    if given.known in ("auto", "balanced") or balanced:
        found.state(key, "balanced", *given.lines)
        return
    if isinstance(given.value, Mapping) and all(isinstance(one, Const) for one in given.value.values.values()):
        same = {constant(one) for one in given.value.values.values()}
        if len(same) == 1:
            found.state(key, "none", *given.lines)
            return
        told_weights = ", ".join(
            f"{name}: {constant(one):g}"
            for name, one in list(given.value.values.items())[:6]
            if isinstance(constant(one), (int, float))
        )
        found.beyond(
            key,
            f"the weights {told_weights} are the script's own; the program has none and balanced only",
            given.line,
            nearest="balanced",
        )
        return
    found.beyond(
        key,
        "how the weights of the classes are computed cannot be read; the program has none and balanced only",
        given.line,
        nearest="balanced",
    )


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
        found.beyond(key, "the program has no mixed_float16", line, nearest="bfloat16")
    elif policy != "float32":
        found.ask(key, f"{found.script.where(line)}: the precision is known only when the script runs", line)
