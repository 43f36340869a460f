"""Comparisons and bisects set going from a page: once, and told apart from the runs of a person."""

import pytest

from core import files
from core.bisect.store import BisectSpec, BisectStore, runs_of
from core.errors import UserError
from core.housekeeping.trial_ids import trial_ids
from core.store.runs import Run
from core.workers import launch
from pages.shared.diagnose import actions
from pages.shared.shell import jobs


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """Ids of the jobs for which a worker would have been started."""
    ids: list[str] = []
    monkeypatch.setattr(launch, "start", lambda job, *, parent_pipe: ids.append(job.id))
    return ids


@pytest.fixture
def pair(make_pair) -> tuple[Run, Run]:
    return make_pair()


def test_two_newest_finished_runs_are_the_default_the_older_first(make_run):
    first, second = make_run("first", records=1), make_run("second", records=1)
    make_run("stopped", "stopped", records=1)
    runs = actions.comparable_runs(10)
    assert [run.title() for run in runs] == ["stopped", "second", "first"]
    assert [run.id for run in actions.default_pair(runs) or ()] == [first.id, second.id]
    assert actions.default_pair(runs[:2]) is None


def test_runs_at_work_or_without_an_epoch_are_not_comparable(make_run):
    make_run("at work", "running", records=2)
    make_run("failed at once", "failed")
    assert actions.comparable_runs(10) == []


def test_a_second_click_gives_the_bisect_at_work(pair, started):
    first = jobs.begin("bisect", BisectSpec(pair[0], pair[1], 30))
    assert jobs.begin("bisect", BisectSpec(pair[0], pair[1], 30)).id == first.id
    assert jobs.begin("bisect", BisectSpec(pair[1], pair[0], 5)).id == first.id
    assert started == [first.id]
    assert runs_of(first) == (pair[0].id, pair[1].id)


def test_after_one_has_ended_another_can_be_started(pair, finish, started):
    first = jobs.begin("bisect", BisectSpec(pair[0], pair[1], 30))
    finish(first, "single")
    second = jobs.begin("bisect", BisectSpec(pair[0], pair[1], 30))
    assert second.id != first.id
    assert started == [first.id, second.id]
    newest = actions.newest_bisect(*pair)
    assert newest is not None and newest.id == second.id


def test_bisect_of_other_runs_is_not_taken_for_this_one(pair, make_pair):
    jobs.begin("bisect", BisectSpec(pair[0], pair[1], 30))
    assert actions.newest_bisect(*make_pair()) is None


def test_unknown_ids_are_none():
    assert actions.find_bisect("") is None
    assert actions.find_bisect("../../etc") is None
    assert actions.find_run("x" * 3000) is None


def test_runs_trained_by_a_bisect_are_not_offered(pair, make_run, finish):
    trial = make_run("bisect: A again", records=1)
    bisect = jobs.begin("bisect", BisectSpec(pair[0], pair[1], 30))
    finish(bisect, "single", arms=[{"run": trial.id}, {"run": pair[0].id}, {"run": None}])
    assert trial_ids() == {trial.id}
    assert {run.id for run in actions.comparable_runs(10)} == {run.id for run in pair}


def test_stop_asks_and_resume_goes_on(pair, started):
    bisect = jobs.begin("bisect", BisectSpec(pair[0], pair[1], 30))
    jobs.stop(bisect)
    assert bisect.stop_requested()
    with pytest.raises(UserError, match="is still running"):
        jobs.go_on(bisect)
    bisect.write_status(type(bisect.read_status())(status="stopped"))
    jobs.go_on(bisect)
    assert not bisect.stop_requested()
    assert started == [bisect.id, bisect.id]


def test_damaged_bisect_has_no_runs(pair):
    bisect = jobs.begin("bisect", BisectSpec(pair[0], pair[1], 30))
    files.write_json(bisect.path / "config.json", ["no", "object"])
    assert runs_of(bisect) == ()
    assert actions.newest_bisect(*pair) is None


def test_same_run_twice_is_refused_in_one_sentence(pair, started):
    with pytest.raises(UserError, match="is compared with itself; give two runs"):
        jobs.begin("bisect", BisectSpec(pair[0], pair[0], 30))
    assert started == []
    assert BisectStore().list() == []


def test_a_run_whose_settings_are_damaged_is_not_in_the_default_pair(make_run):
    """With no run named, the page compared it and said only that it cannot be compared."""
    first, second, damaged = (make_run(name, records=1) for name in ("first", "second", "damaged"))
    (damaged.path / "config.json").write_text("{", encoding="utf-8")
    runs = actions.comparable_runs(10)
    assert damaged.id in [run.id for run in runs], "it may be chosen"
    assert [run.id for run in actions.default_pair(runs) or ()] == [first.id, second.id]
