"""What was chosen on a page is still chosen after a visit to another page by the menu, whose links name nothing."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.bisect.store import BisectStore
from core.housekeeping import trash
from core.store.runs import Run
from pages.shared import state
from pages.shared.dataset import sources
from pages.shared.diagnose import actions as diagnose_actions

PAGES = ("pages/live.py", "pages/predict.py")


def by_menu(at: AppTest, page: str) -> AppTest:
    """As a link of the menu does: the address names nothing."""
    for name in (state.RUN, state.RUN_A, state.RUN_B, state.BISECT):
        at.query_params.pop(name, None)
    at.switch_page(page).run()
    assert not at.exception
    return at


def there_and_back(at: AppTest, page: str) -> AppTest:
    return by_menu(by_menu(at, "pages/train.py"), page)


def named(at: AppTest, name: str = state.RUN) -> str:
    value = at.query_params.get(name, "")
    return value[0] if isinstance(value, list) else value


def opened() -> AppTest:
    return AppTest.from_file("../../app.py", default_timeout=60).run()


@pytest.fixture
def two_runs(make_run) -> tuple[Run, Run]:
    return make_run("older", records=1, model=True), make_run("newer", records=1, model=True)


@pytest.mark.parametrize("page", PAGES)
def test_the_run_chosen_from_the_list_is_still_shown(two_runs, page):
    older, newer = two_runs
    at = by_menu(opened(), page)
    assert named(at) == newer.id
    at.selectbox[0].set_value(older.id).run()
    assert named(there_and_back(at, page)) == older.id
    at.selectbox[0].set_value(newer.id).run()  # back to what the page chose first: chosen all the same
    assert named(there_and_back(at, page)) == newer.id


def test_a_run_named_by_a_link_is_still_shown_on_every_page_that_can_show_it(make_run, two_runs):
    older, newer = two_runs
    without = make_run("without a model", "stopped", records=1)
    at = opened()
    at.query_params[state.RUN] = older.id
    at.switch_page("pages/live.py").run()
    assert [named(there_and_back(at, page)) for page in PAGES] == [older.id, older.id]
    at.query_params[state.RUN] = without.id
    at.switch_page("pages/live.py").run()
    assert named(by_menu(at, "pages/predict.py")) == newer.id  # it has no model, and nothing is said about that
    assert not at.info
    assert named(by_menu(at, "pages/live.py")) == without.id


def test_what_nobody_has_chosen_gives_way_to_a_newer_run(make_run, two_runs):
    at = by_menu(opened(), "pages/live.py")
    newest = make_run("newest", records=1)
    assert named(there_and_back(at, "pages/live.py")) == newest.id


def test_a_chosen_run_that_was_deleted_is_not_asked_for_again(two_runs):
    older, newer = two_runs
    at = by_menu(opened(), "pages/live.py")
    at.selectbox[0].set_value(older.id).run()
    trash.delete(older)
    there_and_back(at, "pages/live.py")
    assert named(at) == newer.id
    assert not at.error


def test_the_runs_of_the_tour_are_not_kept_as_chosen(two_runs):
    older, newer = two_runs
    at = opened()
    at.session_state[state.TOUR] = 3
    at.query_params[state.RUN] = older.id
    at.switch_page("pages/live.py").run()
    del at.session_state[state.TOUR]
    assert named(there_and_back(at, "pages/live.py")) == newer.id


def test_both_runs_of_diagnose_and_their_search_are_still_shown(
    make_pair: Callable[..., tuple[Run, Run]], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(diagnose_actions, "comparison", lambda a, b: None)
    first, second, (third, fourth) = *make_pair("1", "2"), make_pair("3", "4")
    at = by_menu(opened(), "pages/diagnose.py")
    assert (named(at, state.RUN_A), named(at, state.RUN_B)) == (third.id, fourth.id)
    at.selectbox[1].set_value(second.id).run()
    at.selectbox[0].set_value(first.id).run()
    there_and_back(at, "pages/diagnose.py")
    assert [named(at, name) for name in (state.RUN_A, state.RUN_B)] == [first.id, second.id]
    search = BisectStore()._make({"runs": [first.id, second.id]}, "")
    BisectStore()._make({"runs": [first.id, second.id]}, "")
    at.query_params[state.BISECT] = search.id
    at.run()
    assert named(there_and_back(at, "pages/diagnose.py"), state.BISECT) == search.id


def test_the_data_set_is_still_chosen(tmp_path, monkeypatch, image_folder):
    folder = image_folder("data/own", train=(6, 6), val=(3, 3))
    monkeypatch.setenv("PARITY_DATA", str(tmp_path / "data"))
    at = opened()
    at.session_state[state.DATASET] = str(image_folder("data/other", train=(6, 6), val=(3, 3)))
    at.session_state[state.SOURCE] = sources.SERVER
    at.session_state[state.FOLDER] = "own"
    at.switch_page("pages/dataset.py").run()
    next(button for button in at.button if button.label == "Use this folder").click().run()
    by_menu(by_menu(at, "pages/predict.py"), "pages/dataset.py")
    assert (at.session_state[state.DATASET], at.session_state[state.SOURCE]) == (str(folder), sources.SERVER)
