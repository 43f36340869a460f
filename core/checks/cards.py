"""Findings of one cause put together: the one that leads, and what was found with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.checks.finding import SEVERITIES, Finding
from core.checks.preflight import OF_ONE_CAUSE

_SEPARATED = (
    "leak-patient",
    "leak-group",
    "leak-sequence",
    "leak-exact-duplicate",
    "leak-near-duplicate",
    "leak-altered-copy",
)
"""Signs of a division that separates images which belong together, the most telling first."""

FOLLOWS: dict[str, tuple[str, ...]] = {
    **{name: _SEPARATED[:k] for k, name in enumerate(_SEPARATED) if k},
    "single-class-batches": ("class-ordered-batches",),
    "partial-batch-dropped": ("steps-zero",),
    "class-in-one-part": ("part-named-class", "hidden-dir-as-class"),
    "class-index-mismatch": ("split-after-sort", "part-named-class", "hidden-dir-as-class", "class-in-one-part"),
    "prior-shift-val": ("split-after-sort", "part-named-class", "class-in-one-part"),
    "class-imbalance-baseline": ("split-after-sort",),
    "duplicate-within-split": ("constant-class",),
    "wrong-preprocess-for-backbone": ("double-rescale",),
    "unfreeze-high-lr": ("base-not-frozen",),
}
"""Id of a finding to those that it follows from, or that are other signs of what it comes from."""


@dataclass(frozen=True)
class Card:
    """What is shown of one cause.

    Attributes:
        lead: Finding. Its claim and remedy stand first.
        with_it: sequence of Finding. Of the same cause.
    """

    lead: Finding
    with_it: Sequence[Finding] = ()

    @property
    def severity(self) -> str:
        """The most severe of them all."""
        return min((one.severity for one in (self.lead, *self.with_it)), key=SEVERITIES.index)

    @property
    def remedy(self) -> str:
        """The first of their remedies: there is one."""
        return next((one.remedy for one in (self.lead, *self.with_it) if one.remedy), "")

    @property
    def change(self) -> dict[str, Any]:
        """Settings that one click applies; empty where no setting helps."""
        return next((one.change for one in (self.lead, *self.with_it) if one.change), {})

    def told_symptoms(self, *, of_images: bool) -> list[str]:
        """What the cause explains of what the images show, or of what the training does."""
        below = [symptom for one in (self.lead, *self.with_it) for symptom in one.symptoms]
        return [symptom["claim"] for symptom in below if (symptom["id"] in OF_ONE_CAUSE) == of_images]


def cards(findings: Sequence[Finding]) -> list[Card]:
    """One card a cause, in the order of the first finding of each.

    Findings belong together where one follows from another (`FOLLOWS`), or where the same change helps.

    Args:
        findings: sequence of Finding. Before or during a training.
    """
    by_id = {finding.id: finding for finding in reversed(findings)}
    leads: dict[str, Finding] = {}
    members: dict[str, list[Finding]] = {}
    for finding in findings:
        lead = _lead(finding, by_id)
        key = repr(lead.change) if lead.change else str(id(lead))
        leads.setdefault(key, lead)
        members.setdefault(key, []).append(finding)
    return [Card(lead, tuple(one for one in members[key] if one is not lead)) for key, lead in leads.items()]


def _lead(finding: Finding, by_id: dict[str, Finding]) -> Finding:
    """What a finding follows from, as far up as that goes; itself where nothing is there."""
    for cause in FOLLOWS.get(finding.id, ()):
        if cause in by_id:
            return _lead(by_id[cause], by_id)
    return finding
