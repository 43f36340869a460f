"""Charts without a browser: SVG that is well formed, PNG with the lines in it, CSV that no spreadsheet runs."""

import io
import xml.etree.ElementTree as ET

import pytest
from PIL import Image

from core.report.plot import Line, Plot, to_csv, to_png, to_svg

HOSTILE = "=<b>&\"x'"
LINE = Line(HOSTILE, "#0072B2", [1.0, 2.0, 3.0], [0.5, 0.1, 0.0])


def plot(*lines: Line, **facts: object) -> Plot:
    return Plot("Loss", "epoch", "loss", lines, **facts)  # type: ignore[arg-type]


def polylines(text: str) -> list[dict[str, str]]:
    return [part.attrib for part in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}polyline")]


def test_the_svg_has_the_lines_and_names_as_they_are() -> None:
    text = to_svg(plot(LINE, Line("dashed", "#C47F00", [1.0, 3.0], [0.2, 0.3], dash=(7, 3))))
    found = [line for line in polylines(text) if line["stroke"] in ("#0072B2", "#C47F00")]
    assert [line["points"].count(",") for line in found] == [3, 2, 2, 2], "two lines, and two in the legend"
    assert found[1]["stroke-dasharray"] == "7 3"
    texts = [part.text for part in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}text")]
    assert HOSTILE in texts
    assert {"epoch", "Loss"} <= set(texts)


def test_a_logarithmic_axis_leaves_out_what_has_no_logarithm() -> None:
    (line, *_) = [one for one in polylines(to_svg(plot(LINE, is_log=True))) if one["stroke"] == "#0072B2"]
    assert line["points"].count(",") == 2


@pytest.mark.parametrize("ys", [[], [0.0], [2.0, 2.0], [1e-9, 1e9], [-3.0, -3.0]])
@pytest.mark.parametrize("is_log", [False, True])
def test_any_values_can_be_drawn(ys: list[float], is_log: bool) -> None:
    drawn = plot(Line("a", "#0072B2", list(map(float, range(len(ys)))), ys), is_log=is_log)
    assert ET.fromstring(to_svg(drawn, embedded=True)).tag.endswith("svg")
    assert to_png(drawn)[:4] == b"\x89PNG"


def test_the_png_shows_the_line_in_its_colour_and_a_faint_one_paler() -> None:
    image = Image.open(io.BytesIO(to_png(plot(LINE, Line("b", "#D55E00", [1.0, 3.0], [0.4, 0.4], is_faint=True)))))
    colours = {colour for _, colour in image.getcolors(1 << 20) or []}
    assert (0x00, 0x72, 0xB2) in colours
    assert (0xD5, 0x5E, 0x00) not in colours
    assert image.width == 1520


def test_the_csv_has_every_point_and_no_formula() -> None:
    dots = Line("a", "#0072B2", [0.9], [1.0], mark="square")
    assert to_csv(plot(dots, categories=("x", "=y"))) == "series,epoch,loss\na,0.9,'=y\n"
    assert to_csv(plot(LINE)).splitlines()[1] == '"\'=<b>&""x\'",1.0,0.5'
