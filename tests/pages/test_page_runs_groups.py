"""Runs: the rows of bisects and sweeps (verdict, name, deletion with undo), and sorting by a column's head."""

import pytest
from streamlit.testing.v1 import AppTest

from core.config import make_config
from core.cross_validation.store import CrossValidationSpec, CrossValidationStore
from core.housekeeping import trash
from core.store.runs import Run, Status
from core.sweep.store import Sweep, SweepStore
from pages.shared import state
from tests.pages.driver import elements
from tests.pages.test_page_runs import MARKUP, asked, named, names, open_runs, press


@pytest.fixture
def trials(make_run) -> list[Run]:
    return [make_run(name, records=2) for name in ("one", "two")]


@pytest.fixture
def sweep(trials: list[Run]) -> Sweep:
    found = SweepStore().create(make_config("sample", {}), [{"training.learning_rate": 0.1}], 5)
    found.write_result({**found.result(), "arms": [{"run": run.id} for run in trials]})
    found.write_status(Status(status="finished", created=2e9))
    return found


def test_a_sweep_is_renamed_and_leads_to_its_best_settings(sweep):
    at = open_runs(chosen=sweep.id)
    link = next(one for one in elements(at.main, "page_link") if one.label == "Its best settings")
    assert (link.proto.page, link.proto.query_string) == ("train", f"sweep={sweep.id}")
    named(at, "text_input", "Name").set_value(f" {MARKUP} ")
    next(one for one in at.button if one.label == "Save" and "rename" in str(one.proto.form_id)).click().run()
    assert not at.exception
    assert (names(at), sweep.title()) == ([MARKUP], MARKUP)
    assert sweep.settings()["arms"] == [{"training.learning_rate": 0.1}], "all else stays"
    at.switch_page("pages/train.py")
    at.query_params[state.SWEEP] = sweep.id
    at.run()
    assert "Sweep: grid or random search" in [one.label for one in at.expander if one.proto.expanded]


@pytest.mark.parametrize(("button", "left"), [("With its 2 trials", []), ("Keep the trials as runs", ["two", "one"])])
def test_a_sweep_is_deleted_with_or_without_its_trials_and_taken_back(sweep, button, left):
    at = press(open_runs(chosen=sweep.id), button)
    assert (names(at) if left else at.dataframe[0].value["name"].count()) == (left or 3)
    assert SweepStore().list() == []
    assert not asked(at, "chosen")
    press(at, "Undo")
    assert names(at) == ["Sweep: Learning rate"]
    assert (trash.deleted_runs(), trash.deleted_jobs()) == ([], [])
    assert len(sweep.trained_ids()) == 2


def test_a_deleted_sweep_comes_back_out_of_the_list_with_its_trials(sweep, trials):
    for folder in (sweep, *trials):
        trash.delete(folder)
    deleted = trash.find_job(sweep.id)
    assert deleted
    assert trash.deleted_trials(deleted) == [run.id for run in trials]
    at = open_runs()
    assert list(at.dataframe[0].value["name"])[-1].startswith("Sweep: ")

    def script(ids: list[str]) -> None:
        from pages.shared.run.upkeep import restore_runs

        restore_runs(ids)

    AppTest.from_function(script, kwargs={"ids": [sweep.id, *(run.id for run in trials)]}).run()
    assert names(open_runs()) == ["Sweep: Learning rate"]


def test_a_sweep_at_work_is_not_deleted(sweep):
    sweep.write_status(Status.in_queue(2e9))
    at = open_runs(chosen=sweep.id)
    assert "Still running; stop it first." in [caption.value for caption in at.caption]


@pytest.mark.parametrize(
    ("picked", "sort"),
    [
        (["val_accuracy"], "val_accuracy:desc"),
        (["findings"], "errors:desc"),
        ([], "created:asc"),
        (["name"], "name:asc"),
    ],
)
def test_a_press_on_a_head_is_in_the_address(picked, sort):
    def script(picked: list[str]) -> None:
        from core.runs_table.query import Sort
        from pages.shared.runs import table

        table._sort_by(picked, Sort())

    at = AppTest.from_function(script, kwargs={"picked": picked}).run()
    assert not at.exception
    assert asked(at, "sort") == sort


def test_a_job_without_runs_has_no_trials_to_show(trials):
    """Its row read "Finished, 0 trials", with a button that showed nothing."""
    found = CrossValidationStore().create(CrossValidationSpec(make_config("sample", {})).admit())
    found.write_status(Status(status="finished", created=2e9))
    row = open_runs().dataframe[0].value.iloc[0]
    assert (row["status"], row["open"]) == ("Finished", ":material/monitoring: Open")
