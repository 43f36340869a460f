"""Orients a bisect's result: exchanges A and B where the person holds the two runs the other way round."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.store.bisect_record import BisectFacts, BisectResult, BisectTrial
    from core.store.job_records import Side


_OTHER: "dict[str, Side]" = {"a": "b", "b": "a"}


def seen_from(result: "BisectResult", first: str) -> "BisectResult":
    """A bisect's result in which A is the run of that id.

    Args:
        result: dict. As in result.json; empty before there is one.
        first: str. Id of the run that the person calls A.

    Returns:
        The result itself where it says so already or knows nothing of that run; else a copy with the sides exchanged.
    """
    runs = list(result.get("runs", []))
    if len(runs) != 2 or runs[1] != first:
        return result
    noise = result["noise"]
    everything = set(result["candidates"])
    return {
        **result,
        "runs": runs[::-1],
        "titles": list(result["titles"])[::-1],
        "good": _OTHER.get(result["good"], ""),
        "noise": {**noise, "a": noise["b"], "b": noise["a"]},
        "tests": [{**test, "base": _OTHER[test["base"]]} for test in result["tests"]],
        "arms": [_exchanged(trial, everything) for trial in result["arms"]],
        **_newer(result, everything),
    }


def _newer(result: "BisectResult", everything: set[str]) -> "BisectFacts":
    """What results of older versions do not have."""
    if "measured" not in result:
        return {}
    auc = result["auc"]
    return {
        "auc": {**auc, "a": auc["b"], "b": auc["a"]},
        "values": {key: {"a": pair["b"], "b": pair["a"]} for key, pair in result["values"].items()},
        "measured": [{**trial, "from_b": sorted(everything - set(trial["from_b"]))} for trial in result["measured"]],
        "note": re.sub(
            r"\b([Rr]un) ([AB])\b", lambda match: f"{match[1]} {_OTHER[match[2].lower()].upper()}", result["note"]
        ),
    }


def _exchanged(trial: "BisectTrial", everything: set[str]) -> "BisectTrial":
    base = _OTHER[trial["base"]]
    name = f"{base.upper()}{trial['name'][1:]}"  # "A again, …" or "A with …"
    return {**trial, "base": base, "name": name, "from_b": sorted(everything - set(trial["from_b"]))}
