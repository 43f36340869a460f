"""What every benchmark gives: figures with their targets, measured in pairs so that the machine's noise cancels."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

SURE = 6
"""Rounds from which on smallest and largest hold the median with 95 %."""


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        name: What was measured.
        value: The figure; the median where there were several rounds.
        target: What it should be: `>= 0.95`, `<= 3`; empty where it is only reported.
        unit: `x` for a ratio, else `s`, `ms`, `MB`, `%`.
        note: How it came about, or the arithmetic.
        interval: Between what the rounds lie: the 95 % CI of their median, of few rounds the smallest and the largest.
            None of a figure that was measured once.
        rounds: How often it was measured.
    """

    name: str
    value: float
    target: str = ""
    unit: str = "x"
    note: str = ""
    interval: tuple[float, float] | None = None
    rounds: int = 1

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "Figure":
        """What `to_dict` gave, with the interval as JSON has it."""
        given = {name: value for name, value in record.items() if name != "met"}
        interval = given["interval"]
        return cls(**{**given, "interval": tuple(interval) if interval else None})

    @property
    def met(self) -> bool | None:
        """Whether the value is as it should be; None where nothing was asked."""
        if not self.target:
            return None
        sign, limit = self.target.split()
        return self.value >= float(limit) if sign == ">=" else self.value <= float(limit)

    @property
    def spread(self) -> str:
        """The interval in words."""
        if self.interval is None:
            return "once"
        low, high = self.interval
        kind = f"95 % CI, {self.rounds} rounds" if self.rounds >= SURE else f"all {self.rounds} rounds"
        return f"{low:,.3g} to {high:,.3g} ({kind})"

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
    """The median of the rounds' ratios."""
    return middle(name, [a / b for a, b in zip(above, below, strict=True)], target, "x", note)


def middle(name: str, values: list[float], target: str = "", unit: str = "s", note: str = "") -> Figure:
    """The median of rounds, to three decimals."""
    value, low, high = (round(number, 3) for number in median_interval(values))
    return Figure(name, value, target, unit, note, (low, high) if len(values) > 1 else None, len(values))


def median_interval(values: list[float]) -> tuple[float, float, float]:
    """The median and the 95 % CI of it that the sign test gives (order statistics); of few values, all of them."""
    ordered = sorted(values)
    half = 0.98 * math.sqrt(len(ordered))
    middle = (len(ordered) - 1) / 2
    low, high = max(0, math.floor(middle - half)), min(len(ordered) - 1, math.ceil(middle + half))
    return median(ordered), ordered[low], ordered[high]


_WORDS = {True: "met", False: "NOT MET", None: "no limit"}


def markdown(figures: list[Figure]) -> str:
    """Figures as a Markdown table, a row each."""
    head = ("measured", "figure", "between", "allowed", "", "how")
    rows = [(f.name, f"{f.value:,.3g} {f.unit}", f.spread, f.target, _WORDS[f.met], f.note) for f in figures]
    rule = "|".join(["---"] * len(head))
    return "\n".join([_row(head), f"|{rule}|", *(_row(row) for row in rows)])


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def table(figures: list[Figure]) -> str:
    """Figures as text, one a line, with a word on whether each is as it should be."""
    rows = [(f.name, f"{f.value:,.3g} {f.unit}", f.spread, f.target or "-", _WORDS[f.met], f.note) for f in figures]
    widths = [max((len(row[k]) for row in rows), default=0) for k in range(5)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]]).rstrip()
        for row in rows
    )
