"""Learning-rate range test (Smith): rates, smoothing, and the suggestions `valley` and `steep`.

The range test is Smith's (Cyclical Learning Rates for Training Neural Networks, 2017). Smoothing, trimming and the two
suggestions, `valley` and `steep`, are those of fastai's `lr_find`, with two changes: the flat beginning is left out,
and slopes are taken over several steps.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOWEST, HIGHEST, STEPS = 1e-7, 10.0, 100
"""First and last rate of a range test, and its steps: those of fastai's `lr_find`."""

DIVERGED = 4.0
"""A range test ends where the smoothed loss has grown to so many times its lowest value."""

_MEMORY = 0.98
_LAST = 5
"""So many steps before the end are left out: there the loss explodes."""

_LEAST_FALL = 0.02
"""A smoothed loss that never falls by this share of its first value says nothing about rates."""

_FLAT = 0.05

_FEWEST = 6

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Suggestion:
    """Learning rates read from a range test.

    Attributes:
        valley: float or None. A middle of the longest stretch in which the smoothed loss falls: the one to take.
        steep: float or None. Where the smoothed loss falls fastest, over a tenth of the range test.
    """

    valley: float | None
    steep: float | None


def range_test_rates(steps: int = STEPS) -> Floats:
    """Learning rates of a range test, evenly spaced in their logarithm: array of shape `(steps,)`."""
    return np.geomspace(LOWEST, HIGHEST, steps)


def smooth(losses: Sequence[float], memory: float = _MEMORY) -> Floats:
    """Exponential moving average without the bias of its start: array of the same length."""
    average, smoothed = 0.0, np.empty(len(losses))
    for step, loss in enumerate(losses):
        average = memory * average + (1 - memory) * loss
        smoothed[step] = average / (1 - memory ** (step + 1))
    return smoothed


def has_diverged(losses: Sequence[float]) -> bool:
    """Whether a range test with these losses so far may end: the last is no number, or it has grown too far."""
    if not losses:
        return False
    if not math.isfinite(losses[-1]):
        return True
    smoothed = smooth(losses)
    return bool(smoothed[-1] > DIVERGED * smoothed.min())


def suggest(rates: Sequence[float], losses: Sequence[float], steps: int = STEPS) -> Suggestion:
    """Learning rates that suit the head, read from a range test.

    Args:
        rates: Of the steps that were made, ascending.
        losses: Loss of each step's batch, before the step.
        steps: int. Steps that were planned: the first tenth is left out, as there the average has just begun.

    Returns:
        The suggestion; without rates where the loss never falls, or too few steps were made.
    """
    finite = [k for k, loss in enumerate(losses) if math.isfinite(loss)]
    values, steps_made = np.asarray(rates, dtype=float)[finite], smooth([losses[k] for k in finite])
    kept = slice(steps // 10, len(finite) - _LAST)
    values, smoothed = values[kept], steps_made[kept]
    if len(smoothed) < _FEWEST or smoothed.min() > (1 - _LEAST_FALL) * smoothed[0]:
        return Suggestion(None, None)
    start = _end_of_flat(smoothed)
    values, smoothed = values[start:], smoothed[start:]
    return Suggestion(_valley(values, smoothed), _steep(values, smoothed, max(1, steps // 10)))


def _end_of_flat(losses: Floats) -> int:
    """Last step before which less than a twentieth of the whole fall is done.

    A loss without noise falls a little at the smallest rates already, and a stretch of that is no valley.
    """
    lowest = int(losses.argmin())
    height = losses[0] - _FLAT * (losses[0] - losses[lowest])
    return int(np.flatnonzero(losses[: lowest + 1] >= height)[-1])


def _valley(rates: Floats, losses: Floats) -> float:
    """The rate half way into the second third of the longest falling run of losses (gaps allowed), as in fastai."""
    longest = np.ones(len(losses), dtype=int)
    for i in range(1, len(losses)):
        falls = longest[:i][losses[i] < losses[:i]]
        longest[i] = 1 + falls.max(initial=0)
    end = int(longest.argmax())
    start = max(0, end - int(longest[end]))
    section = (end - start) / 3
    return float(rates[start + int(section) + int(section / 2)])


def _steep(rates: Floats, losses: Floats, width: int) -> float:
    """The middle of the `width` steps over which the loss falls most; over one step it is mostly noise."""
    width = min(width, len(losses) - 1)
    return float(rates[int((losses[width:] - losses[:-width]).argmin()) + width // 2])
