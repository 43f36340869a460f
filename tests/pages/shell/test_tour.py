"""The guided tour: step by step through the pages on the shipped runs, in every mode, and nothing of it stays."""

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.data.dataset import SAMPLE
from core.errors import UserError
from core.store import examples
from core.store.runs import RunStore
from pages.shared import state
from pages.shared.dataset import sources
from pages.shared.run import mistakes_view
from pages.shared.shell import chosen_dataset
from pages.shared.shell.tour import STEPS
from pages.shared.widgets.text import plain
from tests.pages.driver import elements


@pytest.fixture(autouse=True)
def the_sample_is_not_drawn(monkeypatch):
    """It takes seconds; what the pages show of it is tested elsewhere."""

    def refuse(reference: str) -> None:
        raise UserError("there is no dataset in this test")

    monkeypatch.setattr(chosen_dataset, "open_view", refuse)
    monkeypatch.setattr(mistakes_view, "draw_sample_of", lambda run: None)


@pytest.fixture
def viewer(monkeypatch):
    """Somebody of a team who may only look and predict."""
    monkeypatch.setenv("PARITY_MODE", "team")
    monkeypatch.setenv("PARITY_VIEWERS", "vera@lab.example")
    monkeypatch.setattr(st, "user", {"email": "vera@lab.example"})


@pytest.fixture
def visitor(monkeypatch):
    """Anybody at the public demonstration."""
    monkeypatch.setenv("PARITY_MODE", "public")


def open_at(step: str = "", page: str = "app.py") -> AppTest:
    at = AppTest.from_file("../../../app.py", default_timeout=30)
    if page != "app.py":
        at.switch_page(page)
    if step:
        at.query_params[state.TOUR] = step
    return at.run()


def press(at: AppTest, label: str) -> AppTest:
    return next(b for b in at.button if b.label == label).click().run()


def said(at: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*at.markdown, *at.caption])


def step_of(at: AppTest) -> str:
    """`3 of 7`; empty where the tour is not shown."""
    return next((c.value for c in at.caption if c.value.endswith(f" of {len(STEPS)}")), "")


def test_the_first_step_has_the_table_at_the_top():
    headers = [header.value.split(": ")[-1] for header in open_at("1").subheader]
    assert headers.index("Recent runs") < headers.index("Train on your images")
    headers = [header.value.split(": ")[-1] for header in open_at().subheader]
    assert headers.index("Recent runs") > headers.index("Train on your images")


def test_home_offers_it():
    at = open_at()
    link = next(link for link in elements(at.main, "page_link") if link.label.startswith("Take the tour"))
    assert link.proto.query_string == "tour=1"
    assert step_of(at) == ""
    assert not examples.is_installed()


@pytest.mark.parametrize("person", [None, "viewer", "visitor"])
def test_it_leads_through_the_pages_to_the_end(person, request):
    if person:
        request.getfixturevalue(person)
    at = open_at("1")
    seen = []
    for number, step in enumerate(STEPS, 1):
        assert not at.exception
        assert step_of(at) == f"{number} of {len(STEPS)}"
        assert step.words in said(at)
        seen.append(at.title[0].value)
        if number < len(STEPS):
            at = press(at, "Next")
    assert seen == ["Parity", "Dataset", "Live", "Live", "Diagnose", "Predict", "Train"]
    at = press(at, "End the tour")
    assert (at.title[0].value, step_of(at)) == ("Train", "")
    assert dict(at.query_params) == {}
    assert state.TOUR not in at.session_state
    assert state.TOUR_BEFORE not in at.session_state


def test_it_leaves_the_shipped_runs_and_nothing_else(home: Path):
    at = open_at("1")
    for _ in STEPS[1:]:
        at = press(at, "Next")
    press(at, "End the tour")
    assert {run.id for run in RunStore().list()} == {folder.name for folder in (examples.EXAMPLES / "runs").iterdir()}
    assert len(list((home / "bisects").iterdir())) == 1
    caches = {"shipped.lock", "cache", "colours.json"}  # what the program keeps for itself whoever opens the pages
    assert {path.name for path in home.iterdir()} - caches == {"runs", "bisects", "puzzle.json"}


def test_its_pages_show_what_it_speaks_of():
    good, bad, bisect = examples.puzzle()
    at = press(press(open_at("1"), "Next"), "Next")
    assert at.query_params["run"] in (good, [good])
    assert at.subheader[0].value == plain("Puzzle: bottleneck")
    at = press(at, "Next")
    assert at.query_params["run"] in (bad, [bad])
    at = press(at, "Next")
    assert at.query_params["bisect"] in (bisect, [bisect])
    assert "data\\.shuffle" in said(at)
    at = press(at, "Next")
    assert at.selectbox(key=state.RUN_CHOICE).value == examples.run_with_model()
    at = press(at, "Back")
    assert step_of(at) == f"5 of {len(STEPS)}"


def test_the_address_begins_it_anywhere_and_the_card_leads_to_its_step():
    at = open_at("5", "pages/train.py")
    assert "This step of the tour is on the Diagnose page." in said(at)
    at = press(at, "Go to the page")
    assert (at.title[0].value, step_of(at)) == ("Diagnose", f"5 of {len(STEPS)}")


@pytest.mark.parametrize(("asked", "number"), [("99", len(STEPS)), ("-3", 1), ("next", 1), ("", 1)])
def test_an_address_of_no_step_is_the_nearest(asked, number):
    at = AppTest.from_file("../../../app.py", default_timeout=30)
    at.query_params[state.TOUR] = asked
    assert step_of(at.run()) == f"{number} of {len(STEPS)}"


def test_a_look_at_another_page_does_not_end_it():
    at = open_at("3")
    del at.query_params[state.TOUR]
    at = at.switch_page("pages/train.py").run()
    assert step_of(at) == f"3 of {len(STEPS)}"


def test_the_data_set_of_the_person_comes_back(tmp_path):
    at = open_at()
    at.session_state[state.DATASET] = str(tmp_path)
    at.session_state[state.SOURCE] = sources.ZIP
    at.query_params[state.TOUR] = "1"
    at = press(at.run(), "Next")
    assert at.session_state[state.DATASET] == SAMPLE
    assert at.session_state[state.SOURCE] == sources.SAMPLE_SOURCE
    at = press(at, "End")
    assert at.session_state[state.DATASET] == str(tmp_path)
    assert at.session_state[state.SOURCE] == sources.ZIP


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "file"))
    at = open_at("1")
    assert not at.exception
    assert step_of(at) == ""
    assert "The sample runs cannot be installed in" in at.error[0].value
