"""Orients a bisect's result: exchanges A and B where the person holds the two runs the other way round."""

from typing import Any

Record = dict[str, Any]

_OTHER = {"a": "b", "b": "a"}


def seen_from(result: Record, first: str) -> Record:
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
    }


def _exchanged(trial: Record, everything: set[str]) -> Record:
    base = _OTHER[trial["base"]]
    name = f"{base.upper()}{trial['name'][1:]}"  # "A again, …" or "A with …"
    return {**trial, "base": base, "name": name, "from_b": sorted(everything - set(trial["from_b"]))}
