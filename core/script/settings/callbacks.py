"""Settings of callbacks: early stopping, reduction on a plateau; what others do, and which change nothing."""

import builtins

from core.script.flow.machine import UNREAD
from core.script.flow.made import Made
from core.script.flow.objects import Const, External, Instance, Items, Unknown
from core.script.settings.collected import Collected
from core.script.settings.given import Given, argument
from core.script.settings.no_setting import tell_others
from core.script.settings.own_callbacks import SCHEDULE, STOPPING, bases_of, tell_own
from core.script.settings.story import Story
from core.script.settings.trainings import callbacks_of

PLATEAU = "training.reduce_on_plateau"

_HARMLESS = (
    *("TensorBoard", "CSVLogger", "ModelCheckpoint", "TerminateOnNaN", "History", "ProgbarLogger", "BaseLogger"),
    *("BackupAndRestore", "RemoteMonitor", "LambdaCallback", "Callback", "CallbackList"),
    *("TqdmCallback", "TQDMProgressBar", "TQDMNotebookCallback", "EpochDots", "PlotLossesCallback"),
    *("PlotLossesKeras", "PlotLossesKerasTF", "WandbCallback", "WandbMetricsLogger", "WandbModelCheckpoint"),
    *(
        "WandbEvalCallback",
        "MlflowCallback",
        "NeptuneCallback",
        "DVCLiveCallback",
        "AimCallback",
        "KerasMetricCallback",
    ),
)
_SCHEDULES = ("LearningRateScheduler", "CyclicLR", "OneCycle", "OneCycleLR", "WarmUpCosineDecayScheduler")
_HALF = 0.5
_LOWEST_RATE = 1e-7
"""The rate below which a run does not go on a plateau."""


def fill_callbacks(story: Story, found: Collected) -> None:
    """Writes what the callbacks of the trainings do."""
    kinds = {one.kind: one for one in reversed(story.callbacks)}
    _early_stopping(found, kinds.get("EarlyStopping"))
    _plateau(found, kinds.get("ReduceLROnPlateau"))
    for one in story.callbacks:
        if one.kind in _SCHEDULES:
            told = f"{one.kind}: there is no setting for a custom learning-rate function"
            found.beyond(SCHEDULE, told, one.line, nearest="none")
        elif one.kind not in ("EarlyStopping", "ReduceLROnPlateau", *_HARMLESS):
            found.note(one.line, f"{one.kind}: there is no setting for it")
        tell_own(found, one)
        if one.kind == "LambdaCallback":
            _unknown_functions(found, one)
    _others(story, found)


def _others(story: Story, found: Collected) -> None:
    """Callbacks that are objects of the script's own classes, or that cannot be read."""
    told: set[int] = set()
    for fit in story.fits:
        given = argument(found.script, fit, "callbacks")
        if isinstance(given.value, Items) and given.value.more:
            found.ask(STOPPING, _unread(found, given), given.line)
        for one in callbacks_of(given.value):
            if isinstance(one, Instance) and id(one.made_by) not in told:
                told.add(id(one.made_by))
                _own(found, one)
            elif not isinstance(one, (Instance, Made, Const)):
                found.ask(STOPPING, _unread(found, given), given.line)


def _unknown_functions(found: Collected, made: Made) -> None:
    for name, value in made.arguments.items():
        is_name = isinstance(value, External) and "." not in value.name and not hasattr(builtins, value.name)
        if is_name or isinstance(value, Unknown):
            given = argument(found.script, made, name)
            told = "what it does is known only when the script runs"
            found.note(given.line, f"{name}={given.text} of {made.kind}: {told}")


def _unread(found: Collected, given: Given) -> str:
    return f"{found.script.where(given.line)}: {given.text or 'callbacks'} is known only when the script runs"


def _own(found: Collected, callback: Instance) -> None:
    """An object of a class of the script, which does what its code and the class that it is made from do."""
    node, kinds = callback.made_by.node, {one.short for one in bases_of(callback)}
    tell_own(found, callback)
    for kind, key in (("EarlyStopping", STOPPING), ("ReduceLROnPlateau", PLATEAU)):
        if kind in kinds:
            why = f"{node.name} is the script's own kind of {kind}"
            found.ask(key, f"{found.script.where(node.lineno)}: {why}", node.lineno)
    for other in kinds - {*_HARMLESS, *_SCHEDULES, "EarlyStopping", "ReduceLROnPlateau", "object"}:
        found.note(node.lineno, f"{node.name} is made from {other}: there is no setting for it")
    if kinds & set(_SCHEDULES):
        told = f"{node.name}: there is no setting for a custom learning-rate function"
        found.beyond(SCHEDULE, told, node.lineno, nearest="none")


def _early_stopping(found: Collected, made: Made | None) -> None:
    if made is None:
        found.leave_out(STOPPING, 0, "no EarlyStopping: all epochs are trained")
        return
    patience = argument(found.script, made, "patience")
    found.take(STOPPING, patience, 0, "no patience")
    if UNREAD in made.arguments:
        return
    if patience.value is None or patience.whole == 0:
        told = "EarlyStopping without patience ends after the first epoch that is no better"
        found.beyond(STOPPING, told, patience.line or made.line, nearest=1)
    baseline = argument(found.script, made, "baseline")
    if baseline.stated:
        told = f"EarlyStopping waits for a loss better than {baseline.text}; there is no setting for it"
        found.beyond(STOPPING, told, baseline.line, nearest=patience.whole or 1)
    _monitored(found, made)
    restores = argument(found.script, made, "restore_best_weights")
    if restores.known is not True:
        found.note(
            made.line,
            "EarlyStopping keeps the last epoch's weights (no restore_best_weights); Parity keeps "
            "those of the best epoch",
        )
    tell_others(found, made, "monitor", "mode", "patience", "baseline", "restore_best_weights")


def _monitored(found: Collected, made: Made) -> None:
    """What a callback looks at: a run looks at the loss of validation, which is better where it is less."""
    monitor, mode = argument(found.script, made, "monitor"), argument(found.script, made, "mode")
    if monitor.stated and monitor.known != "val_loss":
        found.note(monitor.line, f"{made.kind} monitors {monitor.text}; Parity monitors val_loss")
    elif mode.stated and mode.known not in ("auto", "min"):
        found.note(mode.line, f"mode={mode.text} of {made.kind}; in a run a lower val_loss is better")


def _plateau(found: Collected, made: Made | None) -> None:
    key = PLATEAU
    if made is None:
        return
    if UNREAD in made.arguments:
        found.ask(key, f"{found.script.where(made.line)}: its arguments are known only when the script runs", made.line)
        return
    _monitored(found, made)
    _rest_of_plateau(found, made)
    patience, factor = argument(found.script, made, "patience"), argument(found.script, made, "factor")
    epochs = patience.whole if patience.stated else 10
    if epochs is None:
        found.ask(key, patience.why, patience.line)
        return
    share = factor.number if factor.stated else 0.1
    if share is None or abs(share - _HALF) > 1e-9:
        told = (
            f"multiplies the rate by {share:g}"
            if share is not None
            else "lowers the rate by a factor that is not known"
        )
        found.beyond(key, f"ReduceLROnPlateau {told}; Parity halves it", made.line, nearest=max(1, epochs))
        return
    found.state(key, epochs, *dict.fromkeys((patience.line if patience.stated else made.line, made.line)))


def _rest_of_plateau(found: Collected, made: Made) -> None:
    lowest = argument(found.script, made, "min_lr")
    if lowest.stated and (lowest.number is None or lowest.number > _LOWEST_RATE):
        told = f"min_lr={lowest.text} of ReduceLROnPlateau: a run halves the rate down to {_LOWEST_RATE:g}"
        found.note(lowest.line, told)
    least = argument(found.script, made, "min_delta", "epsilon")
    usual = ("min_delta", "epsilon") if not least.stated or least.number in (0, 1e-4) else ()
    tell_others(found, made, "monitor", "mode", "factor", "patience", "min_lr", *usual)
