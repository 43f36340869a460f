"""Range of the values that enter the network, of two runs of which one was recorded in somebody's own code.

Another decoder or another resize gives other numbers for the same image, so a hash would tell two runs apart that
agree. What a wrong scale does is far larger, and of another kind: a resize keeps the mean of an image, as the weights
of an interpolation add up to 1, and takes away some of its spread.

The limits stand between what was measured of the two, on means over four images as they are followed: 60 chest X-rays,
60 drawn scenes and 60 drawn textures at 48, 96 and 224 px, five ways of resizing (nearest, bilinear with and without
smoothing, box, Lanczos) and five usual scalings (as they are, 0 to 1, -1 to 1, by the mean and spread of ImageNet, BGR
minus its mean):

                                                    ratio of spreads     shift of the mean, in spreads
    same scaling, any two ways of resizing          1.00 to 1.35         0.000 to 0.011
    any two scalings but the next                   2.0 to 257           0.00 to 2.3
    as they are against BGR minus the mean          1.00 to 1.02         1.8 and more
    pure noise, 200 to 48 px, same scaling          up to 6.2            0.00
"""

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from core.compare.where import Divergence
from core.stats.digits import digits

if TYPE_CHECKING:
    from core.store.trace_record import Sample, Trace

_SPREADS = 1.65
"""Half way, as a ratio, between 1.35 and 2.0: more is another scale, where the mean has moved as well (`_MOVED`)."""

_MOVED = 0.02
"""Spreads by which a mean moves that no resize moves: twice the largest that was measured."""

_PLAINLY = 8.0
"""A ratio of spreads that is another scale even where the mean is the same, as around 0: above that of pure noise."""

_SHIFT = 0.75
"""Spreads by which a mean moves with another offset alone; other crops of an image move it by some tenths."""


@dataclass(frozen=True)
class _Range:
    low: float
    high: float
    mean: float
    std: float

    def words(self) -> str:
        low, high, mean, std = (digits(value, 4) for value in (self.low, self.high, self.mean, self.std))
        return f"{low} to {high} (mean {mean}, standard deviation {std})"


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
    shift = abs(one.mean - other.mean)
    rescaled = larger > _SPREADS * smaller and shift > _MOVED * larger
    return rescaled or larger > _PLAINLY * smaller or shift > _SHIFT * larger


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
