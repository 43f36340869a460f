"""What every benchmark gives: figures with their targets, measured in pairs so that the machine's noise cancels."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        name: What was measured.
        value: The figure; the median where there were several rounds.
        target: What it should be: `>= 0.95`, `<= 3`; empty where it is only reported.
        unit: `x` for a ratio, else `s`, `ms`, `MB`, `%`.
        note: How it came about, with the interval of the median or the arithmetic.
    """

    name: str
    value: float
    target: str = ""
    unit: str = "x"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the value is as it should be; None where nothing was asked."""
        if not self.target:
            return None
        sign, limit = self.target.split()
        return self.value >= float(limit) if sign == ">=" else self.value <= float(limit)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "met": self.met}


def as_figure(row: "Figure | dict[str, Any]") -> Figure | None:
    """A benchmark's row as a figure; None for one that could not be measured here (its note says why).

    Args:
        row: A figure, or `{"name", "value", "target", "unit", "met", "note"}` with numbers as value and target.
    """
    if isinstance(row, Figure):
        return row
    value, target = row["value"], row["target"]
    if value is None:
        return None
    limit = ""
    if target is not None:
        limit = f"{'>=' if (value >= target) == row['met'] else '<='} {target:g}"
    return Figure(row["name"], float(value), limit, row["unit"], row["note"])


def seconds(call: Callable[[], Any]) -> float:
    """Wall-clock time of one call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def rounds(count: int, **calls: Callable[[], Any]) -> dict[str, list[float]]:
    """Seconds of each call in every round; each is made once before, and every other round goes backwards.

    What else the machine does changes more slowly than the calls alternate, so compare within a round.
    """
    for call in calls.values():
        call()
    found: dict[str, list[float]] = {name: [] for name in calls}
    for k in range(count):
        for name in list(calls) if k % 2 else reversed(calls):
            found[name].append(seconds(calls[name]))
    return found


def ratio(name: str, above: list[float], below: list[float], target: str = "", note: str = "") -> Figure:
    """The median of the rounds' ratios, with its interval in the note."""
    ratios = [a / b for a, b in zip(above, below, strict=True)]
    middle, low, high = median_interval(ratios)
    spread = f"95 % CI of the median {low:.2f} to {high:.2f}, {len(ratios)} rounds"
    return Figure(name, round(middle, 3), target, "x", f"{spread}; {note}" if note else spread)


def median_interval(values: list[float]) -> tuple[float, float, float]:
    """The median and the 95 % CI of it that the sign test gives (order statistics)."""
    ordered = sorted(values)
    half = 0.98 * math.sqrt(len(ordered))
    middle = (len(ordered) - 1) / 2
    low, high = max(0, math.floor(middle - half)), min(len(ordered) - 1, math.ceil(middle + half))
    return median(ordered), ordered[low], ordered[high]


def table(figures: list[Figure]) -> str:
    """Figures as text, one a line, with a word on whether each is as it should be."""
    words = {True: "met", False: "NOT MET", None: "no limit"}
    rows = [(f.name, f"{f.value:,.3g} {f.unit}", f.target, words[f.met], f.note) for f in figures]
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip()
        for row in rows
    )
