"""Starting runs: a second click starts nothing."""

import pytest

from core.access.limits import POLICIES
from core.config import make_config
from core.errors import RunError
from core.jobs import time_limits
from core.store.runs import RunStore, Status
from core.workers import launch
from pages.shared.run.at_work import active_runs
from pages.shared.shell import jobs
from pages.shared.train import actions


@pytest.fixture(autouse=True)
def started(monkeypatch):
    ids: list[str] = []
    monkeypatch.setattr(launch, "start", lambda run, *, parent_pipe: ids.append(run.id))
    return ids


def test_the_same_token_starts_one_run(started):
    config = make_config("sample", {})
    runs = [actions.start_once("token-a", config), actions.start_once("token-a", config)]
    assert runs[0].id == runs[1].id
    assert started == [runs[0].id]
    assert "token-a" in actions.used_tokens()


def test_another_token_starts_another_run(started):
    config = make_config("sample", {})
    assert actions.start_once("token-b", config).id != actions.start_once("token-c", config).id
    assert len(started) == 2


def test_a_failed_start_leaves_the_token_free(monkeypatch):
    def refuse(run, *, parent_pipe):
        raise RunError("the worker cannot be started")

    monkeypatch.setattr(launch, "start", refuse)
    with pytest.raises(RunError, match="the worker cannot be started"):
        actions.start_once("token-d", make_config("sample", {}))
    assert "token-d" not in actions.used_tokens()


def test_active_runs_are_those_queued_or_training():
    actions.start_once("token-e", make_config("sample", {}, name="waits"))
    assert [run.title() for run in active_runs()] == ["waits"]
    assert len(RunStore().list()) == 1


def test_whoever_resumes_stands_in_the_same_queue_as_whoever_starts(monkeypatch):
    monkeypatch.setenv("PARITY_MODE", "public")
    stopped = RunStore().create(make_config("sample", {}), owner="")
    stopped.write_status(Status(status="stopped"))
    for k in range(3):
        actions.start_once(f"token-f{k}", make_config("sample", {}))
    with pytest.raises(RunError, match="2 jobs are queued already"):
        jobs.go_on(stopped)
    assert stopped.read_status().status == "stopped"


def test_a_visitor_is_told_how_long_a_training_may_wait_and_train():
    assert time_limits.words(POLICIES["public"]) == (
        "A training run is stopped after 15 minutes, and a queued one that has waited 30 minutes is removed. After "
        "reloading the page you are a new visitor and cannot stop what you have started; these limits do."
    )
    limits = POLICIES["public"]
    assert limits.waiting_seconds >= limits.waiting * limits.training_seconds, (
        "those before it may take their full time"
    )
