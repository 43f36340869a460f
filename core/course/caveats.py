"""Caveats: what is known against a run's held-out figures, in a few words that stand beside the number.

A figure travels further than the findings that belong to it: into tables, reports, cards and talk. So every place that
shows it shows its caveats too. A caveat follows from findings alone, by the table below.
"""

from collections.abc import Iterable, Sequence

from core.checks.finding import Finding, FindingValues
from core.course.during import findings_before, run_findings
from core.errors import UserError
from core.store.evaluated import read_gaps
from core.store.runs import Run

LEAKAGE = "optimistic: data leakage"
_CHANCE = "chance level"

_OF_THE_SPLIT = {
    "leak-patient": LEAKAGE,
    "leak-group": LEAKAGE,
    "split-after-sort": "not meaningful: validation holds one class",
    "class-index-mismatch": "incomplete: validation lacks a class",
    "val-from-few-groups": "interval too narrow: few groups",
    "val-labels-look-wrong": "uncertain: validation labels look wrong",
    "parts-differ": "not comparable: training and validation images differ",
    "train-val-preprocess-mismatch": "not comparable: validation images are prepared differently",
}
"""Findings that concern the validation images alone."""

_OF_THE_TEST = {"test-images-differ": "not comparable: training and test images differ"}
"""Findings that concern the test images alone."""

_OF_ALL = {
    "leak-exact-duplicate": LEAKAGE,
    "leak-near-duplicate": LEAKAGE,
    "leak-altered-copy": LEAKAGE,
    "leak-sequence": LEAKAGE,
    "mode-reveals-class": "optimistic: file properties reveal the class",
    "answers-reversed": "below chance: predictions are reversed",
    "diverged": "not meaningful: training diverged",
    "constant-predictor": f"{_CHANCE}: same prediction for every image",
    "one-class-on-validation": f"{_CHANCE}: same prediction for every image",
    "validation-at-chance": f"{_CHANCE}: does not generalise",
    "nothing-learnt": f"{_CHANCE}: nothing learned",
    "no-better-than-chance": f"{_CHANCE}: cannot be told from guessing",
    "loss-near-ln-k": f"{_CHANCE}: nothing learned",
}
"""Findings that concern every held-out image."""

_WORDS = {**_OF_ALL, **_OF_THE_SPLIT, **_OF_THE_TEST}

_REST = "error found: see the findings"
"""For errors that have no words of their own: an error makes the figures meaningless."""


def caveats(found: Iterable[Finding], part: str = "val") -> list[str]:
    """What is known against the figures of a part, each once, what follows from errors first.

    Args:
        found: iterable of Finding. Of a run, from before and during its training; informative ones count nothing.
        part: str. `val` or `test`. Defaults to `"val"`.

    Returns:
        A few words each; empty where nothing is known against them.
    """
    said = [one for finding in found if _concerns(finding, part) for one in _said(finding)]
    errors_first = sorted(said, key=lambda item: not item[0])
    first = dict[str, str]()
    for _, text in errors_first:  # of several signs that nothing was learned the first says enough
        first.setdefault(_CHANCE if text.startswith(_CHANCE) else text, text)
    return list(first.values())


def run_caveats(run: Run, part: str = "val") -> list[str]:
    """The caveats of a run's figures; of one whose settings cannot be read those from before its training."""
    return [*caveats(known_findings(run), part), *read_gaps(run).caveats()]


def known_findings(run: Run) -> list[Finding]:
    """All findings of a run, whatever state its records are in."""
    try:
        return run_findings(run)
    except UserError:  # its settings cannot be read: what was found before the training still can
        return findings_before(run)


def with_caveats(figure: str, known: Sequence[str]) -> str:
    """A figure as a sentence carries it: `0.954 (optimistic: data leakage)`."""
    return f"{figure} ({'; '.join(known)})" if known else figure


def _concerns(finding: Finding, part: str) -> bool:
    """Whether a finding is about the images of that part; test images that have copies in validation are not in it."""
    if part == "test":
        return finding.id not in _OF_THE_SPLIT
    if finding.id in _OF_THE_TEST:
        return False
    of_test = finding.evidence.get("test_of_validation", 0)
    return not of_test or of_test < finding.evidence.get("held_out", 0)


def _said(finding: Finding) -> list[tuple[bool, str]]:
    """Whether it is an error, and its words; a finding without words of its own speaks through its symptoms."""
    if finding.severity == "info":
        return []
    parts: list[FindingValues] = [finding.to_dict(), *finding.symptoms]
    own = [(one["severity"] == "error", _WORDS[one["id"]]) for one in parts if one["id"] in _WORDS]
    if own or finding.severity != "error":
        return own
    return [(True, _REST)]
