"""The puzzle as a job: its folder, its one start, and the story that pages and command line read."""

import dataclasses

import pytest

from core import files, paths
from core.access.persons import COMMAND_LINE, Person
from core.bisect.store import BisectSpec
from core.errors import AccessError, RunError, UserError
from core.start import start
from core.start.puzzle import RUNS, Puzzle, PuzzleSpec, PuzzleStore
from core.start.story import read_story
from core.store.folder import JobFolder
from core.store.runs import RunStore
from core.workers import launch
from tests.start.conftest import EndRun

OPERATOR = Person("operator", "operator")


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the jobs for which a worker would have been started or resumed."""
    ids: list[str] = []

    def note(job: JobFolder, *, parent_pipe: bool) -> None:
        ids.append(job.id)

    monkeypatch.setattr(launch, "start", note)
    monkeypatch.setattr(launch, "resume", note)
    return ids


def set_status(job: JobFolder, status: str, **facts: object) -> None:
    job.write_status(dataclasses.replace(job.read_status(), status=status, **facts))  # type: ignore[arg-type]


@pytest.fixture
def puzzle() -> Puzzle:
    return start.start("puzzle", PuzzleSpec(), OPERATOR)


def test_a_start_makes_both_runs_in_order_and_one_worker_that_carries_them_on(
    puzzle: Puzzle, started: list[str]
) -> None:
    assert [run.title() for run in puzzle.runs()] == [*RUNS]
    assert {run.owner() for run in puzzle.runs()} == {puzzle.owner()} == {"operator"}
    assert started == [puzzle.id]
    assert not puzzle.trains and not puzzle.takes_slot
    story = read_story()
    assert story and story.under_way and story.step == 1
    assert story.run_to_watch.id == puzzle.runs()[0].id


def test_a_second_start_gives_the_one_under_way_and_makes_nothing(puzzle: Puzzle, started: list[str]) -> None:
    assert start.start("puzzle", PuzzleSpec(), COMMAND_LINE).id == puzzle.id
    assert len(RunStore().list()) == 2
    assert started == [puzzle.id]


def test_without_a_puzzle_there_is_no_story() -> None:
    assert read_story() is None


def test_a_verdict_counts_when_the_search_has_ended(puzzle: Puzzle, end_run: EndRun) -> None:
    a, b = puzzle.runs()
    for run in (a, b):
        end_run(run)
    bisect = BisectSpec(a, b).make("")
    puzzle.write_result({"bisect": bisect.id})
    bisect.write_result({**bisect.result(), "verdict": "inconclusive"})  # of an attempt that goes on
    story = read_story()
    assert story and story.step == 3 and story.under_way and story.verdict == ""
    set_status(bisect, "finished")
    set_status(puzzle, "finished")
    story = read_story()
    assert story and story.verdict == "inconclusive" and not story.under_way and not story.can_go_on


def test_one_that_has_ended_early_can_go_on(puzzle: Puzzle, started: list[str]) -> None:
    for job in (*puzzle.runs(), puzzle):
        set_status(job, "stopped")
    story = read_story()
    assert story and story.can_go_on
    start.resume(puzzle, OPERATOR)
    assert started == [puzzle.id, puzzle.id]


def test_a_search_that_cannot_begin_is_said(puzzle: Puzzle) -> None:
    for run in puzzle.runs():
        set_status(run, "finished")
    set_status(puzzle, "failed", message="the images have changed", fault="user")
    story = read_story()
    assert story and story.problem == "the images have changed" and not story.under_way


def test_a_run_that_is_gone_ends_the_story(puzzle: Puzzle) -> None:
    run = puzzle.runs()[1]
    run.path.rename(paths.home() / "elsewhere")
    assert read_story(puzzle) is None
    with pytest.raises(RunError, match=f'^there is no run "{run.id}"'):
        puzzle.runs()


def test_a_puzzle_of_an_older_version_is_read_and_goes_on_as_a_job(started: list[str]) -> None:
    """Its worker was whatever page was looked at: one whose third step has not begun would never go on."""
    runs = [RunStore().create(config) for config in PuzzleSpec().configs()]
    for run in runs:
        set_status(run, "finished")
    files.write_json(paths.home() / "puzzle.json", {"runs": [run.id for run in runs]})
    story = read_story()
    assert story and story.job is None and story.step == 3 and story.can_go_on
    job = start.start("puzzle", PuzzleSpec(begun=(runs[0], runs[1])), OPERATOR)
    assert [run.id for run in job.runs()] == [run.id for run in runs]
    assert len(RunStore().list()) == 2
    assert started == [job.id]


@pytest.mark.parametrize("record", [[], {"runs": ["x", "y"]}, {"runs": []}, {"runs": [1, 2, 3]}, {"runs": "ab"}, {}])
def test_a_damaged_story_is_no_story(record: object) -> None:
    files.write_json(paths.home() / "puzzle.json", record)
    assert read_story() is None


def test_a_home_that_cannot_be_written_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"^cannot create a run in "):
        start.start("puzzle", PuzzleSpec(), OPERATOR)


def test_a_visitor_may_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_MODE", "public")
    with pytest.raises(AccessError, match="does not allow you to start a search between two runs"):
        start.start("puzzle", PuzzleSpec(), Person("x", "visitor"))
    assert PuzzleStore().list() == [] == RunStore().list()


def test_its_runs_are_read_by_id_alone() -> None:
    with pytest.raises(RunError, match="does not name its runs"):
        Puzzle(paths.home() / "puzzles" / "x").runs()
