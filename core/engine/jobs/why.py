"""Why job: has both scripts' trainings done, then the search between them, then the repaired script's training.

It loads no TensorFlow and takes no place: each step is a job with a worker of its own, as in the puzzle.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.bisect.measured import Measured
from core.bisect.store import Bisect, BisectSpec, BisectStore
from core.engine.jobs.steps import EndedEarly, carry_out
from core.engine.reporter import Reporter
from core.store.runs import Run, RunStore
from core.why.answer import answer_of, bisected, faulty, worse_of
from core.why.editable import unified_diff
from core.why.repair_client import repaired_text
from core.why.side import ScriptSide, read_side
from core.why.store import Why
from core.why.unexpressed import blamed

_WORDS = ("Step 1 of 4: training as the first script does.", "Step 2 of 4: training as the second script does.")
_SEARCHES = "Step 3 of 4: searching for the setting that causes the difference."
_REPAIRS = "Step 4 of 4: searching for the smallest change to the script, and training the repaired script."


def explain(reporter: Reporter[Why]) -> tuple[str, str]:
    """Carries a question on from wherever it is, to its answer or to a stop.

    Args:
        reporter: Reporter. Of a question whose worker has just begun.

    Returns:
        The final status, and a sentence for the person.

    Raises:
        UserError: a training or the search has failed for a reason that the person can put right.
    """
    reporter.set_status(status="running", message=_WORDS[0], started=time.time())
    why = reporter.run
    try:
        carry_out(reporter, why.runs(), _WORDS)
        carry_out(reporter, (_bisect_between(why),), (_SEARCHES,))
        reporter.set_status(message=_REPAIRS)
        if repaired := _repaired(why):
            carry_out(reporter, (repaired,), (_REPAIRS,))
    except EndedEarly as end:
        status, message = end.args
        return str(status), str(message)
    return "finished", str(answer_of(why)["sentence"] or "The search has ended.")


def _bisect_between(why: Why) -> Bisect:
    """The search of this question: one that is there, or a new one."""
    a, b = why.runs()
    bisect = BisectStore().between(a, b) or BisectSpec(a, b, why.budget_minutes()).make(why.owner())
    why.write_result({**why.result(), "bisect": bisect.id})
    return bisect


def _repaired(why: Why) -> Run | None:
    """The training of the repaired script; None where nothing is to be repaired, or no small change does it."""
    if known := why.result().get("repaired"):
        return RunStore().by_id(str(known.get("run") or ""))
    found, sides = bisected(why), why.sides()
    faults, bad = blamed(found, sides), worse_of(found)
    if faults:
        bad = faulty(sides, faults[0])
    if bad is None or not sides[bad].text:
        return None
    keys = () if faults else Measured(found).smallest_cure(found.get("factors") or ())
    return _try_out(why, bad, keys, faults)


def _try_out(why: Why, side: int, keys: Sequence[str], faults: Sequence[str]) -> Run | None:
    bad, good = why.sides()[side], why.sides()[1 - side]
    text, left = repaired_text(bad, good, keys, [one["id"] for one in bad.faults() if one["id"] in faults])
    fault = faults[0] if faults else ""
    record: dict[str, Any] = {"side": side, "run": "", "text": "", "diff": "", "left": left, "fault": fault}
    run = None
    if text != bad.text:
        run = _run_of(why, read_side(text.encode(), bad.name, bad.config.dataset), bad)
        record |= {"run": run.id, "text": text, "diff": unified_diff(bad.name, bad.text, text)}
    why.write_result({**why.result(), "repaired": record})
    return run


def _run_of(why: Why, repaired: ScriptSide, bad: ScriptSide) -> Run:
    """A new run of what the repaired script says, or that of the script where no setting was at fault.

    Raises:
        UserError: the reader refuses the repaired script.
    """
    if repaired.config.settings() == bad.config.settings():
        return next(run for run, side in zip(why.runs(), why.sides(), strict=True) if side.text == bad.text)
    return RunStore().create(replace(repaired.config, name=f"{bad.config.name[:80]}, repaired"), why.owner())
