"""What a person meets in each mode: a refusal in a sentence, or the pages with what they may do."""

import contextlib
from unittest import mock

import pytest
import streamlit as st
from streamlit import config
from streamlit.testing.v1 import AppTest

from core.access.persons import person_of
from core.bisect.store import BisectSpec
from core.config import make_config
from core.errors import AccessError, RunError
from core.store.runs import RunStore
from core.workers import launch
from pages.shared.dataset import sources
from pages.shared.diagnose import probe as diagnose_probe
from pages.shared.puzzle import puzzle
from pages.shared.shell import access, jobs
from pages.shared.train import actions
from tests.pages.driver import elements

PAGES = (
    "app.py",
    "pages/dataset.py",
    "pages/train.py",
    "pages/live.py",
    "pages/runs.py",
    "pages/diagnose.py",
    "pages/predict.py",
)
SMALL = {"training.epochs": 2, "model.backbone": "EfficientNetLite0", "data.image_size": 64}


def open_page(page: str) -> AppTest:
    at = AppTest.from_file("../../app.py", default_timeout=30)
    if page != "app.py":
        at.switch_page(page)
    return at.run()


def said(at: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*at.markdown, *at.caption, *at.info, *at.warning, *at.error])


@pytest.fixture
def started(monkeypatch):
    ids: list[str] = []
    monkeypatch.setattr(launch, "start", lambda job, *, parent_pipe: ids.append(job.id))
    return ids


@pytest.fixture
def team(monkeypatch):
    """A function that lets somebody of the team, by address, be at the page."""
    monkeypatch.setenv("PARITY_MODE", "team")
    monkeypatch.setenv("PARITY_TRAINERS", "tom@lab.example,tina@lab.example")
    monkeypatch.setenv("PARITY_VIEWERS", "vera@lab.example")
    monkeypatch.setenv("PARITY_ADMINS", "ada@lab.example")

    def be(address: str) -> None:
        monkeypatch.setattr(st, "user", {"email": address})

    return be


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("address", [None, "0.0.0.0", "::", "192.168.1.7", "example.org"])
def test_a_local_app_that_others_could_reach_shows_one_sentence_and_nothing_else(page, address):
    config.set_option("server.address", address)
    at = open_page(page)
    assert not at.title
    assert not at.button
    assert len(at.error) == 1
    assert "for everybody on the network, without any login. Start it with `make run`" in at.error[0].value


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "127.0.0.9"])
def test_a_local_app_of_this_machine_alone_is_shown(address):
    config.set_option("server.address", address)
    assert open_page("app.py").title[0].value == "Parity"


def test_a_mode_that_does_not_exist_is_named(monkeypatch):
    monkeypatch.setenv("PARITY_MODE", "demo")
    at = open_page("app.py")
    assert [e.value for e in at.error] == ['PARITY_MODE is "demo"; set it to local, team or public.']


def test_a_team_without_lists_is_not_served(monkeypatch):
    monkeypatch.setenv("PARITY_MODE", "team")
    at = open_page("app.py")
    assert "nobody is on its lists; set PARITY_ADMINS, PARITY_TRAINERS or PARITY_VIEWERS" in at.error[0].value
    assert not at.title


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_of_a_team_sees_one_sentence(team, page):
    team("eve@evil.example")
    at = open_page(page)
    assert not at.title
    assert [w.value for w in at.warning] == [
        "eve@evil.example is not on this team's lists; ask the operator of this app to add the address."
    ]


def test_a_viewer_looks_and_cannot_start_anything_by_any_way(team, make_run, started):
    run = make_run("one", "stopped", records=2)
    team("vera@lab.example")
    for page in PAGES:
        at = open_page(page)
        assert not at.exception
        assert at.title
        labels = {b.label for b in at.button}
        assert labels.isdisjoint({"Start training", "Run the demo", "Resume", "Stop the run", "Find the cause"})
    for refused in (
        lambda: actions.start_once("token", make_config("sample", {})),
        lambda: jobs.stop(run),
        lambda: jobs.go_on(run),
        lambda: jobs.end_now(run),
        lambda: jobs.begin("bisect", BisectSpec(run, run, 1)),
        lambda: diagnose_probe._measure(run, run),
        puzzle.start,
        sources._choose_server_folder,
        lambda: sources._choose_upload("Upload a zip"),
    ):
        with pytest.raises(AccessError, match="Your role is viewer, which may not"):
            as_person("vera@lab.example", refused)
    assert started == []


@pytest.mark.parametrize(
    ("mode", "address", "shown"),
    [
        ("local", "", True),
        ("team", "tom@lab.example", True),
        ("team", "vera@lab.example", False),
        ("public", "", False),
    ],
)
def test_the_log_of_a_worker_is_shown_to_no_viewer_and_no_visitor(team, make_run, monkeypatch, mode, address, shown):
    run = make_run("broken", "failed", message="Parity failed inside.", fault="program")
    (run.path / "worker.log").write_text("Traceback: /srv/secret")
    team(address)
    monkeypatch.setenv("PARITY_MODE", mode)
    at = AppTest.from_file("../../app.py", default_timeout=30)
    at.switch_page("pages/live.py")
    at.query_params["run"] = run.id
    at.run()
    assert not at.exception
    assert "failed inside" in said(at)
    assert [code.value for code in at.code] == ["Traceback: /srv/secret"] * shown


def as_person(address, action):
    """Calls an action as a page of that person would."""
    with contextlib.ExitStack() as stack:
        for module in (access, jobs):
            stack.enter_context(mock.patch.object(module, "person", lambda: person_of(address, "session")))
        return action()


def test_what_one_trainer_started_another_cannot_stop_but_an_admin_can(team, started):
    team("tom@lab.example")
    run = as_person("tom@lab.example", lambda: actions.start_once("t1", make_config("sample", {})))
    assert run.owner() == "tom@lab.example"
    with pytest.raises(AccessError, match="This was started by another user"):
        as_person("tina@lab.example", lambda: jobs.stop(run))
    assert not run.stop_requested()
    as_person("ada@lab.example", lambda: jobs.stop(run))
    assert run.stop_requested()


def test_no_more_than_so_many_trainings_wait(team, started, monkeypatch):
    monkeypatch.setenv("PARITY_MODE", "public")
    for number in range(3):
        as_person("", lambda number=number: actions.start_once(f"p{number}", make_config("sample", SMALL)))
    with pytest.raises(RunError, match="2 jobs are queued already; start this one when some have ended"):
        as_person("", lambda: actions.start_once("p9", make_config("sample", SMALL)))
    assert len(started) == 3


def test_the_public_demonstration_shows_the_solved_puzzle_and_no_way_to_the_server(monkeypatch):
    monkeypatch.setenv("PARITY_MODE", "public")
    at = open_page("app.py")
    assert not at.exception
    at = open_page("app.py")
    assert "found: Shuffle" in said(at).replace("\\", "")
    assert "Run the demo again" not in {b.label for b in at.button}
    assert "Public demonstration" in said(at)
    assert {run.title() for run in RunStore().list()} >= {"Sample: pooled head", "Puzzle: bottleneck"}
    at = open_page("pages/dataset.py")
    assert not at.exception
    assert not at.file_uploader
    assert [list(control.options) for control in elements(at, "button_group")] == [
        ["Sample"]
    ] or "keeps to its sample" in said(at)
    at = open_page("pages/diagnose.py")
    assert not at.exception
    assert "data\\.shuffle" in said(at)
    assert {b.label for b in at.button}.isdisjoint({"Run again", "Find the cause", "Compare activations"})
    at = open_page("pages/train.py")
    assert "Here runs use the sample and the built-in frozen backbone" in said(at)
    for page in ("pages/live.py", "pages/predict.py"):
        assert not open_page(page).exception


def test_the_examples_are_offered_where_there_are_no_runs():
    at = open_page("app.py")
    next(b for b in at.button if b.label == "Open the finished example").click().run()
    assert not at.exception
    at = open_page("app.py")
    assert "found: Shuffle" in said(at).replace("\\", "")
    assert len(at.dataframe[0].value) == 3
