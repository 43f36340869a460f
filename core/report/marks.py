"""Shapes of the dots, and the dashes of the lines, in a chart that is drawn without a library for that."""

import itertools
import math
from collections.abc import Sequence

Point = tuple[float, float]

_CORNERS: dict[str, tuple[Point, ...]] = {
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "triangle-up": ((0, -1.1), (1.1, 0.9), (-1.1, 0.9)),
    "diamond": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    "cross": (
        *((-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4)),
        *((0.4, 1.2), (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4)),
    ),
}
"""Corners around the middle, for a dot of radius 1."""


def outline(mark: str, middle: Point, radius: float) -> list[Point]:
    """The corners of a dot; none where it is a circle.

    Args:
        mark: str. One of `core.store.run_colours.MARKS`, or empty for a circle.
        middle: tuple of float.
        radius: float.
    """
    x, y = middle
    return [(x + radius * a, y + radius * b) for a, b in _CORNERS.get(mark, ())]


def dashes_of(points: list[Point], dash: Sequence[float]) -> list[list[Point]]:
    """The pieces of a line that are drawn.

    Args:
        points: list of tuple of float.
        dash: sequence of float. Lengths of dashes and gaps; empty for a whole line.
    """
    if not dash:
        return [points]
    pieces: list[list[Point]] = []
    k, left, drawn = 0, dash[0], True
    piece = [points[0]]
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        length, done = math.hypot(bx - ax, by - ay), 0.0
        while length - done > left:
            done += left
            at = (ax + (bx - ax) * done / length, ay + (by - ay) * done / length)
            if drawn:
                pieces.append([*piece, at])
            k, drawn, piece = k + 1, not drawn, [at]
            left = dash[k % len(dash)]
        left -= length - done
        piece.append((bx, by))
    return [*pieces, piece] if drawn else pieces
