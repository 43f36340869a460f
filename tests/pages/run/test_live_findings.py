"""Findings of a training's course on Live: they appear with the epoch that shows them."""

from streamlit.testing.v1 import AppTest

from core import files
from pages.shared.run.live_findings import _in_short
from pages.shared.widgets.text import plain

EPOCH = {
    "epoch": 1, "phase": "training", "draw": 0, "order": "o", "batch_orders": ["o"],
    "mix": [[10, 0]] * 20 + [[0, 10]] * 20, "losses": [0.7], "gradient_norms": [1.0],
    "loss": 0.6, "accuracy": 0.9, "val_loss": 5.0, "val_accuracy": 0.5, "val_auc": 0.5, "predicted_class": "*b*",
    "predicted_share": 1.0, "prediction_std": 0.0, "best_threshold_accuracy": 0.5, "dead_units": 0.2,
    "feature_mean": 0.1, "feature_std": 0.1,
}  # fmt: skip


def open_live(run_id: str) -> AppTest:
    at = AppTest.from_file("../../../app.py", default_timeout=60)
    at.query_params["run"] = run_id
    return at.switch_page("pages/live.py").run()


def test_a_finding_appears_with_the_epoch_that_shows_it_and_its_words_are_no_markdown(make_run):
    run = make_run("pinned", records=1)
    at = open_live(run.id)
    assert not at.exception
    assert not at.error
    record = {
        "format": 1, "classes": ["a", "*b*"], "hashes": {"base": "w"}, "samples": [], "epochs": [EPOCH],
        "environment": {}, "data": {"train": "t", "val": "v", "labels": "l"},
    }  # fmt: skip
    files.write_json(run.path / "trace.json", record)
    at.run()
    assert not at.exception
    line, card = [box.value for box in at.error]
    assert (
        line
        == plain(
            "After epoch 1 all 4 validation images get the same prediction, “*b*”, with the same probability: its "
            "standard deviation is 0."
        )
        + " More below the curves."
    )
    assert [card] == [
        plain(
            "After epoch 1 all 4 validation images get the same prediction, “*b*”, with the same probability: its "
            "standard deviation is 0. The recorded order is class by class (40 of 40 batches hold a single class, "
            "expected under shuffling: 0.1); this is consistent with it. Shuffle the samples in every epoch: "
            "“Shuffle” set to “Every epoch”."
        )
    ]
    badge = f":orange-badge[:material/warning: {plain('Chance level: same prediction for every image')}]"
    assert badge in [text.value for text in at.markdown]


def test_a_claim_in_short_is_whole_sentences():
    assert _in_short("Of 3.5 M one. It is so. " + "And so on" * 20) == "Of 3.5 M one. It is so."
    assert _in_short("word " * 40 + "end. Then more.").endswith("word end.")
    assert _in_short("no point") == "no point."


def test_what_was_found_before_the_training_stands_with_the_result(make_run):
    run = make_run("leaky", records=2)
    found = [
        {"id": "leak-patient", "severity": "warning", "claim": "33 of 100 share a patient.", "evidence": {}},
        {"id": "mixed-precision", "severity": "info", "claim": "Slower here.", "evidence": {}},
    ]
    files.write_json(run.path / "findings.json", {"findings": found})
    at = open_live(run.id)
    assert not at.exception
    shown = [text.value for text in at.markdown]
    assert f":orange-badge[:material/warning: {plain('Optimistic: data leakage')}]" in shown
    assert "##### Findings: 1 warning" in shown
    assert plain("33 of 100 share a patient.") in at.warning[0].value
    assert "1 finding worth knowing" in [expander.label for expander in at.expander]


def test_a_damaged_trace_shows_nothing_and_breaks_nothing(make_run):
    run = make_run("broken", records=2)
    (run.path / "trace.json").write_text("{")
    at = open_live(run.id)
    assert not at.exception
    assert not at.error
