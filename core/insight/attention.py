"""How much of class activation maps lies at a place of the border, against the share of the area that it takes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.insight.answer import CAM, GRAD_CAM

SIDE = 64
"""Pixels a side of the maps that are asked."""

FEWEST = 8
"""Maps below which nothing is reported."""

_CORNER, _EDGE = 24, 8  # pixels a side of a corner, and the width of an edge
_MORE = 1.25
"""How many times the share of the area the maps' share must exceed, with its interval."""

Floats = NDArray[np.float32]
LEAD = " After the training "
"""How the sentence begins."""

_NAMES = {CAM: "CAM", GRAD_CAM: "Grad-CAM"}
SUPPORTS, AGAINST, OPEN = "supports", "speaks against", "undecided"


class Attention(NamedTuple):
    """What maps of a class have at a place.

    Attributes:
        place: str. As `class-told-by-mark` words it.
        share: float. Of the weight of the maps of images that show the mark, mean.
        low: float. Lower end of its 95 % CI.
        high: float. Upper end.
        area: float. Share of the area.
        others: float. The same share in images of other classes, of which the maps are for the same class; not a
            number where they have no weight.
        images: int. How many images that show it.
    """

    place: str
    share: float
    low: float
    high: float
    area: float
    others: float
    images: int

    @property
    def verdict(self) -> str:
        """`SUPPORTS` the finding where maps have far more there than the area, and than images without the mark."""
        if self.low > _MORE * self.area and not self.others >= self.low:
            return SUPPORTS
        return AGAINST if self.high < self.area else OPEN

    def sentence(self, method: str) -> str:
        """What was measured (`method` is `cam` or `grad-cam`), and whether that supports that the network reads it."""
        told = {
            SUPPORTS: "this supports that the network uses it",
            AGAINST: "this does not support that the network uses it",
            OPEN: "this does not decide whether the network uses it",
        }[self.verdict]
        others = "" if np.isnan(self.others) else f", {100 * self.others:.0f} % in images of other classes"
        return (
            f"{LEAD}{100 * self.share:.0f} % of the weight of the {_NAMES[method]} maps for this class lies "
            f"{self.place} ({self.images} images that show it{others}), which is {100 * self.area:.0f} % of the area: "
            f"{told}."
        )

    def evidence(self, method: str) -> dict[str, object]:
        """The same as values."""
        return {
            "method": method, "images": self.images, "share": round(self.share, 4),
            "interval": [round(self.low, 4), round(self.high, 4)], "area": round(self.area, 4),
            "share_in_others": None if np.isnan(self.others) else round(self.others, 4), "verdict": self.verdict,
        }  # fmt: skip


def attention(place: str, showing: Floats, others: Floats) -> Attention | None:
    """How much of maps lies at a place.

    Args:
        place: str. In the words of `class-told-by-mark`: a corner, an edge, or along the border.
        showing: float32 `(n, SIDE, SIDE)`, at least 0. Maps of images that show the mark, for its class.
        others: float32 `(m, SIDE, SIDE)`. Maps of images of other classes, for the same class.

    Returns:
        None where fewer than `FEWEST` maps have any weight.
    """
    where = place_mask(place)
    shares = _shares(showing, where)
    if len(shares) < FEWEST:
        return None
    half = 1.96 * float(shares.std(ddof=1)) / len(shares) ** 0.5
    mean, rest = float(shares.mean()), _shares(others, where)
    without = float(rest.mean()) if len(rest) >= FEWEST else float("nan")
    return Attention(place, mean, mean - half, mean + half, float(where.mean()), without, len(shares))


def place_mask(place: str) -> NDArray[np.bool_]:
    """Where a place is: bool `(SIDE, SIDE)`; the whole border for words that name no corner and no edge."""
    words = place.split()
    wide = _CORNER if words[-1:] == ["corner"] else _EDGE
    first, last = np.arange(SIDE) < wide, np.arange(SIDE) >= SIDE - wide
    rows = first if "upper" in words else last if "lower" in words else None
    columns = first if "left" in words else last if "right" in words else None
    if rows is not None and columns is not None:
        return np.asarray(rows[:, None] & columns)
    if rows is not None:
        return np.repeat(rows[:, None], SIDE, axis=1)
    if columns is not None:
        return np.repeat(columns[None], SIDE, axis=0)
    outer = first | last
    return np.asarray(outer[:, None] | outer)


def _shares(maps: Floats, where: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of each map's weight at a place; maps without weight are left out."""
    totals = maps.sum(axis=(1, 2), dtype=np.float64)
    inside = maps[:, where].sum(axis=1, dtype=np.float64)
    return np.asarray(inside[totals > 0] / totals[totals > 0])
