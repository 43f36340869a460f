"""Figures of held-out images: what is in them, and what a click means."""

import numpy as np
import pytest

from core.insight.calibration import Calibration
from core.insight.stored import Stored
from pages.shared.run.held_out_charts import (
    MARKS,
    PrecisionRecall,
    cell_words,
    cells_in_order,
    clickable_confusion,
    clicked_cell,
    mark_threshold,
    precision_recall_curves,
    precision_recall_figure,
    precision_recall_words,
    reliability_figure,
    reliability_words,
)

TABLE = [[5, 2], [0, 7]]
BINS = [{"low": 0.5, "high": 0.6, "count": 4, "sure": 0.55, "right": 0.5, "interval": [0.15, 0.85]}]


def test_every_filled_cell_can_be_clicked_and_says_which_it_is() -> None:
    figure = clickable_confusion(TABLE, ["a", "<b>"])
    marks = figure.data[1]
    said = dict(zip(zip(marks.y, marks.x, strict=True), marks.customdata, strict=True))
    assert set(said) == {(0, 0), (0, 1), (1, 1)}
    assert marks.marker.opacity == 0
    assert said[0, 1].startswith("a predicted as &lt;b&gt;<br>2 images")


def test_marks_are_bounded_however_many_classes_there_are_and_the_errors_come_first() -> None:
    """40,000 of them blocked a browser for half a minute."""
    rng = np.random.default_rng(1)
    table = np.diag(np.full(200, 9)) + rng.integers(0, 2, (200, 200))
    figure = clickable_confusion(table.tolist(), [f"class {k}" for k in range(200)])
    marks = figure.data[1]
    assert len(marks.x) == MARKS
    assert all(x != y for x, y in zip(marks.x, marks.y, strict=True))
    assert figure.data[0].customdata is None
    assert len(figure.to_json()) < 1_000_000


@pytest.mark.parametrize(
    ("state", "cell"),
    [
        ({"selection": {"points": [{"x": 1, "y": 0}]}}, (0, 1)),
        ({"selection": {"points": []}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_click_is_a_cell(state: object, cell: object) -> None:
    assert clicked_cell(state) == cell


def test_cells_come_wrong_ones_first_and_empty_ones_not_at_all() -> None:
    assert cells_in_order(np.array(TABLE)) == [(0, 1), (1, 1), (0, 0)]
    assert cells_in_order(np.array([[0, 1], [3, 0]])) == [(1, 0), (0, 1)]
    assert cell_words(["a", "b"], (0, 1), 2) == "a predicted as b: 2"
    assert cell_words(["a", "b"], (1, 1), 7) == "b, correct: 7"


def test_the_threshold_is_marked_where_it_is_known() -> None:
    figure = mark_threshold(reliability_figure(BINS, None), 0.25, 0.75, "")
    assert (figure.data[-1].x, figure.data[-1].y) == ((0.25,), (0.75,))
    assert "at the threshold" in mark_threshold(figure, 0.5, 0.5, "TPR %{y:.1%}").data[-1].hovertemplate


def test_precision_recall_is_of_the_positive_class_of_two_and_of_each_of_more() -> None:
    labels = np.array([0, 0, 0, 1])
    two = Stored(("a", "b"), ("1", "2", "3", "4"), labels, np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.2, 0.8]]))
    (curve,) = precision_recall_curves(two)
    assert (curve.name, curve.average, curve.share) == ("b", 1.0, 0.25)
    figure = precision_recall_figure([curve])
    assert [trace.name for trace in figure.data] == ["b, average precision 1.000", "chance"]
    assert precision_recall_words([curve]) == "Precision-recall curves; average precision: b 1.000 (chance 0.250)."
    three = Stored(("a", "b", "c"), two.files, labels, np.full((4, 3), 1 / 3))
    assert sorted(curve.name for curve in precision_recall_curves(three)) == ["a", "b"]  # there is no image of c


def test_a_class_name_in_a_legend_is_text_and_not_too_long() -> None:
    """A tag in a name once made the rest of the legend bold."""
    curves = [PrecisionRecall(name, [0, 1], [1, 0], 0.5, 0.5) for name in ("Größe <b>fett<", "x" * 90, "%{x}")]
    named = [trace.name for trace in precision_recall_figure(curves).data]
    assert named[0] == "Größe &lt;b&gt;fett&lt;, average precision 0.500"
    assert named[1] == f"{'x' * 17}…, average precision 0.500"
    assert named[2].startswith("%&#123;x}")


def test_a_legend_lies_below_its_figure_which_grows_with_it() -> None:
    one, many = (precision_recall_figure([PrecisionRecall("a", [0, 1], [1, 0], 0.5, 0.5)] * count) for count in (1, 8))
    assert (one.layout.legend.yanchor, one.layout.legend.y < 0) == ("top", True)
    assert many.layout.height > one.layout.height + 100


def test_the_reliability_diagram_has_intervals_and_words() -> None:
    figure = reliability_figure(BINS, BINS)
    assert [trace.name for trace in figure.data] == ["perfect calibration", "uncalibrated", "calibrated"]
    assert figure.data[1].error_y.array == pytest.approx([0.35])
    assert figure.data[1].error_y.arrayminus == pytest.approx([0.35])
    found = Calibration(40, 2.0, (0.1, 0.05, 0.06), (0.5, 0.4, 0.45))
    assert reliability_words(BINS, BINS, found) == (
        "Reliability diagram. Uncalibrated: confidence 55.0\xa0%, accuracy 50.0\xa0% (4 images). Calibrated at "
        "temperature 2.00: confidence 55.0\xa0%, accuracy 50.0\xa0%."
    )
    assert len(reliability_figure(BINS, None).data) == 2
