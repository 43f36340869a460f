"""The map as a figure: a dot for every picture, told apart by class and part, and what a lasso gives back."""

import pytest

from pages.shared.map_charts import map_figure, selected_files

ROWS = [
    {"file": f"{part}/{label}/{n}<b>.png", "label": label, "x": float(n), "y": -float(n), "issue": n == 2}
    for part in ("train", "val")
    for label in ("cats", "<i>dogs")
    for n in range(3)
]
PARTS = {row["file"]: row["file"].split("/")[0] for row in ROWS}


def test_every_picture_is_a_dot_of_its_class_and_part() -> None:
    figure = map_figure(ROWS, PARTS, ("cats", "<i>dogs"), (0.2, 0.1))
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
    assert len(figure.data[-1].x) == 4
    assert figure.layout.xaxis.title.text == "First component (20% of the variance)"
    assert "<b>" not in "".join(text for trace in dots for text in trace.text)


def test_where_no_label_looks_wrong_there_are_no_rings() -> None:
    figure = map_figure([{**row, "issue": False} for row in ROWS], PARTS, ("cats", "<i>dogs"), (0.2, 0.1))
    assert len(figure.data) == 4


def test_pictures_that_are_in_no_part_any_more_are_left_out() -> None:
    figure = map_figure(ROWS, {}, ("cats", "<i>dogs"), (0.2, 0.1))
    assert [trace.name for trace in figure.data] == ["label looks wrong"]


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
