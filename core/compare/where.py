"""Divergence: where two trainings part, and its record."""

from dataclasses import dataclass
from typing import TypedDict


class DivergenceValues(TypedDict):
    """A divergence as plain values, ready for JSON; see `Divergence`."""

    stage: str
    step: dict[str, int]
    a: object
    b: object
    sentence: str


@dataclass(frozen=True)
class Divergence:
    """Where two runs part.

    Attributes:
        stage: str. One of the stages above.
        step: dict. `epoch` and `batch`, from 1, as far as they are known.
        a: What the first run has there, as a value or in words.
        b: What the second has.
        sentence: str. One sentence for the person.
    """

    stage: str
    step: dict[str, int]
    a: object
    b: object
    sentence: str

    def to_dict(self) -> DivergenceValues:
        """As plain values, ready for JSON."""
        return {"stage": self.stage, "step": self.step, "a": self.a, "b": self.b, "sentence": self.sentence}
