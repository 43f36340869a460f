"""Bisect job: trains its trials one after the other in one process (one TensorFlow import, one feature cache)."""

import gc
import os
import traceback

import keras
import tensorflow as tf

from core import files
from core.bisect.runner import BisectRunner
from core.bisect.store import Bisect
from core.engine.jobs.head_trials import HeadTrials
from core.engine.reporter import Reporter
from core.engine.train.training import train
from core.errors import UserError
from core.store.folder import JobFolder
from core.store.runs import STATUSES, Run
from core.store.status import NOTHING_TRAINED


class TrialReporter(Reporter[Run]):
    """What a trial has to say goes into its own run folder; a stop of the whole bisect stops it too.

    Args:
        run: Run. The trial's.
        whole: Reporter. The bisect's.
    """

    def __init__(self, run: Run, whole: Reporter[JobFolder]) -> None:
        super().__init__(run)
        self._whole = whole

    def stop_requested(self) -> bool:
        """Whether somebody asked this trial or the bisect to stop."""
        return super().stop_requested() or self._whole.stop_requested()


def bisect(reporter: Reporter[Bisect]) -> tuple[str, str]:
    """Works on a bisect to its verdict, to a stop, or to the end of its budget.

    Args:
        reporter: Reporter. Of a bisect whose worker has just got its turn.

    Returns:
        The final status, `finished` or `stopped`, and a sentence for the person.

    Raises:
        UserError: the two runs cannot be held against each other any more.
    """
    reporter.set_status(status="running", message="Comparing the settings of the two runs.")
    trials = HeadTrials()
    return BisectRunner(
        reporter.run,
        lambda run: train_trial(run, reporter, trials),
        reporter.stop_requested,
        lambda text: reporter.set_status(message=text),
    ).work()


def train_trial(run: Run, whole: Reporter[JobFolder], trials: HeadTrials | None = None) -> str:
    """Trains one trial in this process; a trial that fails ends itself, not the bisect.

    Args:
        run: Run. The trial's.
        whole: Reporter. The bisect's.
        trials: HeadTrials. Trains trials with a frozen backbone, and keeps no model of them. Defaults to none: every
            trial is trained like any run.
    """
    lock = files.Lock(run.path / "lock")
    lock.acquire(timeout=5)
    reporter = TrialReporter(run, whole)
    reporter.set_status(status="starting", pid=os.getpid(), message=STATUSES["starting"])
    reporter.start_heartbeat()
    try:
        status = _trained(run, reporter, trials)
        reporter.finish(status, _last_word(run, status))
    except UserError as error:
        reporter.finish(status := "failed", str(error), fault="user")
    except (tf.errors.OpError, RuntimeError, ValueError, TypeError, MemoryError, OSError):
        traceback.print_exc()  # into the bisect's worker.log
        reporter.finish(status := "failed", "Failed inside; worker.log of the bisect says more.", fault="program")
    finally:
        reporter.close()
        lock.release()
        if trials is None or not trials.takes(run.config()):
            keras.backend.clear_session()  # or the graphs of all trials would pile up
            gc.collect()
            if trials:
                trials.forget()
    return status


def _trained(run: Run, reporter: Reporter[Run], trials: HeadTrials | None) -> str:
    status = trials.train(reporter) if trials and trials.takes(run.config()) else ""
    return status or train(reporter, with_reference=False)


def _last_word(run: Run, status: str) -> str:
    if run.has_model() or status == "stopped":
        return STATUSES[status] if run.has_model() else NOTHING_TRAINED
    return "Finished. Its figures are kept; its model is not, as it is one of many trainings of a search."
