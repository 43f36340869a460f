"""Notes, clones and deletion on Home and Live, and who may."""

import contextlib
from unittest import mock

import pytest
from streamlit.testing.v1 import AppTest

from core import files
from core.access.persons import Person, person_of
from core.errors import AccessError
from core.housekeeping import trash
from core.store.notes import Note, read_note, write_note
from core.store.runs import RunStore
from pages.shared import state
from pages.shared.home import runs as home_runs
from pages.shared.run import rows as run_list
from pages.shared.run import upkeep as run_upkeep
from tests.pages.driver import elements, widget


def open_page(page: str = "app.py", **query: str) -> AppTest:
    at = AppTest.from_file("../../../app.py", default_timeout=60)
    for key, value in query.items():
        at.query_params[key] = value
    return at.run() if page == "app.py" else at.switch_page(page).run()


def press(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def table(at: AppTest) -> list[str]:
    return list(at.dataframe[0].value["name"])


def test_a_note_and_tags_are_written_on_live_and_shown_literally(make_run):
    run = make_run("one")
    at = open_page("pages/live.py", run=run.id)
    widget(at, state.part_key("note", run.id, "text")).set_value("see *this* <b>")
    at.multiselect[0].set_value(["Röntgen"])
    press(at, "Save")
    assert not at.exception
    assert read_note(run) == Note("see *this* <b>", ("Röntgen",))
    assert "see *this* <b>" in [text.value for text in at.text]
    assert "Röntgen" in " ".join(str(line.value) for line in at.markdown)


def test_a_refused_note_is_one_sentence(make_run):
    run = make_run("one")
    at = open_page("pages/live.py", run=run.id)
    at.multiselect[0].set_value(["x" * 40])
    press(at, "Save")
    assert at.error[0].value.replace("\\", "").startswith(f'The tag "{"x" * 40}" is not allowed')
    assert read_note(run) == Note()


def test_home_shows_the_tags_of_the_last_runs_and_leads_to_all(make_run):
    for name, tags in (("first", ["paper"]), ("second", ["paper", "keep"]), ("third", [])):
        write_note(make_run(name), f"note of {name}", tags)
    at = open_page()
    assert table(at) == ["third", "second", "first"]
    assert [list(tags) for tags in at.dataframe[0].value["tags"]] == [[], ["paper", "keep"], ["paper"]]
    for k in range(8):
        make_run(f"later {k}")
    at.run()
    assert table(at) == [f"later {k}" for k in range(7, -1, -1)]
    assert "All runs: filter, sort and compare" in [link.label for link in elements(at.main, "page_link")]


def test_clone_fills_the_form_with_settings_and_data_set(make_run):
    run = make_run("good", settings={"training.epochs": 7, "model.dropout": 0.5, "training.mode": "end_to_end"})
    at = press(open_page("pages/live.py", run=run.id), "Clone")
    assert not at.exception
    assert at.title[0].value == "Train"
    assert at.success[0].value == "The form has the settings of “good”\\."
    values = {key: at.session_state[state.field_key(key)] for key in ("training.epochs", "model.dropout")}
    assert values == {"training.epochs": 7, "model.dropout": 0.5}
    assert at.session_state[state.DATASET] == run.config().dataset
    assert widget(at, state.RUN_NAME).value == "good"
    assert "3 settings differ from the preset" in " ".join(caption.value for caption in at.caption)


def test_a_run_is_deleted_on_live_and_taken_back_at_once(make_run):
    make_run("other")
    run = make_run("gone")
    at = press(open_page("pages/live.py", run=run.id), "Delete")
    assert not at.exception
    assert [one.title() for one in RunStore().list()] == ["other"]
    assert at.subheader[0].value == "other"
    assert "“gone” was deleted; it is kept for 30 days" in " ".join(m.value for m in at.markdown).replace("\\", "")
    press(at, "Undo")
    assert [one.title() for one in RunStore().list()] == ["gone", "other"]
    assert at.toast[0].value.replace("\\", "") == "“gone” restored."
    assert "Undo" not in [button.label for button in at.button]


def test_a_run_at_work_has_no_delete_button_and_is_refused(make_run):
    run = make_run("busy", "queued")
    assert "Delete" not in [button.label for button in open_page("pages/live.py", run=run.id).button]
    row = run_list.recent_runs()[0]
    assert home_runs._entries(row) == [home_runs.CLONE, home_runs.RENAME]


def test_the_last_run_deleted_from_the_list_can_be_had_back(make_run):
    run = make_run("only")
    assert home_runs._entries(run_list.recent_runs()[0]) == [home_runs.CLONE, home_runs.RENAME, home_runs.DELETE]
    trash.delete(run)
    at = open_page()
    assert at.info[0].value.startswith("No runs yet.")
    assert "Deleted (1)" in [expander.label for expander in at.expander]
    assert list(at.dataframe[0].value["name"]) == ["only"]


@contextlib.contextmanager
def somebody(monkeypatch, mode: str, address: str):
    monkeypatch.setenv("PARITY_MODE", mode)
    monkeypatch.setenv("PARITY_TRAINERS", "tom@lab.example")
    monkeypatch.setenv("PARITY_ADMINS", "ada@lab.example")

    def be() -> Person:
        return person_of(address, "session")

    with mock.patch.object(run_upkeep, "person", be), mock.patch("pages.shared.shell.access.person", be):
        yield


@pytest.mark.parametrize(
    ("mode", "address", "owner", "words"),
    [
        ("public", "", "", "This public demonstration does not allow you to write notes on runs or delete them"),
        ("public", "", "session", "This public demonstration does not allow you to write notes on runs or delete them"),
        ("team", "tom@lab.example", "", "You did not start this from a page"),
        ("team", "tom@lab.example", "tina@lab.example", "This was started by another user"),
    ],
)
def test_what_is_not_ones_own_is_neither_deleted_nor_written_on(
    make_run, monkeypatch, mode, address, owner, words
):  # fmt: skip
    run = make_run("one")
    if owner:
        files.write_json(run.path / "owner.json", owner)
    with somebody(monkeypatch, mode, address):
        assert not run_upkeep.may_organise(run)
        for action in (lambda: run_upkeep._delete(run), lambda: run_upkeep._write(run, "x", [])):
            with pytest.raises(AccessError, match=words):
                action()
    trash.delete(run)
    with somebody(monkeypatch, mode, address), pytest.raises(AccessError, match=words):
        run_upkeep._restore(run.id)
    assert RunStore().list() == []


def test_ones_own_run_and_all_runs_of_an_admin(make_run, monkeypatch):
    for address, owner in (("tom@lab.example", "tom@lab.example"), ("ada@lab.example", "")):
        run = make_run("one")
        files.write_json(run.path / "owner.json", owner)
        with somebody(monkeypatch, "team", address):
            run_upkeep._write(run, "x", ["y"])
            run_upkeep._delete(run)
            assert run_upkeep._restore(run.id).id == run.id
            assert read_note(run) == Note("x", ("y",))
