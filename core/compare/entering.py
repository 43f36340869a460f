"""Range of the values that enter the network, of two runs of which one was recorded in somebody's own code.

Another decoder or another resize gives other numbers for the same image, so a hash would tell two runs apart that
agree. What a wrong scale does is far larger: 1/255 instead of 1, or a range from -1 instead of from 0.
"""

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from core.compare.where import Divergence

if TYPE_CHECKING:
    from core.store.trace_record import Sample, Trace

_SPREADS = 3.0
"""Spreads apart by more than this factor are of another scale: a smoother resize halves that of noise, no more."""

_SHIFT = 0.75
"""Means apart by more than this part of the larger spread are of another offset."""


@dataclass(frozen=True)
class _Range:
    low: float
    high: float
    mean: float
    std: float

    def words(self) -> str:
        return f"{self.low:.4g} to {self.high:.4g} (mean {self.mean:.4g}, standard deviation {self.std:.4g})"


def entering_range(a: "Trace", b: "Trace") -> Divergence | None:
    """The stage "preprocessed input" where the two ranges are plainly not one; None where they may be, or are unknown.

    Args:
        a: Trace. Of the first run.
        b: Trace. That of the second.
    """
    mine, theirs = _range(a.samples), _range(b.samples)
    if mine is None or theirs is None or not _apart(mine, theirs):
        return None
    sentence = (
        f"The pixels are scaled differently before they enter the network: {mine.words()} in one run and "
        f"{theirs.words()} in the other."
    )
    return Divergence("preprocessed input", {"epoch": 1}, vars(mine), vars(theirs), sentence)


def _apart(one: _Range, other: _Range) -> bool:
    larger, smaller = max(one.std, other.std), min(one.std, other.std)
    return larger > _SPREADS * smaller or abs(one.mean - other.mean) > _SHIFT * larger


def _range(samples: "list[Sample]") -> _Range | None:
    """Over the images that were followed at the beginning."""
    first = [one for one in samples if one.draw == samples[0].draw]
    known = [
        _Range(one.min, one.max, one.mean, one.std)
        for one in first
        if one.min is not None and one.max is not None and one.mean is not None and one.std is not None
    ]
    if not known:
        return None
    return _Range(
        min(one.low for one in known),
        max(one.high for one in known),
        fmean(one.mean for one in known),
        fmean(one.std for one in known),
    )
