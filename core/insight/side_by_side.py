"""Compares the predictions of two runs on the same images; disagreements come first."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.insight.answer import Prediction


@dataclass(frozen=True)
class Pair:
    """Two answers to one image.

    Attributes:
        position: int. Number of the image, from 0, in the order it was asked in.
        one: Prediction. The first run's.
        other: Prediction. The second run's.
    """

    position: int
    one: Prediction
    other: Prediction

    @property
    def file(self) -> str:
        """The image's name."""
        return self.one.file

    @property
    def agree(self) -> bool:
        """Whether both say the same class; an image that could not be read is no disagreement."""
        return self.one.label == self.other.label

    @property
    def gap(self) -> float:
        """Largest difference between the probabilities that the two give to one class, 0 to 1.

        A class that one of them does not know has probability 0 there.
        """
        names = self.one.probabilities.keys() | self.other.probabilities.keys()
        return max(
            (abs(self.one.probabilities.get(n, 0.0) - self.other.probabilities.get(n, 0.0)) for n in names), default=0.0
        )

    def words(self) -> str:
        """Both answers in a line."""
        return " / ".join(f"{p.label} {p.probability:.4f}" if p.label else "not read" for p in (self.one, self.other))


def side_by_side(ones: Sequence[Prediction], others: Sequence[Prediction]) -> list[Pair]:
    """Pairs of answers: disagreements first, in each part the largest difference first.

    Args:
        ones: sequence of Prediction. Of the first run.
        others: sequence of Prediction. Of the second run, for the same images in the same order.
    """
    pairs = [Pair(k, one, other) for k, (one, other) in enumerate(zip(ones, others, strict=True))]
    return sorted(pairs, key=lambda pair: (pair.agree, -pair.gap))
