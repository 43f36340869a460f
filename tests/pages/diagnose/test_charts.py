"""Figures of the Diagnose page: what is drawn, and what is said of it."""

import json
from typing import Any

import pytest

from core.store.run_records import EpochRecord
from pages.shared.diagnose import charts

COLOURS = ["#8250C4", "#00A36C"]


def epochs(*values: float) -> list[EpochRecord]:
    return [
        EpochRecord(event="epoch", epoch=k, val_accuracy=value, val_loss=1 - value) for k, value in enumerate(values, 1)
    ]


def trial(name: str, base: str, value: float | None = None, status: str = "finished", **facts) -> dict[str, object]:
    interval = None if value is None else [value - 0.05, value + 0.05]
    return {"name": name, "base": base, "value": value, "interval": interval, "status": status, **facts}


RESULT: Any = {
    "noise": {"a": [0.88, 0.9], "b": [0.5]},
    "arms": [
        trial("A again", "a", 0.88),
        trial("A with data.shuffle = none", "a", 0.5, seconds=12.5),
        trial("B with data.shuffle = samples", "b", None, "running"),
        trial("B with x", "b", None, "failed"),
    ],
}


def test_each_run_has_its_line_in_its_colour():
    spec, table = charts.pair_curve(epochs(0.5, 0.8), epochs(0.5, 0.5, 0.5), "accuracy", "Accuracy", COLOURS)
    assert [(row["run"], row["epoch"], row["value"]) for row in table.to_pylist()] == [
        ("A", 1, 0.5), ("A", 2, 0.8), ("B", 1, 0.5), ("B", 2, 0.5), ("B", 3, 0.5),
    ]  # fmt: skip
    assert "data" not in spec
    assert spec["encoding"]["color"]["scale"] == {"domain": ["A", "B"], "range": COLOURS}
    assert spec["encoding"]["x"]["scale"]["domain"] == [1, 3]


def test_the_description_of_a_chart_is_made_once_and_nobody_can_change_it_for_others():
    first, _ = charts.pair_curve(epochs(0.5, 0.8), [], "accuracy", "Accuracy", COLOURS)
    first["title"] = "mine"
    made = charts._pair_spec.cache_info().misses
    again, _ = charts.pair_curve(epochs(0.4, 0.7), [], "accuracy", "Accuracy", COLOURS)
    assert (again["title"], charts._pair_spec.cache_info().misses) == ("Accuracy", made)


def test_epochs_without_the_metric_are_left_out_and_no_epoch_at_all_is_no_error():
    records = [EpochRecord(event="epoch", epoch=k, val_auc=area) for k, area in ((1, None), (2, 0.75))]
    _, table = charts.pair_curve(records, [], "auc", "AUC", COLOURS)
    assert table["epoch"].to_pylist() == [2]
    assert charts.pair_curve([], [], "loss", "Loss", COLOURS).table.num_rows == 0


def test_curves_are_said_in_words():
    words = charts.pair_words(epochs(0.5, 0.8), [], "accuracy", "Validation accuracy")
    assert words == "Validation accuracy of both runs over the epochs. At the end A has 80.0\xa0% and B –."


def test_every_trial_has_a_row_whatever_its_state():
    frame = charts.trials_frame(RESULT)
    assert list(frame["label"]) == [
        "A again: 88.0\xa0%",
        "A with data.shuffle = none: 50.0\xa0%",
        "B with data.shuffle = samples: training …",
        "B with x: failed",
    ]
    assert list(frame["from"]) == ["A", "A", "B", "B"]
    assert list(frame["low"].dropna()) == pytest.approx([0.83, 0.45])


def test_bands_span_the_repeats_and_a_single_value_is_still_seen():
    bands = charts.bands_frame(RESULT)
    assert list(bands["from"]) == ["A", "B"]
    assert list(bands["low"]) == pytest.approx([0.876, 0.496])
    assert list(bands["high"]) == pytest.approx([0.904, 0.504])
    assert list(bands["about"]) == ["A with 2 seeds: 88.0\xa0% to 90.0\xa0%", "B with 1 seeds: 50.0\xa0% to 50.0\xa0%"]


def test_axis_holds_every_interval_and_band_and_only_moves_in_steps():
    drawn = charts.trials_chart(RESULT, COLOURS, dark=False).to_dict()
    domains = {
        json.dumps(layer["encoding"]["x"]["scale"]["domain"])
        for layer in drawn["layer"]
        if "scale" in layer["encoding"]["x"]
    }
    assert domains == {"[0.4, 1.0]"}


def test_chart_has_the_same_layers_before_anything_was_measured():
    nothing: Any = {}
    empty, full = (charts.trials_chart(result, COLOURS, dark=True).to_dict() for result in (nothing, RESULT))
    assert [layer["mark"]["type"] for layer in empty["layer"]] == [layer["mark"]["type"] for layer in full["layer"]]
    assert [layer["mark"]["type"] for layer in full["layer"]] == ["rect", "rule", "point", "point", "text"]


def test_chart_grows_with_the_trials():
    assert charts.trials_height(10) - charts.trials_height(4) == 6 * charts.TRIAL_HEIGHT
    assert charts.trials_height(0) == charts.trials_height(1)


def test_trials_are_said_in_words():
    words = charts.trials_words(RESULT)
    assert "A with data.shuffle = none: 50.0\xa0%" in words
    assert "A with 2 seeds: 88.0\xa0% to 90.0\xa0%" in words
    nothing: Any = {}
    assert charts.trials_words(nothing).endswith("none planned yet.")
