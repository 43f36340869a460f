"""Settings of callbacks: early stopping, reduction on a plateau; what others do, and which change nothing."""

from core.script.flow.made import Made
from core.script.settings.collected import Collected
from core.script.settings.given import argument
from core.script.settings.story import Story

_HARMLESS = (
    "TensorBoard",
    "CSVLogger",
    "ModelCheckpoint",
    "TerminateOnNaN",
    "History",
    "ProgbarLogger",
    "BackupAndRestore",
    "BaseLogger",
    "TqdmCallback",
    "WandbCallback",
    "WandbMetricsLogger",
    "RemoteMonitor",
)
_HALF = 0.5


def fill_callbacks(story: Story, found: Collected) -> None:
    """Writes what the callbacks of the trainings do."""
    kinds = {one.kind: one for one in reversed(story.callbacks)}
    _early_stopping(found, kinds.get("EarlyStopping"))
    _plateau(found, kinds.get("ReduceLROnPlateau"))
    for one in story.callbacks:
        if one.kind in ("LearningRateScheduler", "CyclicLR", "OneCycle", "OneCycleLR", "WarmUpCosineDecayScheduler"):
            found.beyond(
                "training.schedule",
                f"{one.kind}: there is no setting for a custom learning-rate function",
                one.line,
                nearest="none",
            )
        elif one.kind == "SWA" or "MovingAverage" in one.kind:
            found.note(one.line, f"{one.kind}: there is no setting for it")


def _early_stopping(found: Collected, made: Made | None) -> None:
    key = "training.early_stopping"
    if made is None:
        found.leave_out(key, 0, "no EarlyStopping: all epochs are trained")
        return
    patience = argument(found.script, made, "patience")
    found.take(key, patience, 0, "no patience")
    if patience.value is None:
        found.beyond(
            key, "EarlyStopping without patience ends after the first epoch that is no better", made.line, nearest=1
        )
    monitor = argument(found.script, made, "monitor")
    if monitor.stated and monitor.known != "val_loss":
        found.note(monitor.line, f"EarlyStopping monitors {monitor.text}; Parity monitors val_loss")
    restores = argument(found.script, made, "restore_best_weights")
    if restores.known is not True:
        found.note(
            made.line,
            "EarlyStopping keeps the last epoch's weights (no restore_best_weights); Parity keeps "
            "those of the best epoch",
        )


def _plateau(found: Collected, made: Made | None) -> None:
    key = "training.reduce_on_plateau"
    if made is None:
        return
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
    monitor = argument(found.script, made, "monitor")
    if monitor.stated and monitor.known != "val_loss":
        found.note(monitor.line, f"ReduceLROnPlateau monitors {monitor.text}; Parity monitors val_loss")
