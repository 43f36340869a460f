"""The search for the best network on the Train page: its ranking, the fine-tuned best, and what the buttons start."""

import time
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.config import make_config
from core.cross_validation.figures import fold_figures
from core.search.candidates import Wanted
from core.search.fine_tuned import begin_fine_tuned, describe_fine_tuned, judge_fine_tuned
from core.search.store import Search, SearchSpec, SearchStore
from core.store.runs import RunStore, Status
from core.workers import launch
from pages.shared import state
from pages.shared.widgets.text import plain


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """Ids of the jobs for which a worker would have been started."""
    ids: list[str] = []
    monkeypatch.setattr(launch, "start", lambda job, *, parent_pipe: ids.append(job.id) if parent_pipe else None)
    return ids


def heads(*right: int) -> list[Any]:
    return [
        {"repeat": 1, "fold": fold, "count": 100, "correct": count, "accuracy": count / 100, "auc": 0.9, "loss": 0.3,
         "epochs": 5, "seconds": 1.0} for fold, count in enumerate(right, 1)
    ]  # fmt: skip


def search(fine_tuned: list[Any], reason: str = "") -> Search:
    """A finished one of two candidates; the second is the best."""
    wanted = Wanted(("EfficientNetLite0",), (160,), ("dropout 0.2",), (1e-3, 1e-2))
    job = SearchStore().create(SearchSpec(make_config("sample", {}), wanted=wanted, folds=5, repeats=1).admit())
    rows = [
        {"name": f"candidate *{k}*", "settings": one, "state": "kept", "reason": "", "heads": trained,
         "figures": fold_figures(trained, 5), "milliseconds": 9.0 + k, "megabytes": 14.0}
        for k, (one, trained) in enumerate(
            zip(job.candidates(), (heads(80, 81, 79, 80, 80), heads(90, 91, 89, 90, 90)), strict=True)
        )
    ]  # fmt: skip
    pair = {"candidate": 0, "difference": 0.1, "interval": [0.05, 0.15], "p_value": 0.001, "told_apart": True}
    record: Any = {
        "id": job.id, "folds": 5, "repeats": 1, "brought": False, "images": 500, "groups": 500, "rung": 2,
        "candidates": rows, "ranking": [1, 0], "pairs": [pair], "expected": None, "complete": True,
        "sentence": "Best of 2.", "cost": {"spent_minutes": 1.5},
    }  # fmt: skip
    found = begin_fine_tuned(record)
    found |= {"heads": fine_tuned, "reason": reason}
    judge_fine_tuned(found, record)
    record["fine_tuned"] = found
    job.write_result({**record, "sentence": f"Best of 2. {describe_fine_tuned(record)}"})
    job.write_status(Status(status="finished", message="done"))
    return job


def open_page(job: Search) -> AppTest:
    at = AppTest.from_file("../../../app.py", default_timeout=30).run()
    at.switch_page("pages/train.py")
    at.session_state[state.SEARCH] = job.id
    return at.run()


def press(at: AppTest, label: str) -> None:
    next(button for button in at.button if button.label == label).click().run()
    assert not at.exception


def test_where_fine_tuning_was_better_the_button_trains_it(started):
    at = open_page(search(heads(98, 99, 97, 98, 98)))
    assert not at.exception
    said = "\n".join(text.value for text in at.markdown)
    assert plain("Fine-tuned, it classifies 98.0 % correctly, +8.0 points on the same 5 folds (95 % CI +2.6") in said
    assert plain("): better.") in said
    (table,) = [frame.value for frame in at.dataframe if "apart" in frame.value]
    assert table["accuracy"].tolist() == pytest.approx([90.0, 80.0])
    assert table["apart"].tolist() == ["the best", "yes"]
    press(at, "Train the best, fine-tuned")
    press(at, "Train it with a frozen backbone")
    runs = [run.config() for run in reversed(RunStore().list())]
    assert [config.training.mode for config in runs] == ["fine_tune", "bottleneck"]
    assert {config.training.learning_rate for config in runs} == {1e-2}
    assert len(started) == 2


def test_where_no_difference_was_shown_the_frozen_one_comes_first(started):
    at = open_page(search(heads(90, 92, 88, 91, 90)))
    assert any(plain("no difference shown") in text.value for text in at.markdown)
    press(at, "Train the best")
    press(at, "Train it fine-tuned")
    assert [run.config().training.mode for run in reversed(RunStore().list())] == ["bottleneck", "fine_tune"]


def test_a_best_that_was_not_fine_tuned_says_why(started):
    at = open_page(search([], "the budget ended while fold 1 was fine-tuned"))
    assert not at.exception
    said = [caption.value for caption in at.caption]
    reason = plain("the budget ended while fold 1 was fine-tuned")
    assert f"Not fine-tuned on every fold: {reason}." in said
    assert {"Train the best"} == {button.label for button in at.button if button.label.startswith("Train ")}


def test_the_button_counts_the_candidates_of_the_form_as_it_is() -> None:
    at = AppTest.from_file("../../../app.py", default_timeout=60).switch_page("pages/train.py")
    at.session_state[state.SEARCH_NETWORKS] = ["EfficientNetLite0"]
    for sizes, label in (("160, 224", "Compare 12 candidates"), ("160", "Compare 6 candidates")):
        at.session_state[state.SEARCH_SIZES] = sizes
        assert at.run().button(key="search_start").label == label


def test_the_bar_of_a_running_search_tells_how_many_heads_are_trained() -> None:
    job = search([])
    now = time.monotonic()
    job.write_status(Status(status="running", heartbeat=now, queued=now, message="Candidate 1", done=3, total=12))
    at = open_page(job)
    assert not at.exception
    assert [bar.proto.value for bar in at.get("progress")] == [25]


def test_a_stopped_search_says_its_sentence_once() -> None:
    job = search([])
    record = job.result()
    assert record is not None
    job.write_result({**record, "complete": False, "sentence": "Best of 2: the second."})
    told = "Stopped after 1 head; what was trained is kept."
    job.write_status(Status(status="stopped", message=f"{told} Best of 2: the second."))
    at = open_page(job)
    assert not at.exception
    assert [one.value for one in at.warning if "Stopped" in one.value] == [plain(told)]
    assert sum(plain("Best of 2: the second.") in one.value for one in at.markdown) == 1
