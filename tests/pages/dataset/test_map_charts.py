"""The map as a figure: a dot for every image, told apart by group and part, and what a lasso gives back."""

from typing import Any

import numpy as np
import pytest

from pages.shared.dataset.map_charts import map_figure, near_order, selected_files
from pages.shared.dataset.map_colours import by_class, by_fit

ROWS: list[dict[str, Any]] = [
    {"file": f"{part}/{label}/{n}<b>.png", "label": label, "part": part, "x": float(n), "y": -float(n),
     "issue": n == 2, "note": "looks like <u>it" if n == 2 else "", "score": n / 2}
    for part in ("train", "val")
    for label in ("cats", "<i>dogs")
    for n in range(3)
]  # fmt: skip
AXES = ("First component", "Second component")


def test_every_image_is_a_dot_of_its_class_and_part() -> None:
    figure = map_figure(ROWS, by_class(ROWS, ("cats", "<i>dogs")), AXES)
    names = [trace.name for trace in figure.data]
    assert names == [
        "cats, training", "cats, validation", "&lt;i&gt;dogs, training", "&lt;i&gt;dogs, validation",
        "label looks wrong",
    ]  # fmt: skip
    dots = figure.data[:-1]
    assert [data[0] for trace in dots for data in trace.customdata] == sorted(
        (row["file"] for row in ROWS), key=lambda f: (f.split("/")[1] != "cats", f)
    )
    assert dots[0].marker.color == dots[1].marker.color != dots[2].marker.color
    assert dots[0].marker.symbol == dots[2].marker.symbol != dots[1].marker.symbol
    assert {trace.marker.opacity for trace in dots} == {1}, "where the page shines through, blue has 2.5 to 1 on dark"
    assert len(figure.data[-1].x) == 4
    assert figure.layout.xaxis.title.text == "First component"


def test_names_are_escaped_for_plotly_and_plain_for_the_card() -> None:
    """Plotly draws a little HTML; the card puts its texts in as text, where escapes would be seen."""
    figure = map_figure(ROWS, by_class(ROWS, ("cats", "<i>dogs")), AXES)
    dots = figure.data[2]
    assert "<b>" not in "".join(dots.text)
    assert "<i>" not in dots.name + dots.hovertemplate.replace("<extra>", "")
    assert list(dots.customdata[2]) == ["train/<i>dogs/2<b>.png", "<i>dogs · training", "looks like <u>it"]


def test_a_scale_of_colours_has_a_bar_instead_of_a_legend_and_forms_still_tell_the_parts() -> None:
    figure = map_figure(ROWS, by_fit(ROWS), AXES)
    dots = figure.data[0]
    assert list(dots.marker.color) == sorted(dots.marker.color, reverse=True)
    assert (dots.marker.cmin, dots.marker.cmax, dots.showlegend) == (0, 1, False)
    assert set(dots.marker.symbol) == {"circle", "diamond"}


def test_where_no_label_looks_wrong_there_are_no_rings() -> None:
    rows = [{**row, "issue": False} for row in ROWS]
    assert len(map_figure(rows, by_class(rows, ("cats", "<i>dogs")), AXES).data) == 4


def test_axes_that_mean_nothing_have_no_numbers() -> None:
    figure = map_figure(ROWS, by_class(ROWS, ("cats", "<i>dogs")), ("", ""))
    assert figure.layout.xaxis.showticklabels is False


def test_what_lies_close_on_the_map_is_close_in_the_order() -> None:
    rng = np.random.default_rng(0)
    corner = np.arange(80) % 4
    positions = np.stack([corner % 2, corner // 2], axis=1) * 10 + rng.random((80, 2))
    order = near_order([{"x": x, "y": y} for x, y in positions])
    assert sorted(order) == list(range(80))
    assert (np.diff(corner[order]) != 0).sum() == 3
    assert near_order([]) == []
    assert near_order([{"x": 1.0, "y": 1.0}] * 3) == [0, 1, 2]


@pytest.mark.parametrize(
    ("event", "files"),
    [
        ({"selection": {"points": [{"customdata": ["a"]}, {"customdata": ["b"]}, {"customdata": ["a"]}]}}, ["a", "b"]),
        ({"selection": {"points": [{"customdata": "a"}, {}, {"customdata": []}, {"customdata": [3]}]}}, ["a"]),
        ({"selection": {}}, []),
        ({}, []),
        (None, []),
    ],
)
def test_the_selected_files_come_once_each(event, files) -> None:
    assert selected_files(event) == files
