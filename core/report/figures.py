"""Figures of the diagnosis report as SVG, coloured by the page's style sheet."""

import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from core.models.setting_words import setting_label

if TYPE_CHECKING:
    from core.store.bisect_record import TrialRow


_WIDTH, _LEFT, _RIGHT = 720, 300, 60

_KEY = re.compile(r"\b(?:data|model|training)\.[a-z_]+")

Curve = Sequence[float | None]


def trials_figure(trials: "Sequence[TrialRow]", good: str) -> str:
    """Every combination of settings of a bisect as a row: its mean as a dot, its interval as a line.

    Args:
        trials: sequence of dict. As `trial_rows` gives them; those without a value are left out.
        good: str. `a` or `b`: the run whose side is the good one.
    """
    rows = [
        (trial, value, (trial.get("interval") or [value, value]))
        for trial in trials
        if (value := trial.get("value")) is not None
    ]
    if not rows:
        return ""
    height = 26 * len(rows) + 34
    low = min(0.5, *(bounds[0] for _, _, bounds in rows))
    parts = [_open(height, "Accuracy of every combination of settings, with its 95 % CI"), _axis(low, height)]
    for index, (trial, value, bounds) in enumerate(rows):
        y = 26 * index + 16
        kind = _kind(trial, good)
        low_x, high_x, x = (_x(one, low) for one in (*bounds, value))
        name = escape(_short(trial["name"] + trial.get("counted", "")))
        parts.append(
            f'<text x="{_LEFT - 10}" y="{y + 4}" text-anchor="end">{name}</text><line class="{kind}" x1="{low_x:.1f}" '
            f'x2="{high_x:.1f}" y1="{y}" y2="{y}"/><circle class="{kind}" cx="{x:.1f}" cy="{y}" '
            f'r="5"><title>{escape(trial["name"])}</title></circle><text x="{_WIDTH - _RIGHT + 10}" '
            f'y="{y + 4}">{value:.3f}</text>'
        )
    return "".join([*parts, "</svg>"])


def curves_figure(curves: tuple[Curve, Curve], titles: Sequence[str], colours: Sequence[str]) -> str:
    """Validation accuracy of two runs, epoch by epoch, in their colours; the second is dashed."""
    longest = max(map(len, curves))
    known = [value for curve in curves for value in curve if value is not None]
    if not known:
        return ""
    low, height, left, right = min(0.5, *known), 240, 46, 200
    span = _WIDTH - left - right

    def point(epoch: int, value: float) -> tuple[float, float]:
        return left + span * epoch / max(1, longest - 1), 14 + (height - 44) * (1 - (value - low) / (1 - low))

    parts = [_open(height, "Validation accuracy of the two runs by epoch")]
    for value in (low, (1 + low) / 2, 1.0):
        _, y = point(0, value)
        parts.append(f'<line class="grid" x1="{left}" x2="{left + span}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.2f}</text>')
    for name, curve, title, colour in zip("ab", curves, titles, colours, strict=True):
        points = [point(epoch, value) for epoch, value in enumerate(curve) if value is not None]
        if points:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            (x, y), text = points[-1], f"{name.upper()}: {title}"
            dash = ' stroke-dasharray="7 3"' if name == "b" else ""
            parts.append(f'<polyline points="{path}" stroke="{colour}"{dash}/>')
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')
            parts.append(f'<text x="{x + 10:.1f}" y="{y + 4:.1f}">{escape(text[:28])}</text>')
    parts.append(f'<text x="{left + span / 2:.0f}" y="{height - 6}" text-anchor="middle">epoch (1 to {longest})</text>')
    return "".join([*parts, "</svg>"])


def _open(height: int, label: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}"><title>{escape(label)}</title>'
    )


def _axis(low: float, height: int) -> str:
    ticks = [low, (1 + low) / 2, 1.0]
    return "".join(
        f'<line class="grid" x1="{_x(value, low):.1f}" x2="{_x(value, low):.1f}" y1="4" y2="{height - 24}"/>'
        f'<text x="{_x(value, low):.1f}" y="{height - 6}" text-anchor="middle">{value:.2f}</text>'
        for value in ticks
    )


def _x(value: float, low: float) -> float:
    share = (value - low) / (1 - low)
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * min(1.0, max(0.0, share))


def _kind(trial: "TrialRow", good: str) -> str:
    """The ends are distinguished from the trials between them."""
    if trial.get("settings"):
        return "between"
    return "good" if trial.get("base") == good else "bad"


def _short(name: str) -> str:
    name = _KEY.sub(lambda found: setting_label(found[0]), name.replace(", training.seed", ", seed"))
    return name if len(name) <= 46 else name[:45] + "…"
