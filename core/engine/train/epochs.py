"""Trains phase after phase, epoch after epoch; after each a checkpoint to go on from, a line of figures and a trace."""

import time
from typing import Any

from core.data.pipeline import in_use
from core.engine.train.batch_watch import BatchWatch
from core.engine.train.checkpoint import BackgroundSaves, Checkpoint, CheckpointFolder, Progress
from core.engine.train.context import TrainingContext
from core.engine.train.early_stopping import judge, reduced
from core.engine.train.epoch_figures import EpochFigures, validation_loss
from core.engine.train.event_files import EventFiles
from core.engine.train.phases import Phase, Planned, order, plan
from core.engine.train.run_costs import RunCosts
from core.engine.train.trace import TraceWriter
from core.engine.train.tracking import Tracking
from core.engine.train.variables import arrays, assign, rate_of
from core.errors import RunError


class Training:
    """Epoch after epoch, phase after phase, with a checkpoint after each epoch.

    Args:
        context: TrainingContext.
        tracking: Tracking. Hears of every epoch.
        run_costs: RunCosts. Hears of every epoch, and says what is left.

    Attributes:
        phase: Phase or None. The phase it is at.
        progress: Progress. How far it has come.
        stopped: bool. Whether the person stopped it.
        has_learnt: bool. Whether at least one batch was trained on, now or before a resume.
    """

    def __init__(self, context: TrainingContext, tracking: Tracking, run_costs: RunCosts) -> None:
        run = context.reporter.run
        self.run_costs = run_costs
        self.context, self.reporter, self.tracking = context, context.reporter, tracking
        self.checkpoints = CheckpointFolder(run.path / "resume")
        self.saves = BackgroundSaves(self.checkpoints)
        self.event_files = EventFiles(run.path / "tensorboard")
        self.trace = TraceWriter(context)
        self.phase: Phase | None = None
        self.progress = Progress()
        self.stopped = self.has_learnt = False
        self._best: list[Any] = []
        self._durations: list[float] = []
        self._broken_off = False

    def run_all(self) -> None:
        """Runs every phase that is not complete yet; the last checkpoint is on the disk when it returns or raises."""
        try:
            self._run_phases(self._stored())
        finally:
            self.saves.close()
        self.trace.end()

    def _run_phases(self, stored: Checkpoint | None) -> None:
        # A plan is a function of the settings, so a resume needs only the name of the phase that its checkpoint is of.
        # A phase's network is built when its turn comes: it starts from the weights that the phases before have left in
        # the shared base and head. Phases before the checkpoint's are skipped: its arrays hold what they have learned.
        planned = plan(self.context)
        first = self._index(stored, [phase.name for phase in planned]) if stored else 0
        for index in range(first, len(planned)):
            later = sum(phase.epochs for phase in planned[index + 1 :])
            self.phase = self._make(planned[index])
            self._begin(self.phase, stored)
            stored = None  # of one phase only: later ones begin with a fresh optimizer
            self._run_phase(self.phase, later)
            if self.stopped:
                break

    def _make(self, planned: Planned) -> Phase:
        """Makes a phase; what it takes before its first epoch is part of its cost."""
        context, before = self.context, self.context.seconds["features"]
        self.reporter.foretell(self.run_costs.from_phase(planned.name, context))
        phase = planned.make()
        if phase.stage:
            self.run_costs.before_epochs(phase.name, context.seconds["features"] - before)
        return phase

    def _index(self, stored: Checkpoint, names: list[str]) -> int:
        """Which phase of the plan a checkpoint is of."""
        if stored.progress.phase not in names:
            raise RunError(
                f"the checkpoint of run {self.reporter.run.id} is of “{stored.progress.phase}”, which its settings do "
                "not have, so it cannot go on; start a new run"
            )
        return names.index(stored.progress.phase)

    def _stored(self) -> Checkpoint | None:
        """The checkpoint to go on from; never silently a fresh start where epochs were finished before."""
        run = self.reporter.run
        stored, finished = self.checkpoints.load(), len(run.epochs())
        if stored is None and finished > 1:  # one: its worker was killed before the first checkpoint
            raise RunError(
                f"run {run.id} has finished {finished} epochs, but its checkpoint (the folder resume) is gone, so it "
                "cannot go on; start a new run with the same settings"
            )
        if stored and self.checkpoints.fell_back:
            self.reporter.event("checkpoint damaged", used=stored.progress.epoch)
        return stored

    def description(self) -> str:
        """Which weights the model has, in words."""
        if self._broken_off:
            return f"stopped in epoch {self.progress.epoch + 1}"
        if self._best and self.progress.best_epoch != self.progress.epoch:
            return f"epoch {self.progress.best_epoch}, the best"
        return f"epoch {self.progress.epoch}, the last"

    def _begin(self, phase: Phase, stored: Checkpoint | None) -> None:
        self.progress, self._best = Progress(phase=phase.name, epoch=self.progress.epoch, start=self.progress.epoch), []
        self._durations = []
        if stored:
            assign(phase.variables(), stored.arrays)
            self.progress, self._best = stored.progress, stored.best
            self.has_learnt = True
            self.reporter.event("resumed", epoch=self.progress.epoch)
        elif phase.stage:
            message = phase.stage.beginning(self.progress.epoch + 1, self.context.config.training.finetune_stages)
            self.reporter.event("stage", stage=phase.stage.number, block=phase.stage.block, message=message)

    def _run_phase(self, phase: Phase, later: int) -> None:
        """Trains to the phase's end; `later` epochs at most follow in other phases."""
        last = self.progress.start + phase.epochs
        self.reporter.set_status(epoch=self.progress.epoch, epochs=last + later)
        while not self.progress.complete and self.progress.epoch < last:
            started, features = time.monotonic(), self.context.seconds["features"]
            logs = self._fit_epoch(phase, self.progress.epoch, last, later)
            if self._broken_off:
                self.stopped = True
                return
            record = self._validate(phase, logs)
            seconds = time.monotonic() - started
            learning = seconds - (self.context.seconds["features"] - features)
            self.context.seconds["training"] += learning
            self._durations.append(learning)
            self.run_costs.epoch(phase.name, learning)
            self._finish_epoch(phase, record, seconds, last)
            if self.reporter.stop_requested():
                self.stopped = True
                return
        if self._best and self.progress.best_epoch != self.progress.epoch:
            assign(phase.learned.variables, self._best)

    def _fit_epoch(self, phase: Phase, epoch: int, last: int, later: int) -> dict[str, float]:
        """One epoch is one `fit`: the data of an epoch are made for it, so nothing has to count epochs but this."""
        costs = self.run_costs
        self.reporter.foretell(costs.later(phase.name, last - epoch, self._durations))  # while features are computed
        data = phase.data(epoch)
        message = (
            f"{f'Fine-tuning {phase.stage.words}: epoch' if phase.stage else 'Epoch'} {epoch + 1} of {last + later}."
        )
        if self.checkpoints.fell_back:
            message += " The newest checkpoint was damaged; it went on from the one before."
        after = costs.later(phase.name, 0, ()) + costs.missing_features(phase.name, self.context, epoch)
        eta = costs.later(phase.name, last - epoch, self._durations) - costs.later(phase.name, 0, ())
        self.reporter.phase(
            phase.name, message, epoch=epoch + 1, epochs=last + later, batch=0, batches=len(data), eta_seconds=eta,
            later_seconds=after,
        )  # fmt: skip
        left = last - epoch - 1  # later phases take as long as they take: an epoch of this one says nothing of them
        watch = BatchWatch(self.reporter, self.context.config.data.batch_size, left, self._durations)
        with in_use(data):
            batches = order(self.context, epoch)
            callbacks = [watch, self.trace.begin_epoch(epoch, batches, data, moving=phase.learned is phase.model)]
            history = phase.model.fit(
                phase.stream.of(data),
                initial_epoch=epoch,
                epochs=epoch + 1,
                shuffle=False,
                verbose=0,
                callbacks=callbacks,
            ).history
        self.has_learnt = self.has_learnt or watch.done > 0
        self._broken_off = watch.done < len(data)
        return {name: float(history[name][-1]) for name in ("loss", "accuracy", "auc")}

    def _validate(self, phase: Phase, logs: dict[str, float]) -> EpochFigures:
        """The epoch's figures, on training and validation; the trace takes them in too."""
        validation = self.context.dataset.split.val
        labels, observed = self.context.dataset.labels(validation), phase.observe(validation)
        loss = validation_loss(self.context.config.training, labels, observed, phase.model)
        record = EpochFigures.of(logs, rate_of(phase.model), labels, observed.probabilities, loss)
        self.trace.end_epoch(phase.name, self.progress.epoch + 1, record, observed)
        return record

    def _finish_epoch(self, phase: Phase, record: EpochFigures, seconds: float, last: int) -> None:
        self.saves.wait()  # a run has at most one epoch whose checkpoint is not on the disk yet
        self.progress = judge(self.progress, record.val_loss, self.context.config.training.early_stopping, last)
        if self.context.config.training.early_stopping and self.progress.waited == 0:
            self._best = arrays(phase.learned.variables)
        self._reduce_rate(phase)
        # The record first: of an epoch whose checkpoint is lost it comes again, of one without a record it never would.
        self.reporter.event("epoch", epoch=self.progress.epoch, phase=phase.name, seconds=seconds, **record._asdict())
        self.saves.begin(Checkpoint(self.progress, arrays(phase.variables()), self._best))
        self.event_files.write(self.progress.epoch, record)
        self.tracking.epoch(self.progress.epoch, record)

    def _reduce_rate(self, phase: Phase) -> None:
        """Halves the rate on a plateau: one of the optimizer's variables, so the checkpoint that follows has it."""
        if self.context.config.training.schedule != "none":
            return  # the rate is a function of the step
        before = rate_of(phase.model)
        after = reduced(before, self.progress, self.context.config.training.reduce_on_plateau)
        if after == before or self.progress.complete:
            return
        phase.model.optimizer.learning_rate.assign(after)
        message = (
            f"The learning rate goes from {before:.3g} to {after:.3g} after epoch {self.progress.epoch}: "
            f"the validation loss was lowest in epoch {self.progress.best_epoch}."
        )
        self.reporter.event("learning rate", epoch=self.progress.epoch, rate=after, message=message)
