"""Cross-validation on the Train page: what is asked for, and what is shown of one that is done."""

import csv
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import files
from core.config import make_config
from core.cross_validation.figures import METHOD, describe, fold_figures
from core.cross_validation.store import CrossValidation, CrossValidationSpec, CrossValidationStore
from core.store.runs import Status
from core.workers import launch
from pages.shared import state
from tests.pages.driver import widget


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """Ids of the jobs for which a worker would have been started."""
    ids: list[str] = []
    monkeypatch.setattr(launch, "start", lambda job, *, parent_pipe: ids.append(job.id) if parent_pipe else None)
    return ids


@pytest.fixture
def done() -> CrossValidation:
    """One of two folds and a repeat, with its answers."""
    job = CrossValidationStore().create(CrossValidationSpec(make_config("sample", {}), folds=2, repeats=1))
    heads: list[Any] = [
        {"repeat": 1, "fold": fold, "count": 4, "correct": right, "accuracy": right / 4, "auc": auc, "loss": 0.3,
         "epochs": 5, "seconds": 1.0}
        for fold, right, auc in ((1, 4, 1.0), (2, 3, 0.75))
    ]  # fmt: skip
    record: Any = {"id": job.id, "folds": 2, "repeats": 1, "brought": False, "images": 8, "groups": 8, "parted": 2,
              "test_images": 3, "inner_validation": True, "heads": heads, "figures": fold_figures(heads, 2),
              "complete": True, "sentence": "", "method": METHOD, "cost": {"spent_minutes": 0.5}}  # fmt: skip
    job.write_result({**record, "sentence": describe(record)})
    folder = job.out_of_fold().path
    folder.mkdir(parents=True)
    rows = [["val", f"a/{k}.png", "ab"[k % 2], "ab"[k % 2], str(0.5 + k / 20), str(0.5 - k / 20)] for k in range(8)]
    with (folder / "predictions.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["split", "file", "label", "predicted", "p(a)", "p(b)"], *rows])
    part = {"accuracy": 0.875, "count": 8, "correct": 7, "interval": [0.4, 1.0], "confusion": [[4, 0], [1, 3]]}
    files.write_json(folder / "evaluation.json", {"classes": ["a", "b"], "weights": "those of heads", "val": part})
    job.write_status(Status(status="finished", message="done"))
    return job


def open_page(job: CrossValidation | None = None) -> AppTest:
    at = AppTest.from_file("../../../app.py", default_timeout=30).run()
    at.switch_page("pages/train.py")
    if job:
        at.session_state[state.CROSS_VALIDATION] = job.id
    return at.run()


def test_the_button_starts_what_the_fields_say(started):
    at = open_page()
    widget(at, state.CROSS_VALIDATION_FOLDS).set_value(4).run()
    next(button for button in at.button if button.label == "Cross-validate").click().run()
    assert not at.exception
    (job,) = CrossValidationStore().list()
    assert started == [job.id]
    assert (job.folds(), job.repeats(), job.brought()) == (4, 3, False)


def test_figures_notes_and_answers_of_one_that_is_done(done):
    at = open_page(done)
    assert not at.exception
    shown = {metric.label: metric.value for metric in at.metric}
    assert (shown["Accuracy"], shown["AUC"], shown["Images"], shown["Heads"]) == ("87.5\xa0%", "0.875", "8", "2 of 2")
    said = [caption.value for caption in at.caption]
    assert any(text.startswith("The folds of the dataset divide 2 groups") for text in said)
    assert any("images of the test part were left out" in text for text in said)
    widget(at, "cv_answers").set_value(True).run()
    assert not at.exception
    assert "Predictions are those of heads." in [caption.value for caption in at.caption]
    assert any("Confusion matrix" in text.value for text in at.markdown)
