"""Figures from records: what is in them, and that names from users stay text."""

import itertools
import tomllib
from pathlib import Path

import pytest

from core.store.run_colours import SERIES
from core.store.run_records import EpochRecord, Roc
from pages.shared.run.held_out_charts import clickable_confusion
from pages.shared.widgets.charts import (
    BASELINE,
    POINTS,
    TRAINING,
    VALIDATION,
    confusion_figure,
    confusion_words,
    history_frame,
    roc_figure,
    roc_words,
    thin,
)
from pages.shared.widgets.curves import FINETUNING, Looks, axis_end, curve, curve_words


def epoch(number: int, **figures) -> EpochRecord:
    return EpochRecord(event="epoch", epoch=number, **figures)


def records(count: int) -> list[EpochRecord]:
    return [
        epoch(k, phase="training", loss=1 / k, val_loss=2 / k, accuracy=0.5, val_accuracy=None)
        for k in range(1, count + 1)
    ]


def roc(area: float | None) -> Roc:
    return Roc(false_positive_rate=[0.0, 1.0], true_positive_rate=[0.0, 1.0], auc=area)


def values(chart, series: str) -> list[tuple[float, float | None]]:
    """Points of one curve in the chart's own data."""
    return [(row["epoch"], row["value"]) for row in chart.table.to_pylist() if row["series"] == series]


def test_thin_keeps_first_and_last():
    assert thin(records(5)) == records(5)
    kept = thin(records(1000))
    assert len(kept) == POINTS
    assert (kept[0].epoch, kept[-1].epoch) == (1, 1000)
    assert all(a.epoch < b.epoch for a, b in itertools.pairwise(kept))


def test_curve_draws_training_validation_and_baseline():
    chart = curve(records(2), "loss", "Loss", 10)
    assert values(chart, "training") == [(1, 1.0), (2, 0.5)]
    assert values(chart, "validation") == [(1, 2.0), (2, 1.0)]
    chart = curve(records(2), "accuracy", "Accuracy", 10, baseline=0.6)
    assert values(chart, "majority class") == [(1, 0.6), (10, 0.6)]
    assert values(chart, "validation") == []


def test_curve_keeps_its_description_while_epochs_arrive():
    assert curve(records(2), "loss", "Loss", 10).spec == curve(records(7), "loss", "Loss", 10).spec


@pytest.mark.parametrize(
    ("planned", "last", "end"), [(10, 3, 10), (30, 0, 30), (400, 16, 30), (400, 30, 60), (400, 399, 400), (3, 7, 7)]
)
def test_axis_of_a_long_training_grows_in_steps(planned, last, end):
    assert axis_end(planned, last) == end


def test_many_epochs_have_no_dots():
    assert "point" in curve(records(40), "loss", "Loss", 50).spec["layer"][0]["mark"]
    assert not curve(records(41), "loss", "Loss", 50).spec["layer"][0]["mark"]["point"]


def test_curve_without_epochs_is_an_empty_chart():
    spec = curve([], "auc", "AUC", 0).spec
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == [1, 2]
    assert spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == [0, 1]


def test_fine_tuning_is_marked_where_it_begins():
    tuned = [*records(3), epoch(4, phase="finetuning", loss=0.1, val_loss=0.1)]
    assert values(curve(tuned, "loss", "Loss", 4), FINETUNING) == [(3.5, None)]
    assert not values(curve(records(3), "loss", "Loss", 4), FINETUNING)


def test_every_stage_is_marked_with_words_where_it_begins():
    phases = ["training", "finetuning", "finetuning", "finetuning 2", "finetuning 3"]
    tuned = [record.model_copy(update={"phase": phase}) for record, phase in zip(records(5), phases, strict=True)]
    chart = curve(tuned, "loss", "Loss", 5)
    marks = [row for row in chart.table.to_pylist() if row["series"].startswith(FINETUNING)]
    assert [(row["epoch"], row["series"]) for row in marks] == [
        (1.5, "fine-tuning"), (3.5, "fine-tuning, stage 2"), (4.5, "fine-tuning, stage 3")
    ]  # fmt: skip
    assert chart.spec == curve(records(5), "loss", "Loss", 5).spec
    assert [layer["mark"]["type"] for layer in chart.spec["layer"]] == ["line", "rule", "text"]


def test_a_stage_is_marked_where_it_begins_however_many_epochs_there_are():
    tuned = [*records(999), *(record.model_copy(update={"phase": "finetuning"}) for record in records(2))]
    tuned = [record.model_copy(update={"epoch": number}) for number, record in enumerate(tuned, start=1)]
    assert values(curve(tuned, "loss", "Loss", 1001), FINETUNING) == [(999.5, None)]


def test_words_for_those_who_cannot_see():
    assert curve_words([], "loss", "Loss") == "Loss over the epochs. No epoch finished yet."
    words = curve_words([epoch(3, accuracy=0.5, val_accuracy=0.625)], "accuracy", "Accuracy")
    assert words == "Accuracy over the epochs. After epoch 3: training 50.0\xa0%, validation 62.5\xa0%."
    words = confusion_words([[3, 1], [0, 4]], ["<b>", "肺炎"])
    assert words == (
        "Confusion matrix: of 4 images of <b>, 3 were predicted as <b>; of 4 images of 肺炎, 4 were predicted as 肺炎."
    )
    assert roc_words({"a": roc(0.97)}) == "ROC curves; area under the curve: a 0.970. Chance is 0.5."


def test_confusion_has_counts_row_shares_and_literal_names():
    figure = confusion_figure([[3, 1], [0, 0]], ["<img src=x onerror=alert(1)>", "$\\frac$ &amp;"])
    assert figure.data[0].z.tolist() == [[0.75, 0.25], [0, 0]]
    assert [a.text for a in figure.layout.annotations] == ["3<br>75%", "1<br>25%", "0<br>0%", "0<br>0%"]
    assert figure.layout.xaxis.ticktext == ("&lt;img src=x onerro…", "$\\frac$ &amp;amp;")
    assert (
        figure.data[0]
        .customdata[0][1]
        .startswith("&lt;img src=x onerror=alert(1)&gt; predicted as<br>$\\frac$ &amp;amp;")
    )


def test_cells_of_seven_classes_have_no_room_for_a_share():
    """`100%` below each other's count ran into the next cell."""
    names = [f"class {k}" for k in range(7)]
    counts = [[4 if i == j else 0 for j in range(7)] for i in range(7)]
    assert {a.text for a in confusion_figure(counts, names).layout.annotations} == {"4", "0"}
    six = confusion_figure([row[:6] for row in counts[:6]], names[:6])
    assert {a.text for a in six.layout.annotations} == {"4<br>100%", "0<br>0%"}
    assert six.data[0].customdata[0][0].endswith("<br>4 images, 100.0% of its row")


def test_a_single_image_is_told_in_the_singular():
    figure = confusion_figure([[1, 2], [0, 3]], ["a", "b"])
    assert [text.split("<br>")[1] for text in figure.data[0].customdata[0]] == [
        "1 image, 33.3% of its row", "2 images, 66.7% of its row",
    ]  # fmt: skip
    assert confusion_words([[1, 0], [1, 2]], ["a", "b"]) == (
        "Confusion matrix: of 1 image of a, 1 was predicted as a; of 3 images of b, 2 were predicted as b."
    )


def test_the_cells_fill_the_confusion_matrix_so_that_each_name_stands_at_its_cell():
    """Marks on the cells once widened the axes, and on a phone both names stood on each other below narrow cells."""
    figure = clickable_confusion([[3, 1], [0, 4]], ["NORMAL", "PNEUMONIA"])
    assert figure.layout.xaxis.range == (-0.5, 1.5)
    assert figure.layout.yaxis.range == (1.5, -0.5)


def test_confusion_of_many_classes_is_not_written_full():
    names = [f"class {k}" for k in range(30)]
    figure = confusion_figure([[0] * 30 for _ in names], names)
    assert not figure.layout.annotations
    assert figure.data[0].showscale
    assert len(figure.layout.yaxis.tickvals) == 30, "a row for each name"


def test_axes_of_very_many_classes_name_as_many_as_there_is_room_for():
    names = [f"class {k}" for k in range(200)]
    layout = confusion_figure([[0] * 200 for _ in names], names).layout
    assert layout.height * 0.75 > 13 * len(layout.yaxis.tickvals) > 13 * 20
    assert 6 <= len(layout.xaxis.tickvals) <= 15
    few = confusion_figure([[0] * 12 for _ in range(12)], names[:12]).layout
    assert (len(few.xaxis.tickvals), few.height) == (12, 380)


def test_names_cut_alike_stay_apart():
    figure = confusion_figure([[1, 0], [0, 1]], ["a" * 40 + "1", "a" * 40 + "2"])
    assert figure.layout.xaxis.tickvals == (0, 1)


def test_roc_draws_the_worst_classes_and_the_diagonal():
    curves = {f"<b>{k}": roc(k / 20) for k in range(20, 0, -1)}
    figure = roc_figure(curves)
    assert len(figure.data) == len(SERIES) + 1
    assert figure.data[0].name == "&lt;b&gt;1, AUC 0.050"
    assert figure.data[-1].name == "chance"


def test_roc_of_a_class_without_images_has_no_area():
    assert roc_figure({"a": roc(None)}).data[0].name == "a, AUC –"


def test_history_is_a_table_with_a_fixed_head():
    frame = history_frame(records(2))
    assert list(frame) == [
        "epoch", "phase", "loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc", "learning_rate",
        "seconds",
    ]  # fmt: skip
    assert frame["loss"].tolist() == [1.0, 0.5]


THEME = tomllib.loads((Path(__file__).parents[3] / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]


def contrast(one: str, other: str) -> float:
    """Of two colours, 1 to 21, as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
        linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_words_of_a_button_and_what_is_chosen_can_be_read(name: str) -> None:
    theme = {**THEME, **THEME[name]}
    assert contrast("#ffffff", theme["primaryColor"]) > 4.2  # Streamlit writes white on it
    assert contrast(theme["backgroundColor"], theme["primaryColor"]) > 4.2
    assert contrast(theme["backgroundColor"], theme["textColor"]) > 7


def test_colours_are_those_of_the_theme():
    theme = THEME
    assert list(SERIES) == theme["chartCategoricalColors"]
    assert (SERIES[0], SERIES[1], SERIES[-1]) == (TRAINING, VALIDATION, BASELINE)


def test_learning_rates_far_apart_can_both_be_read() -> None:
    records = [epoch(k, phase="training", learning_rate=rate) for k, rate in ((1, 1e-3), (2, 1e-5))]
    found = curve(records, "learning_rate", "Learning rate", 2)
    assert scale(found) == {"type": "log", "domain": [1e-5, 1e-3], "nice": False}
    assert scale(curve([], "learning_rate", "Learning rate", 2))["domain"] == [0, 1]


def scale(chart) -> dict:
    return chart.spec["layer"][0]["encoding"]["y"]["scale"]


@pytest.mark.parametrize(
    ("metric", "figures", "domain"),
    [
        ("loss", (1.91, 0.4), [0, 2]),
        ("loss", (2.0, 0.1), [0, 2]),
        ("loss", (0.031, 0.02), [0, 0.05]),
        ("accuracy", (0.57, 1.0), [0.5, 1]),
        ("auc", (0.3, 0.9), [0.3, 1]),
        ("accuracy", (1.0, 1.0), [0.9, 1]),
    ],
)
def test_every_point_is_inside_an_axis_that_ends_at_round_numbers(metric, figures, domain):
    """Else it would move at every epoch, or cut a dot in half."""
    chart = curve([epoch(k, **{metric: value}) for k, value in enumerate(figures, 1)], metric, "x", 2)
    assert scale(chart)["domain"] == pytest.approx(domain)
    assert not chart.spec["layer"][0]["mark"].get("clip")
    encoding = chart.spec["layer"][0]["encoding"]
    assert encoding["x"]["title"] == "Epoch"
    assert encoding["y"]["title"]


@pytest.mark.parametrize(
    ("metric", "figures", "form"),
    [
        ("auc", (0.97, 1.0), ".2~f"),
        ("loss", (0.6, 0.2), ".2~f"),
        ("loss", (0.04, 0.02), ".3~f"),
        ("loss", (0.004, 0.002), ".4~f"),
        ("accuracy", (0.97, 1.0), ".0%"),
    ],
)
def test_no_two_numbers_at_an_axis_look_the_same(metric, figures, form):
    """From 0.9 to 1 the axis of the AUC read 0.9, 0.9, 0.9, 1.0, 1.0, 1.0."""
    chart = curve([epoch(k, **{metric: value}) for k, value in enumerate(figures, 1)], metric, "x", 2)
    assert chart.spec["layer"][0]["encoding"]["y"]["axis"]["format"] == form


def test_a_loss_may_be_drawn_by_powers_of_ten_and_smoothed():
    made = [epoch(k, loss=value) for k, value in enumerate((1.0, 0.0, 0.02), 1)]
    logarithmic = curve(made, "loss", "Loss", 3, looks=Looks(is_log=True))
    assert scale(logarithmic)["type"] == "log"
    assert scale(logarithmic)["domain"] == pytest.approx([0.01, 1])
    assert values(logarithmic, "training") == [(1, 1.0), (3, 0.02)], "there is no power of ten for 0"
    smoothed = curve(made, "loss", "Loss", 3, looks=Looks(smoothing=0.5))
    assert [value for _, value in values(smoothed, "training")] == pytest.approx([1, 1 / 3, 0.02 * 4 / 7 + 1 / 7])
    assert smoothed.table["measured"].to_pylist() == [1.0, 0.0, 0.02]
    assert smoothed.spec["title"] == "Loss, smoothed"
    assert scale(curve(made, "accuracy", "Accuracy", 3, looks=Looks(is_log=True)))["type"] == "linear"
