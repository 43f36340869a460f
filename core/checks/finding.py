"""Finding: what a check reports (id, severity, claim, evidence, remedy, the setting to change)."""

from dataclasses import asdict, dataclass, field
from typing import Any, TypedDict

SEVERITIES = ("error", "warning", "info")


class FindingValues(TypedDict):
    """A finding as plain values, ready for JSON; see `Finding`."""

    id: str
    severity: str
    claim: str
    evidence: dict[str, Any]
    remedy: str
    change: dict[str, Any]


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
    """

    id: str
    severity: str
    claim: str
    evidence: dict[str, Any] = field(default_factory=dict)
    remedy: str = ""
    change: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> FindingValues:
        """As plain values, ready for JSON."""
        values: FindingValues = asdict(self)  # type: ignore[assignment]  # it has these very fields
        return values
