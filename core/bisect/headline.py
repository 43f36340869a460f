"""A bisect's verdict for the person who asked: the cause by its name, both values, why, and what switching it does.

The evidence, with intervals and seeds, is in the result's `sentence`; this says the same in a form's words.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.bisect.ends import DATASET
from core.bisect.reasons import REASONS
from core.config import setting
from core.errors import ConfigError
from core.sentences import listed
from core.stats.percent import percent

if TYPE_CHECKING:
    from core.store.bisect_record import BisectResult

_WITHOUT_CAUSE = {"no-difference": "No setting makes a difference that matters.", "inconclusive": "Not decided yet."}
_AUC = "AUC "
_OTHER = {"a": "b", "b": "a"}


@dataclass(frozen=True)
class Headline:
    """A verdict in words.

    Attributes:
        title: str. One short sentence.
        lines: tuple of str. What both runs have, why that can make the difference, and what switching it does; empty
            where no setting was found.
    """

    title: str
    lines: tuple[str, ...] = ()

    def told(self) -> list[str]:
        """The lines as sentences, each with a capital."""
        return [f"{line[:1].upper()}{line[1:]}" for line in self.lines]


def headline(result: "BisectResult") -> Headline:
    """The verdict of a bisect.

    Args:
        result: dict. As in result.json, with a verdict; A and B are named as it names them.
    """
    factors, verdict = list(result["factors"]), result["verdict"]
    if not factors:
        return Headline(_WITHOUT_CAUSE.get(verdict or "", verdict or ""))
    named = listed([name_of(key) for key in factors])
    together = "; the effect of one depends on the others" if verdict == "interaction" else " together"
    if len(factors) == 2:
        together = together.replace("the others", "the other")
    title = f"{named} is the cause." if len(factors) == 1 else f"{named} are the cause{together}."
    return Headline(title, tuple(line for line in (*_values(result), *_reasons(result), *_switched(result)) if line))


def name_of(key: str) -> str:
    """What a form calls a setting, in quotation marks."""
    if key == DATASET:
        return "The dataset"
    try:
        return f"“{setting(key).metadata['label']}”"
    except ConfigError:
        return key  # of a setting that this version does not know


def _values(result: "BisectResult") -> list[str]:
    pairs, alone = result.get("values", {}), len(result["factors"]) == 1
    return [
        f"{'' if alone else f'{name_of(key)}: '}run A has {pairs[key]['a']}, run B has {pairs[key]['b']}."
        for key in result["factors"]
        if key in pairs
    ]


def _reasons(result: "BisectResult") -> list[str]:
    why = result.get("why", REASONS)
    return [why[key] for key in result["factors"] if key in why]


def _switched(result: "BisectResult") -> list[str]:
    """What the figures do when the cause is switched in each run; empty where not all of them were measured."""
    if not result["good"]:
        return []
    good, bad = result["good"], _OTHER[result["good"]]
    ends = _figure(result, good, set()), _figure(result, bad, set())
    factors = set(result["factors"])
    cured, spoiled = _figure(result, bad, factors), _figure(result, good, factors)
    if not all(ends):
        return []
    if factors == set(result["candidates"]):
        only = "It is the only difference" if len(factors) == 1 else "They are the only differences"
        return [f"{only}: {good.upper()} reaches {ends[0]}, {bad.upper()} {ends[1]}."]
    lines = []
    if cured:
        lines.append(f"Set in {bad.upper()} as in {good.upper()}, {_change(ends[1], cured)}.")
    if spoiled:
        lines.append(f"Set in {good.upper()} as in {bad.upper()}, {_change(ends[0], spoiled)}.")
    return lines


def _change(before: str, after: str) -> str:
    if before.startswith(_AUC):
        return f"AUC goes from {before.removeprefix(_AUC)} to {after.removeprefix(_AUC)}"
    return f"accuracy goes from {before.removesuffix(' %')} to {after}"


def _figure(result: "BisectResult", run: str, switched: set[str]) -> str:
    """The mean figure of a run with settings switched to the other run's; empty where that was not trained."""
    everything = set(result["candidates"])
    from_b = switched if run == "a" else everything - switched
    by_auc = result.get("decided_by") == "auc"
    for trial in result.get("measured", ()):
        if set(trial["from_b"]) == from_b:
            auc = trial.get("auc")
            return f"{_AUC}{auc:.3f}" if by_auc and auc is not None else "" if by_auc else percent(trial["value"])
    return "" if by_auc or "measured" in result else _older(result, run, switched)


def _older(result: "BisectResult", run: str, switched: set[str]) -> str:
    """The same in a result of an older version: the ends by their seeds, a single factor by its tests."""
    if not switched:
        known = [value for value in (result["noise"]["a"] if run == "a" else result["noise"]["b"]) if value is not None]
        return percent(sum(known) / len(known)) if known else ""
    for test in result["tests"]:
        value = test.get("value")
        if {test["factor"]} == switched and test["base"] == run and value is not None:
            return percent(value)
    return ""
