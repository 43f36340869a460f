"""The trials of a bisect as pages and reports draw them: the trainings of one combination of settings as one row."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.store.bisect_record import BisectResult, BisectTrial, MeasuredTrial, TrialRow


def trial_rows(result: "BisectResult") -> "list[TrialRow]":
    """One row a combination of settings.

    Args:
        result: dict. As in result.json. Those of older versions have no means: there each training is a row.

    Returns:
        Rows with the keys of a trial, and `counted`, what to say of how many trainings it is of, and `trainings`.
    """
    trials = result.get("arms", [])
    if "measured" not in result:
        return [{**trial, "counted": "", "trainings": []} for trial in trials]
    means = {tuple(trial["from_b"]): trial for trial in result["measured"]}
    groups: dict[tuple[object, ...], list[BisectTrial]] = {}
    for trial in trials:
        groups.setdefault((bool(trial.get("own")) and trial.get("run"), *trial.get("from_b", [])), []).append(trial)
    return [_joined(group, means.get(tuple(group[0].get("from_b", [])))) for group in groups.values()]


def judged_by(result: "BisectResult") -> str:
    """What the values of the trials are: older versions took the best epoch's."""
    if "measured" not in result:
        return "Best validation accuracy"
    return "Test accuracy" if result.get("part") == "test" else "Validation accuracy"


def _joined(group: "Sequence[BisectTrial]", mean: "MeasuredTrial | None") -> "TrialRow":
    first = group[0]
    if first.get("own"):
        return {**first, "counted": ", not counted", "trainings": []}
    states = [str(trial.get("status", "waiting")) for trial in group]
    values = [value for trial in group if (value := trial.get("value")) is not None]
    done = states.count("finished")
    return {
        **first,
        "name": str(first.get("name", "")).split(", training.seed")[0],
        "counted": f", {done} seed{'' if done == 1 else 's'}" if done else "",
        "status": next((state for state in ("running", "finished", "waiting") if state in states), "failed"),
        "value": mean["value"] if mean else sum(values) / len(values) if values else None,
        "interval": mean["interval"] if mean else None,
        "seconds": sum(float(trial.get("seconds") or 0.0) for trial in group),
        "trainings": list(group),
    }
