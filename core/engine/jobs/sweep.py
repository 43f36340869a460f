"""Trains the arms of a sweep one after the other in one process: one TensorFlow import, one feature cache."""

from core.engine.jobs.bisect import train_arm
from core.engine.reporter import Reporter
from core.sweep.runner import SweepLedger
from core.sweep.store import Sweep


def sweep(reporter: Reporter) -> tuple[str, str]:
    """Works on a sweep to its last arm, to a stop, or to the end of its budget.

    Args:
        reporter: Reporter. Of a sweep whose worker has just got its turn.

    Returns:
        The final status, `finished` or `stopped`, and a sentence for the person.

    Raises:
        UserError: the sweep cannot be read.
    """
    reporter.say(status="running", message="Begins with the first arm.")
    return SweepLedger(
        Sweep(reporter.run.path),
        lambda run: train_arm(run, reporter),
        reporter.stop_requested,
        lambda text: reporter.say(message=text),
    ).work()
