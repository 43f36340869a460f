"""The answer to why two scripts differ: verdict, lines in the two files, proof, diff, the repaired script."""

from collections.abc import Mapping
from typing import Any

from core.bisect.measured import UNMEASURED, Measured
from core.bisect.orient import seen_from
from core.stats.paired_seeds import Estimate
from core.store.runs import Run, RunStore
from core.why.side import NotExpressed, ScriptSide, row_of
from core.why.store import Why, bisect_of
from core.why.unexpressed import blamed, claim_of, hints

IN_SCRIPT = "in-script"
NOT_EXPRESSED = "not-expressed"

FINDING_GONE = "finding-gone"
"""What became of a script that alone was at fault; else one of the outcomes of `core.bisect.measured`."""

VERDICTS = {
    IN_SCRIPT: "The script itself is at fault; no setting is",
    NOT_EXPRESSED: "No configuration expresses a script",
}
"""What the verdicts of a bisect do not say."""


def answer_of(why: Why) -> dict[str, Any]:
    """The answer so far, as plain values.

    Args:
        why: Why.

    Returns:
        `{"verdict", "factors", "sentence", "lines": [{"file", "line", "text", "factor", "does"}], "diff", "repaired":
        {"file", "run", "accuracy", "before", "other", "left", "text", "outcome", "measure"} or None, "measure":
        {"name", "seeds", "scripts": [{"value", "interval", "seeds"}, ...]} or None, "accuracy", "runs", "bisect"}`.

    Raises:
        UserError: its files are damaged, or a run of it is gone.
    """
    sides, runs, result = why.sides(), why.runs(), why.result()
    found = bisected(why)
    measured, bad = Measured(found), worse_of(found)
    faults = blamed(found, sides)
    factors = faults or list(found.get("factors") or [])
    verdict = IN_SCRIPT if faults else "inconclusive" if _only_settings_agree(found, sides) else found.get("verdict")
    repaired = result.get("repaired")
    return {
        "why": why.id,
        "verdict": verdict,
        "factors": factors,
        "sentence": _sentence(found, sides, faults),
        "lines": [line for key in factors for line in _lines(sides, key)],
        "diff": str((repaired or {}).get("diff") or ""),
        "repaired": _repaired(repaired, sides, runs, measured) if repaired else None,
        "measure": _measure(measured),
        "scripts": [side.name for side in sides],
        "worse": sides[bad].name if bad is not None else None,
        "accuracy": [_accuracy(run) for run in runs],
        "runs": [run.id for run in runs],
        "bisect": why.bisect_id() or None,
    }


def not_expressed(error: NotExpressed) -> dict[str, Any]:
    """The answer where a script is not one that a configuration expresses."""
    return {
        "why": None,
        "verdict": NOT_EXPRESSED,
        "factors": list(dict.fromkeys(line["factor"] for line in error.lines)),
        "sentence": str(error),
        "lines": error.lines,
        "diff": "",
        "repaired": None,
        "measure": None,
    }


def bisected(why: Why) -> Mapping[str, Any]:
    """What the search has found so far, seen from the first script."""
    bisect = bisect_of(why)
    return seen_from(bisect.result(), why.runs()[0].id) if bisect else {}


def worse_of(found: Mapping[str, Any]) -> int | None:
    """Which of the two is worse, 0 or 1; None where neither is known to be."""
    return {"a": 1, "b": 0}.get(str(found.get("good") or "")) if found.get("factors") else None


def faulty(sides: tuple[ScriptSide, ScriptSide], fault: str) -> int:
    """Which of the two scripts has a fault."""
    return next(k for k, side in enumerate(sides) if any(one["id"] == fault for one in side.faults()))


def _sentence(found: Mapping[str, Any], sides: tuple[ScriptSide, ScriptSide], faults: list[str]) -> str:
    settings = str(found.get("sentence") or "")
    said = f"Of the settings: {settings}" if faults else settings
    for fault in faults:
        side = sides[faulty(sides, fault)]
        one = next(one for one in side.faults() if one["id"] == fault)
        said = f"{claim_of(side, one)} {said}"
    if hinted := hints(found, sides):
        untried = " ".join(hinted)
        if _only_settings_agree(found, sides):
            return f"The scripts differ where no setting does, which was not trained. {untried} Of the settings: {said}"
        return f"{said} Read in one script alone and not tried, as no setting expresses it: {untried}"
    return said


def _only_settings_agree(found: Mapping[str, Any], sides: tuple[ScriptSide, ScriptSide]) -> bool:
    """Whether the settings of both make no difference, but the scripts differ in something else: no answer on that."""
    return found.get("verdict") == "no-difference" and bool(hints(found, sides))


def _lines(sides: tuple[ScriptSide, ScriptSide], key: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for side in sides:
        rows += [row_of(one, key, side.why(key)) for one in side.lines(key)]
        rows += [row_of(side.line_at(one["evidence"]), key, one["claim"]) for one in side.faults() if one["id"] == key]
    return rows


def _measure(measured: Measured) -> dict[str, Any] | None:
    """What decided: the mean of each script's settings over the seeds, by the measure of the search."""
    ends = measured.ends()
    if not all(end.seeds for end in ends):
        return None
    return {"name": measured.name, "seeds": min(end.seeds for end in ends), "scripts": [_mean(end) for end in ends]}


def _mean(mean: Estimate) -> dict[str, Any]:
    """A share, and so is what its interval holds."""
    interval = [max(0.0, mean.low), min(1.0, mean.high)] if mean.seeds > 1 else None
    return {"value": mean.value, "interval": interval, "seeds": mean.seeds}


def _repaired(
    record: Mapping[str, Any], sides: tuple[ScriptSide, ScriptSide], runs: tuple[Run, Run], measured: Measured
) -> dict[str, Any]:
    bad = 1 if record.get("side") == 1 else 0
    run = RunStore().by_id(str(record.get("run") or ""))
    fault = str(record.get("fault") or "")
    trial = measured.trial_of(runs[1 - bad], run) if run and not fault else None
    mean = measured.mean(trial) if trial is not None else None
    return {
        "file": sides[bad].name,
        "run": str(record.get("run") or "") or None,
        "accuracy": _accuracy(run) if run else None,
        # The script of a finding is not run itself: what was trained has its labels right, so it has no figure.
        "before": None if fault else _accuracy(runs[bad]),
        "other": _accuracy(runs[1 - bad]),
        "left": list(record.get("left") or []),
        "text": str(record.get("text") or ""),
        "outcome": (FINDING_GONE if record.get("text") else UNMEASURED) if fault else measured.outcome(trial),
        "measure": _mean(mean) if mean and mean.seeds else None,
    }


def _accuracy(run: Run) -> float | None:
    """Of the saved model, on the validation images."""
    found = run.figures("val")
    return found.accuracy if found else None
