"""The answer of a search: its result from the heads that were trained, kept up to date after each."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.cross_validation.answers import read_fold
from core.data.folds import Folds
from core.search.candidates import candidate_name
from core.search.fine_tuned import describe_fine_tuned
from core.search.ranking import Pair, Scored, expected, pairs, ranked
from core.search.store import Search
from core.stats.metrics import EPSILON
from core.stats.percent import percent

if TYPE_CHECKING:
    from core.store.fold_records import FoldHead, SearchCandidate, SearchResult

Floats = NDArray[np.float64]


def begin(job: Search, folds: Folds, is_whole: "Callable[[int, FoldHead], bool]") -> "SearchResult":
    """The result so far, or an empty one.

    Args:
        job: Search.
        folds: Folds. Of the first repeat.
        is_whole: callable of the number of a candidate and one of its heads. Whether its answers are there; heads
            without are trained again.
    """
    before = job.result()
    rows: list[SearchCandidate] = [
        {
            "name": candidate_name(one), "settings": one, "state": "waiting", "reason": "", "heads": [],
            "figures": None, "milliseconds": None, "megabytes": None,
        }
        for one in job.candidates()
    ]  # fmt: skip
    if before and len(before["candidates"]) == len(rows):
        rows = before["candidates"]
    for number, row in enumerate(rows):
        row["heads"] = [head for head in row["heads"] if is_whole(number, head)]
        row["figures"] = None
        if row["state"] == "left_out":  # the budget may have grown
            row |= {"state": "waiting", "reason": "", "milliseconds": None}
    return {
        "id": job.id,
        "folds": job.folds(),
        "repeats": job.repeats(),
        "brought": job.brought(),
        "images": len(folds.files),
        "groups": len(folds.groups),
        "rung": before["rung"] if before else 0,
        "candidates": rows,
        "ranking": [],
        "pairs": [],
        "expected": None,
        "fine_tuned": before.get("fine_tuned") if before else None,
        "complete": False,
        "sentence": "",
        "cost": {},
    }


def waiting(record: "SearchResult", folds: int) -> list[tuple[int, float]]:
    """Candidates that are still in it, with their mean loss."""
    rows = enumerate(record["candidates"])
    return [
        (k, Scored(k, row["heads"], folds).mean_loss) for k, row in rows if row["state"] == "waiting" and row["heads"]
    ]


def most_heads(record: "SearchResult", cells: int) -> int:
    """Heads that are trained at most: those trained, and what the candidates still in it lack of `cells` folds."""
    rows = record["candidates"]
    lacking = sum(max(0, cells - len(row["heads"])) for row in rows if row["state"] == "waiting")
    return trained_heads(record) + lacking


def trained_heads(record: "SearchResult") -> int:
    """Heads trained so far, of all candidates."""
    return sum(len(row["heads"]) for row in record["candidates"])


def judge(record: "SearchResult", job: Search, classes: Sequence[str], folds: Folds, *, final: bool) -> None:
    """Ranks what was trained so far, and at the end of the work corrects the figure of the best.

    Args:
        record: SearchResult. Changed in place.
        job: Search. Its answers are read.
        classes: sequence of str.
        folds: Folds. Of the first repeat.
        final: bool. Whether nothing follows for now: the correction takes a second.
    """
    scored = [Scored(k, row["heads"], job.folds()) for k, row in enumerate(record["candidates"]) if row["heads"]]
    for one in scored:
        record["candidates"][one.number]["figures"] = one.figures
    order = ranked(scored)
    found = pairs(order)
    record["ranking"] = [one.number for one in order]
    record["pairs"] = [
        {
            "candidate": pair.number,
            "difference": pair.difference,
            "interval": list(pair.interval),
            "p_value": pair.p_value,
            "told_apart": pair.apart,
        }
        for pair in found
    ]
    if final and order and len(order[0].heads) >= job.folds():
        finalists = [one for one in order if len(one.heads) == len(order[0].heads)]
        right, losses = _answers(job, finalists, classes, folds)
        corrected = expected(right, losses, _group_numbers(folds))
        record["expected"] = {
            "value": corrected.value,
            "interval": list(corrected.interval),
            "optimism": corrected.optimism,
            "candidates": len(finalists),
        }
    record["sentence"] = describe(record, order, found)


def describe(record: "SearchResult", order: Sequence[Scored], found: Sequence[Pair]) -> str:
    """What the search has found, in words; empty before anything was trained."""
    if not order:
        return ""
    best = order[0]
    name, figures = record["candidates"][best.number]["name"], best.figures
    said = f"Best of {len(record['candidates'])}: {name}, {percent(figures['accuracy'])} of {record['images']:,} images"
    if chosen := record["expected"]:
        low, high = chosen["interval"]
        said += (
            f". As the best of several it is optimistic: expect {percent(chosen['value'])} on other images (95 % CI "
            f"{percent(low)} to {percent(high)})"
        )
    alike = sum(not pair.apart for pair in found if len(_of(order, pair).heads) == len(best.heads))
    if alike:
        said += f". These {alike + 1} are not distinguished by these images"
    return f"{said}. {describe_fine_tuned(record)}".strip()


def _of(order: Sequence[Scored], pair: Pair) -> Scored:
    return next(one for one in order if one.number == pair.number)


def _answers(job: Search, finalists: Sequence[Scored], classes: Sequence[str], folds: Folds) -> tuple[Floats, Floats]:
    """Of each finalist and image the share of repeats with the right answer, and the mean loss."""
    place = {file.path: k for k, file in enumerate(folds.files)}
    right, losses, seen = (np.zeros((len(finalists), len(place))) for _ in range(3))
    for row, one in enumerate(finalists):
        for head in one.heads:
            for said in read_fold(job.answers(one.number, head["repeat"], head["fold"]), classes):
                k, true = place[said.file], said.probabilities[list(classes).index(said.label)]
                right[row, k] += said.label == said.predicted
                losses[row, k] -= math.log(EPSILON if math.isnan(true) else min(max(true, EPSILON), 1 - EPSILON))
                seen[row, k] += 1
    return right / np.maximum(seen, 1), losses / np.maximum(seen, 1)


def _group_numbers(folds: Folds) -> NDArray[np.int64]:
    number = {file.path: k for k, group in enumerate(folds.groups) for file in group}
    return np.array([number[file.path] for file in folds.files], dtype=np.int64)
