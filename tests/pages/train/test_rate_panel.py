"""The learning-rate finder on the Train page: started once, watched, taken with one click."""

from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.config import make_config
from core.errors import AccessError, RunError
from core.lr_search.store import LrSearch, LrSearchSpec, LrSearchStore
from core.stats.lr_range_test import range_test_rates, smooth
from core.store.job_records import RangeTest
from core.store.runs import RunStore, Status
from core.workers import launch
from pages.shared import state
from pages.shared.shell import jobs
from pages.shared.train.rate_chart import rate_chart
from pages.shared.train.rate_words import rate_words
from tests.pages.driver import widget


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """Ids of the jobs for which a worker would have been started."""
    ids: list[str] = []
    monkeypatch.setattr(launch, "start", lambda job, *, parent_pipe: ids.append(job.id) if parent_pipe else None)
    return ids


def result(valley: float | None = 0.01234) -> dict[str, Any]:
    losses = np.concatenate([np.linspace(0.7, 0.2, 90), np.linspace(0.3, 9, 10)]).tolist()
    steep = None if valley is None else 3 * valley
    return {
        "rates": range_test_rates().tolist(), "losses": losses, "smoothed": smooth(losses).tolist(), "valley": valley,
        "steep": steep, "steps": 100, "diverged": True, "seconds": 5.0,
    }  # fmt: skip


def end(search: LrSearch, status: str = "finished", message: str = "", **found: object) -> None:
    if found:
        search.write_result(dict(found))
    search.write_status(Status(status=status, message=message))


def open_page(search: LrSearch | None = None, **fields: object) -> AppTest:
    at = AppTest.from_file("../../../app.py", default_timeout=60)
    at.switch_page("pages/train.py")
    if search:
        at.session_state[state.RATE_SEARCH] = search.id
    for key, value in fields.items():
        at.session_state[state.field_key(key.replace("__", "."))] = value
    return at.run()


def press(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def labels(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def test_a_search_is_started_with_the_form_and_leaves_no_run(started):
    at = press(open_page(training__optimizer="sgd"), "Start the search")
    assert not at.exception
    (search,) = LrSearchStore().list()
    assert started == [search.id]
    assert search.config().training.optimizer == "sgd"
    assert RunStore().list() == []
    assert "Stop the search" in labels(at)
    assert "Start the search" not in labels(at)
    press(at, "Stop the search")
    assert search.stop_requested()
    assert widget(at, "rate_stop").disabled


def test_what_is_suggested_is_taken_with_one_click():
    search = LrSearchStore().create(make_config("sample", {}))
    end(search, **result())
    at = open_page(search)
    assert not at.exception
    assert {"Use 0.012 (valley)", "Use 0.037 (steep)", "Run again"} <= set(labels(at))
    press(at, "Use 0.012 (valley)")
    assert not at.exception
    assert widget(at, state.field_key("training.learning_rate")).value == 0.012
    assert not [w for w in at.warning if "changed since" in w.value], "the rate itself is no change"


def test_a_search_for_other_settings_says_so():
    search = LrSearchStore().create(make_config("sample", {}))
    end(search, **result())
    at = open_page(search, training__optimizer="sgd")
    assert at.warning[0].value == "The form has changed since this search; the result applies to its own settings."


def test_a_search_without_a_suggestion_or_without_an_end_is_one_sentence():
    search = LrSearchStore().create(make_config("sample", {}))
    end(search, message="The loss fell at no learning rate.", **result(valley=None))
    at = open_page(search)
    assert at.warning[0].value.replace("\\", "") == "The loss fell at no learning rate."
    assert not [label for label in labels(at) if label.startswith("Take")]
    end(search, "failed", "the disk is full")
    at = open_page(search)
    assert at.error[0].value == "The disk is full\\."


def test_settings_that_are_not_allowed_start_nothing(started):
    at = open_page(data__batch_size=0)
    assert next(button for button in at.button if button.label == "Start the search").disabled
    assert started == []


def test_a_public_search_is_as_small_as_a_public_training(monkeypatch, started):
    monkeypatch.setenv("PARITY_MODE", "public")
    with pytest.raises(AccessError, match=r'model\.backbone is "VGG16"'):
        jobs.begin("rate", LrSearchSpec(make_config("sample", {"model.backbone": "VGG16"})))
    small = LrSearchSpec(make_config("sample", {"training.epochs": 5}))
    for _ in range(3):  # one works, two may wait
        jobs.begin("rate", small)
    with pytest.raises(RunError, match=r"^2 jobs are queued already; start this one when some have ended$"):
        jobs.begin("rate", small)
    assert len(started) == 3


def test_the_image_marks_the_suggestions_and_says_them():
    spec = rate_chart(RangeTest(**result()), dark=True).to_dict()
    assert len(spec["layer"]) == 5
    assert (
        rate_words(RangeTest(**result()))
        == "Training loss over learning rates from 1e-07 to 1e+01. Suggested: valley 0.012, steep 0.037."
    )
    assert len(rate_chart(RangeTest(**result(valley=None)), dark=False).to_dict()["layer"]) == 2
