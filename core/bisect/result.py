"""What a bisect keeps in result.json beside its verdict: two questions, an interval each, values, reasons."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from core.bisect.arm_values import Set
from core.bisect.balanced import balanced, balanced_sentence
from core.bisect.ends import DATASET
from core.bisect.factors import Factors
from core.bisect.notes import ended_early, note_of, same_images
from core.bisect.other_images import other_images
from core.bisect.reading import PARTS, Readings, judged, readings
from core.bisect.reasons import reasons_between
from core.bisect.search import Search
from core.compare.paired import same_pixels
from core.stats.paired_seeds import LEVELS, LOOKS, Estimate
from core.stats.percent import percent
from core.store.runs import Run, RunStore

if TYPE_CHECKING:
    from core.store.bisect_record import (
        AucGap,
        BisectFacts,
        BisectResult,
        BisectTrial,
        Gap,
        MeasuredTrial,
        OtherImages,
        ValuePair,
    )


class Facts:
    """What result.json says of one bisect.

    Args:
        a: Run.
        b: Run.
        factors: Factors. Between the two.
        part: str. `val` or `test`: what is judged.
    """

    def __init__(self, a: Run, b: Run, factors: Factors, part: str) -> None:
        self._runs, self._factors, self._part = (a, b), factors, part

    def values(self) -> dict[str, tuple[str, str]]:
        """Each factor's value in run A and in run B, in words."""
        ends = (self._factors.a.values, self._factors.b.values)
        return {key: (_said(key, ends[0][key]), _said(key, ends[1][key])) for key in self._factors.keys}

    def own_sentence(self) -> str:
        """What the two runs themselves have, where both were evaluated, and whether they came to their end."""
        found = [judged(run, self._part) for run in self._runs]
        early = ended_early(self._runs)
        if found[0] is None or found[1] is None:
            return early
        reached = f"{percent(found[0].accuracy)} and {percent(found[1].accuracy)}"
        return f"The two runs themselves reach {reached}.{early and f' {early}'}"

    def note_so_far(self, record: "BisectResult", search: Search) -> None:
        """Puts what is known while it is running into the result."""
        ends = [search.trials.known(trial, "accuracy") for trial in search.midpoint.both_ends()]
        spread = _spread([list(values.values()) for values in ends])
        record |= {
            "good": "a" if search.midpoint.good == "a" else "b" if search.midpoint.good else "",
            "gap": _gap(search.gap, search.midpoint.level),
            "noise": {"a": list(ends[0].values()), "b": list(ends[1].values()), "spread": spread},
            "auc": self._auc(search),
            "decided_by": search.midpoint.metric,
            "tests": search.tests,
            "measured": self._measured(search),
        }

    def note_at_the_end(self, record: "BisectResult", search: Search) -> None:
        """Puts what belongs to the verdict into the result."""
        self.note_so_far(record, search)
        record["other_images"] = self._other_images(search, record["arms"])
        if said := self._balanced(search, record):
            record["sentence"] = f"{record['sentence']} {said}"

    def before(self, margin: float) -> "BisectFacts":
        """What is known before anything was trained."""
        values: dict[str, ValuePair] = {key: {"a": a, "b": b} for key, (a, b) in self.values().items()}
        return {
            "part": self._part,
            "images": len(self._runs[0].data().part(self._part)),
            "margin": margin,
            "looks": list(LOOKS),
            "levels": list(LEVELS),
            "values": values,
            "why": reasons_between(self._factors.keys, self._factors.a, self._factors.b),
            "note": note_of(self._runs, self._factors, self._part),
            "same_images": same_images(self._factors.a, self._factors.b, self._part),
        }

    def _auc(self, search: Search) -> "AucGap":
        ends = [list(search.trials.known(trial, "auc").values()) for trial in search.midpoint.both_ends()]
        gap = search.auc_gap
        return {**_gap(gap, search.midpoint.level), "a": ends[0], "b": ends[1], "sentence": _auc_sentence(search, gap)}

    def _measured(self, search: Search) -> "list[MeasuredTrial]":
        """The mean of every trial, with the ends first."""
        found: list[MeasuredTrial] = []
        for trial, values in search.trials.found.items():
            mean = search.trials.contrast({trial: 1}, search.midpoint.level, "accuracy")
            aucs = list(search.trials.known(trial, "auc").values())
            if mean.seeds:
                found.append(
                    {
                        "from_b": sorted(trial),
                        "value": mean.value,
                        "interval": mean.share().to_list() if mean.seeds > 1 else None,
                        "auc": fmean(aucs) if aucs else None,
                        "seeds": mean.seeds,
                        "failed": sum(value is None for value in values.values()),
                    }
                )
        return found

    def _other_images(self, search: Search, trials: "Sequence[BisectTrial]") -> "OtherImages | None":
        """The second question, from the predictions of both ends."""
        if not search.midpoint.good or not search.factors:
            return None
        names = same_pixels(*self._runs, self._part)
        ends = [self._readings(trials, trial, names) for trial in search.midpoint.both_ends()]
        seeds = [seed for seed in search.trials.seeds if all(seed in end for end in ends)]
        good, bad = ends if search.midpoint.good == "a" else ends[::-1]
        return other_images([good[seed] for seed in seeds], [bad[seed] for seed in seeds], PARTS[self._part])

    def _balanced(self, search: Search, record: "BisectResult") -> str:
        """What balanced accuracy says against the accuracy; empty where it says nothing else."""
        if not search.midpoint.good or not search.factors or search.midpoint.metric != "accuracy":
            return ""
        ends = [
            {seed: found for seed, run in self._runs_of(record["arms"], trial) if (found := balanced(run, self._part))}
            for trial in search.midpoint.both_ends()
        ]
        good, bad = ends if search.midpoint.good == "a" else ends[::-1]
        return balanced_sentence(good, bad, record["factors"])

    def _readings(self, trials: "Sequence[BisectTrial]", trial: Set, names: dict[str, str]) -> dict[int, Readings]:
        pattern = self._factors.a.config.data.group_pattern
        found = {seed: readings(run, self._part, pattern, names) for seed, run in self._runs_of(trials, trial)}
        return {seed: reading for seed, reading in found.items() if reading}

    @staticmethod
    def _runs_of(rows: "Sequence[BisectTrial]", trial: Set) -> Iterator[tuple[int, Run]]:
        """The finished trainings of a trial with their seeds; the two runs themselves are none."""
        for row in rows:
            wanted = row["from_b"] == sorted(trial) and row["status"] == "finished" and not row.get("own")
            run = RunStore().by_id(row["run"] or "") if wanted else None
            if run:
                yield int(row["seed"]), run


def _gap(gap: Estimate | None, level: float) -> "Gap":
    if gap is None:
        return {"value": None, "interval": None, "seeds": 0, "p_value": None, "level": None}
    return {
        "value": gap.value,
        "interval": gap.to_list(),
        "seeds": gap.seeds,
        "p_value": gap.p_value,
        "level": 1 - level,
    }


def _auc_sentence(search: Search, gap: Estimate | None) -> str:
    """The AUC beside the accuracy, in one sentence; empty where there is none."""
    if gap is None or search.gap is None:
        return ""
    accuracy = "Accuracy differs" if search.gap.excludes_zero() else "No difference in accuracy was shown"
    if not gap.excludes_zero():
        return f"{accuracy}; no difference in AUC was shown: {gap.value:.3f} [{gap.low:.3f}, {gap.high:.3f}]."
    side = "bad" if gap.value > 0 else "good"
    least, most = sorted((abs(gap.low), abs(gap.high)))  # both ends are on one side of 0
    return f"{accuracy}; AUC is lower by {abs(gap.value):.3f} [{least:.3f}, {most:.3f}] in the {side} run."


def _spread(groups: Sequence[Sequence[float]]) -> float | None:
    """Standard deviation between seeds, pooled over the ends."""
    freedom = sum(max(0, len(group) - 1) for group in groups)
    squares = sum(sum((value - fmean(group)) ** 2 for value in group) for group in groups if group)
    return (squares / freedom) ** 0.5 if freedom else None


def _said(key: str, value: object) -> str:
    """A setting's value in words; of a folder the last part."""
    if key == DATASET:
        return Path(str(value)).name or str(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value) if value != "" else "none"
