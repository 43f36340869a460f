"""Settings `model.*` and `training.*` of a pasted script: backbone, head, mode, optimizer, epochs, callbacks."""

from core.models.catalogue import BACKBONES
from core.models.optimizers import OPTIMIZERS
from core.script.facts import Facts
from core.script.freezing import freezing
from core.script.head import fill_head
from core.script.imported_settings import ImportedSettings
from core.script.reader import Call, Value

_OPTIONS = ("momentum", "nesterov", "weight_decay")
_READ_OF_OPTIMIZERS = {"lr", "learning_rate", "#0", *_OPTIONS}
_OTHER_CALLBACKS = {
    "ReduceLROnPlateau": "training.reduce_on_plateau halves the rate on a plateau; what it says here is not read",
    "LearningRateScheduler": "there is no setting for a rate by a function of one's own",
    "CyclicLR": "there is no setting for a rate that rises again",
    "CosineDecay": "training.schedule=cosine is the setting for it; what it says here is not read",
    "ExponentialDecay": "training.schedule=exponential is the setting for it; what it says here is not read",
}


def fill_training(facts: Facts, imported: ImportedSettings) -> None:
    """Writes the settings `model.*` and `training.*` on the imported settings."""
    _backbone(facts, imported)
    fill_head(facts, imported)
    _way(facts, imported)
    _optimizer(facts, imported)
    _epochs(facts, imported)
    _callbacks(facts, imported)
    _class_weight(facts, imported)
    _seed_and_precision(facts, imported)


def optimizer_of(facts: Facts, compiled: Call | None) -> tuple[str, Call | None, int]:
    """The optimizer of a `compile`: its name in small letters, the call that makes it, the line."""
    value = facts.script.argument(compiled, "optimizer")
    if compiled is None or not value.stated:
        return "", None, 0
    if value.word is not None:
        return value.word.lower(), None, value.line
    call = facts.script.call_of(value.node, compiled.location)
    return (call.short.lower(), call, call.line) if call is not None else ("", None, value.line)


def rate_of(facts: Facts, compiled: Call | None) -> Value:
    """The learning rate of a `compile`, where its optimizer states one."""
    return facts.script.argument(optimizer_of(facts, compiled)[1], "learning_rate")


def _backbone(facts: Facts, imported: ImportedSettings) -> None:
    call = facts.backbone
    if call is None:
        imported.leave_open("model.backbone", "the script makes no backbone of a known name")
        return
    if call.short not in BACKBONES:
        why = f"the program has no {call.short}; it has {', '.join(BACKBONES)}"
        imported.leave_open("model.backbone", why, line=call.line)
    else:
        imported.state("model.backbone", call.short, call.line)
    weights = facts.script.argument(call, "weights")
    if not weights.stated:
        imported.leave_out("model.weights", "imagenet", "no weights: Keras then loads those of ImageNet")
    elif weights.value in ("imagenet", None):
        imported.state("model.weights", weights.value or "none", weights.line)
    else:
        imported.leave_open("model.weights", f"{weights.text} is a file of the script's own", line=weights.line)


def _way(facts: Facts, imported: ImportedSettings) -> None:
    if not facts.mode:
        imported.leave_open("training.mode", "neither features of a backbone nor a fit through it was found")
        return
    line = facts.extractions[0].line if facts.mode == "bottleneck" and facts.extractions else facts.fits[-1].call.line
    imported.state("training.mode", facts.mode, line)
    if facts.mode == "bottleneck":
        return
    state = freezing(facts, facts.fits[-1].call.location.position)
    if state.block is None:
        imported.leave_open("training.unfreeze_from", state.why, line=state.line)
    elif facts.mode == "fine_tune" and not state.block:
        imported.leave_open("training.unfreeze_from", "nothing is unfrozen, though it is set anew", line=state.line)
    elif state.line:
        imported.state("training.unfreeze_from", state.block, state.line)
    else:
        imported.leave_out("training.unfreeze_from", "all", "nothing is frozen: every layer of the backbone trains")


def _optimizer(facts: Facts, imported: ImportedSettings) -> None:
    compiles = facts.compiles
    if not compiles:
        imported.leave_open("training.optimizer", "the script has no compile")
        imported.leave_open("training.learning_rate", "the script has no compile")
        return
    head = compiles[0] if facts.mode == "fine_tune" else compiles[-1]
    name, call, line = optimizer_of(facts, head)
    if not line:
        imported.leave_out("training.optimizer", "rmsprop", "no optimizer: Keras then takes RMSprop")
        imported.leave_out("training.learning_rate", 0.001, "no optimizer: Keras then takes 0.001")
        return
    if name:
        imported.state("training.optimizer", name, line)
    else:
        value = facts.script.argument(head, "optimizer")
        imported.leave_open("training.optimizer", facts.script.why_unknown(value))
    _rate(facts, imported, "training.learning_rate", head, name)
    if facts.mode == "fine_tune" and len(compiles) > 1:
        _rate(facts, imported, "training.finetune_learning_rate", compiles[-1], optimizer_of(facts, compiles[-1])[0])
    for option in _OPTIONS:
        stated = facts.script.argument(call, option)
        if stated.stated and stated.value is not None:
            imported.take(f"training.{option}", stated, 0, "")
    for key, (node, at) in call.arguments.items() if call else ():
        if key not in _READ_OF_OPTIMIZERS and not key.startswith("#"):
            imported.note(
                at, f"{key}={facts.script.text(node)} of {call.short if call else ''}: there is no setting for it"
            )


def _rate(facts: Facts, imported: ImportedSettings, key: str, compiled: Call, name: str) -> None:
    default = OPTIMIZERS[name].rate if name in OPTIMIZERS else None
    value = rate_of(facts, compiled)
    if not value.stated and default is None:
        imported.leave_open(key, "the optimizer's learning rate is not in the script", line=compiled.line)
    else:
        imported.take(key, value, default, f"no learning rate: Keras takes {default} for {name}")


def _epochs(facts: Facts, imported: ImportedSettings) -> None:
    if not facts.fits:
        imported.leave_open("training.epochs", "the script has no fit")
        return
    first, last = facts.fits[0], facts.fits[-1]
    call = first.call if facts.mode == "fine_tune" else last.call
    imported.take("training.epochs", facts.script.argument(call, "epochs"), 1, "no epochs: Keras then takes 1")
    if facts.mode == "fine_tune":
        _further_epochs(facts, imported, last.call)
        _stages(facts, imported)


def _further_epochs(facts: Facts, imported: ImportedSettings, call: Call) -> None:
    """Epochs after unfreezing: `epochs` counts from the first of all where `initial_epoch` is given."""
    value, begun = facts.script.argument(call, "epochs"), facts.script.argument(call, "initial_epoch")
    if not begun.stated:
        imported.take("training.finetune_epochs", value, 1, "no epochs: Keras then takes 1")
    elif value.whole is not None and begun.whole is not None:
        imported.state("training.finetune_epochs", value.whole - begun.whole, value.line)
    else:
        unknown = value if value.whole is None else begun
        imported.leave_open("training.finetune_epochs", facts.script.why_unknown(unknown))


def _stages(facts: Facts, imported: ImportedSettings) -> None:
    """More than one training after unfreezing may be gradual unfreezing; which blocks each one opens is not read."""
    tuned = [fit for fit in facts.fits[1:] if fit.with_backbone]
    if len(tuned) > 1:
        why = f"the network is trained {len(tuned)} times after unfreezing"
        why = f"{why}; take as many stages if each opens one block more"
        imported.leave_open("training.finetune_stages", why, line=tuned[1].call.line)


def _callbacks(facts: Facts, imported: ImportedSettings) -> None:
    script = facts.script
    stops = script.find("EarlyStopping")
    if not stops:
        imported.leave_out("training.early_stopping", 0, "no EarlyStopping: all epochs are trained")
    else:
        imported.take("training.early_stopping", script.argument(stops[0], "patience"), 0, "no patience")
        monitor = script.argument(stops[0], "monitor")
        if monitor.stated and monitor.value != "val_loss":
            imported.note(monitor.line, f"EarlyStopping watches {monitor.text}; the program watches val_loss")
    for call in script.find(*_OTHER_CALLBACKS):
        imported.note(call.line, f"{call.short}: {_OTHER_CALLBACKS[call.short]}")


def _class_weight(facts: Facts, imported: ImportedSettings) -> None:
    value = facts.script.argument(facts.fits[-1].call, "class_weight") if facts.fits else Value()
    if not value.stated or value.value is None:
        imported.leave_out("training.class_weight", "none", "no class_weight: every image counts the same")
        return
    computed = facts.script.find("compute_class_weight")
    if value.value in ("auto", "balanced") or any("balanced" in facts.script.text(call.node) for call in computed):
        imported.state("training.class_weight", "balanced", value.line)
    else:
        imported.leave_open("training.class_weight", "the program has none and balanced only", line=value.line)


def _seed_and_precision(facts: Facts, imported: ImportedSettings) -> None:
    script = facts.script
    seeds = [call for call in script.find("set_random_seed", "set_seed", "seed") if "seed" in call.arguments]
    if seeds:
        value = script.argument(seeds[0], "seed")
        if value.whole is not None:
            imported.take("training.seed", value, 1, "")
    for call in script.find("set_global_policy", "set_policy", "set_dtype_policy"):
        policy = script.argument(call, "#0")
        if policy.value == "mixed_bfloat16":
            imported.state("training.precision", "bfloat16", policy.line)
        elif policy.value != "float32":
            imported.leave_open("training.precision", f"the program has no {policy.text}", line=call.line)
