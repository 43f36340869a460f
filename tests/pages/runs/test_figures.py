"""Figures of compared runs: what stands in the legend, at the axes and under the pointer."""

import types

import pytest

from core.report.plot import to_svg
from core.store.run_colours import Look
from core.store.run_records import EpochRecord, Roc
from pages.shared.runs import figures
from pages.shared.runs.figures import Compared, Drawn, chart, curve_plot, plot_words, roc_plot

LONG = "a name of a run that is much longer than any legend · 4fe2aa"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Compared:
    roc = Roc(false_positive_rate=[0.0, 1.0], true_positive_rate=[0.0, 1.0], auc=0.9551)
    records = [EpochRecord(event="epoch", epoch=k, phase="training", val_accuracy=k / 4, val_loss=1.0) for k in (1, 2)]
    monkeypatch.setattr(figures, "_rocs", lambda run: {"cats": roc})
    monkeypatch.setattr(figures, "epochs_of", lambda run: records)
    return Compared(types.SimpleNamespace(), LONG, Look("#0072B2", (), "circle"))  # type: ignore[arg-type]


def test_the_area_stands_where_a_long_name_does_not_push_it_out(run: Compared) -> None:
    (line,) = roc_plot([run], "cats").lines
    assert line.name == f"AUC 0.955, {LONG}"


@pytest.mark.parametrize(("metric", "title", "form"), [("accuracy", "Accuracy", ".0%"), ("loss", "Loss", ".3~g")])
def test_axes_have_titles_and_shares_are_in_per_cent(run: Compared, metric: str, title: str, form: str) -> None:
    plot = curve_plot([run], metric, title, Drawn())
    encoding = chart(plot)["layer"][-1]["encoding"]
    assert encoding["y"]["title"] == f"Validation {title.lower()}"
    assert encoding["y"]["axis"]["format"] == form
    assert encoding["color"]["legend"]["labelLimit"] < 200
    assert ("40 %" in to_svg(plot)) == (metric == "accuracy")


def test_a_roc_curve_has_shares_on_both_axes_and_words_in_per_cent(run: Compared) -> None:
    plot = roc_plot([run], "cats")
    encoding = chart(plot)["layer"][-1]["encoding"]
    assert {encoding[axis]["axis"]["format"] for axis in "xy"} == {".0%"}
    assert encoding["y"]["title"] == "true positive rate"
    assert plot_words(curve_plot([run], "accuracy", "Accuracy", Drawn())).endswith(f"{LONG} 50.0\xa0%.")
