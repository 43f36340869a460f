"""Puzzle job: has its two trainings done, then the search between them; each with a worker of its own.

It loads no TensorFlow and takes no place: a puzzle goes on whether or not a page of it is open.
"""

import time

from core.bisect.store import Bisect, BisectSpec, BisectStore
from core.engine.jobs.steps import EndedEarly, carry_out
from core.engine.reporter import Reporter
from core.start.puzzle import Puzzle

_WORDS = ("Step 1 of 3: training the bottleneck head.", "Step 2 of 3: training the same head, full pass.")
_SEARCHES = "Step 3 of 3: searching for the setting that causes the difference."


def solve(reporter: Reporter[Puzzle]) -> tuple[str, str]:
    """Carries a puzzle on from wherever it is, to its verdict or to a stop.

    Args:
        reporter: Reporter. Of a puzzle whose worker has just begun.

    Returns:
        The final status, and a sentence for the person.

    Raises:
        UserError: a training or the search has failed for a reason that the person can put right.
    """
    reporter.set_status(status="running", message=_WORDS[0], started=time.time())
    runs = reporter.run.runs()
    try:
        carry_out(reporter, runs, _WORDS)
        bisect = _bisect_between(reporter)
        carry_out(reporter, (bisect,), (_SEARCHES,))
    except EndedEarly as end:
        status, message = end.args
        return str(status), str(message)
    return "finished", str(bisect.result().get("sentence") or "The search has ended.")


def _bisect_between(reporter: Reporter[Puzzle]) -> Bisect:
    """The search of this puzzle: one that is there, as when a person has begun it, or a new one."""
    a, b = reporter.run.runs()
    bisect = BisectStore().between(a, b) or BisectSpec(a, b).make(reporter.run.owner())
    reporter.run.write_result({"bisect": bisect.id})
    return bisect
