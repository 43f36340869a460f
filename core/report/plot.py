"""A chart of lines or dots as SVG, PNG and CSV, without a browser and without any drawing library but Pillow."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from PIL import Image, ImageDraw

from core.report.lettering import font_of, spelled
from core.report.marks import Point, dashes_of, outline
from core.store.csv_tables import safe_cell

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM, _ROW = 760, 400, 64, 24, 44, 52, 22
_SCALE = 2
"""Pixels of the PNG for each unit of the drawing: sharp on any screen."""

_INK, _GRID, _PAPER = "#17211f", "#d9dee4", "#ffffff"
_LONGEST = 60
_CATEGORY_LEFT = 190


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        colour: str. As `#rrggbb`.
        dash: tuple of int. Lengths of dashes and gaps; empty for a whole line.
        is_faint: bool. Drawn thin and pale, and not in the legend: what was measured, behind its average.
        mark: str. Dots of this shape instead of a line, one of `core.store.run_colours.MARKS`; empty for a line.
    """

    name: str
    colour: str
    xs: Sequence[float]
    ys: Sequence[float]
    dash: tuple[int, ...] = ()
    is_faint: bool = False
    mark: str = ""


@dataclass(frozen=True)
class Plot:
    """A chart.

    Attributes:
        is_log: bool. Powers of ten upwards; values of 0 and below are left out.
        span: tuple of float or None. Ends of the axis upwards; None for those of the values.
        categories: tuple of str. Names for 0, 1, 2, ... upwards, from the top; then there are no numbers.
        shares: str. Axes whose numbers are shares and are written in per cent: `x`, `y`, `xy`, or empty for none.
    """

    title: str
    x: str
    y: str
    lines: tuple[Line, ...]
    is_log: bool = False
    span: tuple[float, float] | None = None
    categories: tuple[str, ...] = ()
    shares: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(len(line.xs) for line in self.lines)


def to_csv(plot: Plot) -> str:
    """Every point in a row of its own: the line's name, and its two values."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["series", plot.x, plot.y])
    for line in plot.lines:
        name = safe_cell(f"{line.name} (as measured)" if line.is_faint else line.name)
        for x, y in zip(line.xs, line.ys, strict=True):
            writer.writerow([name, x, safe_cell(plot.categories[round(y)]) if plot.categories else y])
    return file.getvalue()


def to_svg(plot: Plot, *, embedded: bool = False) -> str:
    """The chart as SVG.

    Args:
        plot: Plot.
        embedded: bool. For a page that has its own background and colour of text. Defaults to a white one of its own.
    """
    drawing = _draw(plot)
    label = escape(plot.title, quote=True)
    size = f'viewBox="0 0 {drawing.width} {drawing.height}"'
    whole = "" if embedded else f' width="{drawing.width}" height="{drawing.height}"'
    style = "" if embedded else f' font-family="sans-serif" font-size="13" fill="{_INK}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}{whole}{style} role="img" aria-label="{label}">'
        f"<title>{label}</title>"
    ]
    if not embedded:
        parts.append(f'<rect width="100%" height="100%" fill="{_PAPER}"/>')
    return "".join([*parts, *(_svg(shape) for shape in drawing.shapes), "</svg>"])


def to_png(plot: Plot) -> bytes:
    """The chart as PNG, on white."""
    drawing = _draw(plot)
    image = Image.new("RGB", (_SCALE * drawing.width, _SCALE * drawing.height), _PAPER)
    pen = ImageDraw.Draw(image)
    for shape in drawing.shapes:
        _paint(pen, shape)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@dataclass(frozen=True)
class _Shape:
    """A line through points, a dot at a point, or a text at one."""

    points: tuple[Point, ...]
    colour: str = _INK
    width: float = 1.0
    dash: tuple[int, ...] = ()
    radius: float = 0.0
    text: str = ""
    anchor: str = "start"
    size: int = 13
    faint: bool = False
    mark: str = ""


@dataclass
class _Drawing:
    width: int
    height: int
    shapes: list[_Shape] = field(default_factory=list)


def _draw(plot: Plot) -> _Drawing:
    named = [line for line in plot.lines if not line.is_faint]
    columns = 2
    rows = -(-len(named) // columns)
    body = max(_HEIGHT, 34 * len(plot.categories) + _TOP + _BOTTOM)
    drawing = _Drawing(_WIDTH, body + _ROW * rows + 12)
    axes = _Axes(plot, body)
    drawing.shapes.append(_Shape(((16.0, 24.0),), text=_short(plot.title), size=16))
    drawing.shapes += axes.shapes()
    for line in plot.lines:
        drawing.shapes += _line_shapes(line, axes)
    for k, line in enumerate(named):
        x, y = 16.0 + (_WIDTH / columns) * (k % columns), body + 8.0 + _ROW * (k // columns)
        drawing.shapes.append(_sample(line, x, y))
        drawing.shapes.append(_Shape(((x + 34, y + 4),), text=_short(line.name, 44)))
    return drawing


def _sample(line: Line, x: float, y: float) -> _Shape:
    """What a line looks like, for the legend."""
    if line.mark:
        return _Shape(((x + 13, y),), line.colour, radius=5, mark=line.mark)
    return _Shape(((x, y), (x + 26, y)), line.colour, 3, line.dash)


def _line_shapes(line: Line, axes: "_Axes") -> list[_Shape]:
    points = [point for x, y in zip(line.xs, line.ys, strict=True) if (point := axes.at(x, y))]
    if line.mark or len(points) == 1:
        return [_Shape((point,), line.colour, radius=5, faint=line.is_faint, mark=line.mark) for point in points]
    width = 1.0 if line.is_faint else 2.2
    return [_Shape(tuple(points), line.colour, width, line.dash, faint=line.is_faint)] if points else []


class _Axes:
    """Where values lie on the drawing, and the lines and numbers that say so."""

    def __init__(self, plot: Plot, height: int) -> None:
        self.plot, self.left = plot, _CATEGORY_LEFT if plot.categories else _LEFT
        self.right, self.top, self.bottom = _WIDTH - _RIGHT, _TOP, height - _BOTTOM
        xs = [x for line in plot.lines for x in line.xs]
        ys = [y for line in plot.lines for y in line.ys if y > 0 or not plot.is_log]
        self.x_low, self.x_high = _ends(xs)
        if plot.categories:
            self.x_low, self.x_high = 0.0, 1.0
            self.y_low, self.y_high = len(plot.categories) - 0.5, -0.5  # the first one is uppermost
        else:
            self.y_low, self.y_high = map(
                self._scaled, plot.span or (_ends(ys) if ys or not plot.is_log else (1.0, 10.0))
            )

    def at(self, x: float, y: float) -> Point | None:
        """The point of two values; None for one that has none."""
        if self.plot.is_log and y <= 0:
            return None
        right = (x - self.x_low) / (self.x_high - self.x_low)
        up = (self._scaled(y) - self.y_low) / (self.y_high - self.y_low)
        return self.left + right * (self.right - self.left), self.bottom - up * (self.bottom - self.top)

    def shapes(self) -> list[_Shape]:
        """Grid, numbers and names of the axes."""
        found = []
        for value, text in self._y_ticks():
            if (point := self.at(self.x_low, value)) is not None:
                found.append(_Shape(((self.left, point[1]), (self.right, point[1])), _GRID))
                found.append(_Shape(((self.left - 8.0, point[1] + 4),), text=text, anchor="end"))
        across = _in_percent if "x" in self.plot.shares else _plain
        for value in _ticks(self.x_low, self.x_high):
            x = self.left + (value - self.x_low) / (self.x_high - self.x_low) * (self.right - self.left)
            found.append(_Shape(((x, self.bottom + 18.0),), text=across(value), anchor="middle"))
        middle = (self.left + self.right) / 2
        found.append(_Shape(((middle, self.bottom + 38.0),), text=self.plot.x, anchor="middle"))
        if self.plot.y != self.plot.title:
            found.append(_Shape(((self.left, self.top - 7.0),), text=self.plot.y))
        return found

    def _y_ticks(self) -> list[tuple[float, str]]:
        if self.plot.categories:
            return [(float(k), _short(name, 24)) for k, name in enumerate(self.plot.categories)]
        if self.plot.is_log:
            powers = range(math.ceil(self.y_low - 1e-9), math.floor(self.y_high + 1e-9) + 1)
            ends = [10.0**self.y_low, 10.0**self.y_high]
            return [
                (value, f"{value:.2g}") for value in ([10.0**power for power in powers] if len(powers) > 1 else ends)
            ]
        upwards = _in_percent if "y" in self.plot.shares else _plain
        return [(value, upwards(value)) for value in _ticks(self.y_low, self.y_high)]

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.plot.is_log else value


def _ends(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    if high - low > 1e-12 * max(1.0, abs(high)):
        return low, high
    return (low - 0.5, high + 0.5) if low <= 0 else (0.9 * low, 1.1 * high)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between two, about six."""
    rough = (high - low) / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((factor * power for factor in (1, 2, 5) if factor * power >= rough), 10 * power)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _plain(value: float) -> str:
    return f"{value:g}"


def _in_percent(share: float) -> str:
    return f"{100 * share:g} %"


def _short(text: str, most: int = _LONGEST) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _svg(shape: _Shape) -> str:
    x, y = shape.points[0]
    if shape.text:
        size = "" if shape.size == 13 else f' font-size="{shape.size}"'
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{shape.anchor}"{size}>{escape(shape.text)}</text>'
    faint = ' opacity="0.35"' if shape.faint else ""
    if corners := outline(shape.mark, (x, y), shape.radius):
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
        return f'<polygon points="{points}" fill="{shape.colour}"{faint}/>'
    if shape.radius:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{shape.radius:g}" fill="{shape.colour}"{faint}/>'
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
    dash = f' stroke-dasharray="{" ".join(map(str, shape.dash))}"' if shape.dash else ""
    kind = ' class="grid"' if shape.colour == _GRID else ""
    return (
        f'<polyline{kind} points="{points}" fill="none" stroke="{shape.colour}" stroke-width="{shape.width:g}"'
        f"{dash}{faint}/>"
    )


def _paint(pen: ImageDraw.ImageDraw, shape: _Shape) -> None:
    points = [(_SCALE * x, _SCALE * y) for x, y in shape.points]
    colour = _pale(shape.colour) if shape.faint else shape.colour
    if shape.text:
        font = font_of(_SCALE * shape.size)
        pen.text(
            points[0],
            spelled(shape.text),
            _INK,
            font,
            anchor={"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor],
        )
    elif corners := outline(shape.mark, points[0], _SCALE * shape.radius):
        pen.polygon(corners, fill=colour)
    elif shape.radius:
        (x, y), r = points[0], _SCALE * shape.radius
        pen.ellipse((x - r, y - r, x + r, y + r), fill=colour)
    else:
        for piece in dashes_of(points, [_SCALE * length for length in shape.dash]):
            pen.line(piece, colour, round(_SCALE * shape.width), joint="curve")


def _pale(colour: str) -> str:
    parts = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - 0.35 * (255 - part)):02x}" for part in parts)
