"""Starting runs: a second click starts nothing."""

import pytest

from core.config import make_config
from core.errors import RunError
from core.store.runs import RunStore
from core.workers import launch
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
    assert [run.title() for run in actions.active_runs()] == ["waits"]
    assert len(RunStore().list()) == 1
