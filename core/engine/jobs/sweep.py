"""Sweep job: trains its trials one after the other in one process (one TensorFlow import, one feature cache)."""

from core.engine.jobs.bisect import train_trial
from core.engine.reporter import Reporter
from core.sweep.runner import SweepRunner
from core.sweep.store import Sweep


def sweep(reporter: Reporter[Sweep]) -> tuple[str, str]:
    """Works on a sweep to its last trial, to a stop, or to the end of its budget.

    Args:
        reporter: Reporter. Of a sweep whose worker has just got its turn.

    Returns:
        The final status, `finished` or `stopped`, and a sentence for the person.

    Raises:
        UserError: the sweep cannot be read.
    """
    reporter.set_status(status="running", message="Starting the first trial.")
    return SweepRunner(
        reporter.run,
        lambda run: train_trial(run, reporter),
        reporter.stop_requested,
        lambda text: reporter.set_status(message=text),
    ).work()
