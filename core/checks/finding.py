"""Finding: what a check reports (id, severity, claim, evidence, remedy, the setting to change)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NotRequired, TypedDict

SEVERITIES = ("error", "warning", "info")


class FindingValues(TypedDict):
    """A finding as plain values, ready for JSON; see `Finding`."""

    id: str
    severity: str
    claim: str
    evidence: dict[str, Any]
    remedy: str
    change: dict[str, Any]
    symptoms: NotRequired[list["FindingValues"]]


@dataclass(frozen=True)
class Finding:
    """One thing found.

    Attributes:
        id: str. Stable, kebab-case.
        severity: str. One of `SEVERITIES`: makes the figures meaningless, biases them, or is worth knowing.
        claim: str. What was measured, in one sentence; never a cause that was not tried.
        evidence: dict. The numbers and file names behind the claim.
        remedy: str. What to change.
        change: dict. Settings that one click applies, such as `{"data.shuffle": "samples"}`; empty where no setting
            helps.
        symptoms: sequence of dict. Findings, as plain values, that this one is enough to explain: of the training, or
            of the same cause.
    """

    id: str
    severity: str
    claim: str
    evidence: dict[str, Any] = field(default_factory=dict)
    remedy: str = ""
    change: dict[str, Any] = field(default_factory=dict)
    symptoms: Sequence[FindingValues] = ()

    @classmethod
    def of_record(cls, record: Any) -> "Finding":
        """The finding that a record of it holds, such as an entry of findings.json."""
        return cls(
            record.id, record.severity, record.claim, record.evidence, record.remedy, record.change,
            tuple(record.symptoms),
        )  # fmt: skip

    def to_dict(self) -> FindingValues:
        """As plain values, ready for JSON."""
        values: FindingValues = asdict(self)  # type: ignore[assignment]  # it has these very fields
        if not self.symptoms:
            del values["symptoms"]
        return values

    def with_symptoms(self, symptoms: Sequence["Finding"]) -> "Finding":
        """The same with others below it, as severe as the most severe of them all."""
        worst = min((self, *symptoms), key=lambda one: SEVERITIES.index(one.severity)).severity
        below = tuple(one.to_dict() for one in symptoms)
        return replace(self, severity=worst, symptoms=(*self.symptoms, *below))

    def told_symptoms(self) -> list[str]:
        """What the training shows that this explains, a sentence or two each."""
        return [symptom["claim"] for symptom in self.symptoms]
