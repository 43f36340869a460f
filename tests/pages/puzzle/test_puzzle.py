"""The puzzle's story: two runs, then one search between them, whoever looks and however often."""

import dataclasses
import threading
import time

import pytest

from core import files, paths
from core.bisect.store import BisectStore
from core.errors import RunError, UserError
from core.store.runs import Run, RunStore
from core.workers import launch
from pages.shared.diagnose import actions as diagnose_actions
from pages.shared.puzzle import menu as puzzle_menu
from pages.shared.puzzle import puzzle


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """Ids of the jobs for which a worker would have been started."""
    ids: list[str] = []
    monkeypatch.setattr(launch, "start", lambda job, *, parent_pipe: ids.append(job.id) if parent_pipe else None)
    return ids


@pytest.fixture
def pair(make_pair) -> tuple[Run, Run]:
    """Both runs of a puzzle, finished; the search has not begun."""
    runs = make_pair(*puzzle.RUNS)
    puzzle._write(runs=[run.id for run in runs])
    return runs


def set_status(run: Run, status: str) -> None:
    run.write_status(dataclasses.replace(run.read_status(), status=status))


def test_without_a_puzzle_there_is_no_story():
    assert puzzle.story() is None


def test_start_queues_both_in_order_and_a_second_click_starts_nothing(started):
    first = puzzle.start()
    assert puzzle.start().id == first.id
    assert [RunStore().get(run_id).title() for run_id in started] == ["Puzzle: bottleneck", "Puzzle: end to end"]
    story = puzzle.story()
    assert story and story.under_way and story.step == 1
    assert story.run_to_watch.id == first.id


def test_the_second_run_starts_when_the_first_has_its_slot(monkeypatch):
    seen: list[bool] = []

    def start(run, *, parent_pipe):
        seen.append(all(r.read_status().pid for r in RunStore().list() if r.title() == "Puzzle: bottleneck"))
        run.write_status(dataclasses.replace(run.read_status(), pid=1))

    monkeypatch.setattr(launch, "start", start)
    puzzle.start()
    assert seen == [False, True]


def test_nothing_is_searched_before_both_have_finished(pair, started):
    set_status(pair[1], "queued")
    story = puzzle.story()
    assert story and story.under_way and story.step == 2
    assert story.bisect == ""
    assert started == []


def test_the_search_begins_when_both_have_finished(pair, started):
    story = puzzle.story()
    assert story and story.under_way and story.step == 3
    (bisect,) = BisectStore().list()
    assert (story.bisect, started) == (bisect.id, [bisect.id])
    assert bisect.run_ids() == (pair[0].id, pair[1].id)


def test_many_pages_at_once_begin_one_search(pair, started, monkeypatch):
    start = diagnose_actions.start

    def slow(*arguments):
        time.sleep(0.1)
        return start(*arguments)

    monkeypatch.setattr(diagnose_actions, "start", slow)
    pages = [threading.Thread(target=puzzle.story) for _ in range(6)]
    for page in pages:
        page.start()
    for page in pages:
        page.join()
    assert len(started) == len(BisectStore().list()) == 1


def test_a_search_that_a_person_has_begun_is_taken(pair, started):
    bisect = diagnose_actions.start(pair[0], pair[1], 5)
    story = puzzle.story()
    assert story and story.bisect == bisect.id
    assert started == [bisect.id]


def test_verdict_counts_when_the_search_has_ended(pair, finish):
    story = puzzle.story()
    bisect = BisectStore().get(story.bisect if story else "")
    bisect.write_result({**bisect.result(), "verdict": "inconclusive"})  # of an attempt that goes on
    assert (now := puzzle.story()) and now.verdict == "" and now.under_way
    finish(bisect, "single", sentence="x did it")
    assert (now := puzzle.story()) and now.verdict == "single" and not now.under_way


def test_after_the_verdict_the_puzzle_can_be_started_again(pair, finish, started):
    story = puzzle.story()
    finish(BisectStore().get(story.bisect if story else ""), "single")
    again = puzzle.start()
    assert again.id not in {run.id for run in pair}
    assert (now := puzzle.story()) and now.step == 1 and now.bisect == ""


def test_a_search_that_cannot_begin_is_said_and_not_tried_for_ever(pair, monkeypatch):
    tried: list[int] = []

    def refuse(*arguments):
        tried.append(1)
        raise RunError("the images have changed")

    monkeypatch.setattr(diagnose_actions, "start", refuse)
    for _ in range(3):
        assert (story := puzzle.story()) and story.problem == "the images have changed" and not story.under_way
    assert len(tried) == 1


def test_a_run_that_ended_early_stops_the_story_until_it_is_resumed(pair, started):
    set_status(pair[0], "interrupted")
    story = puzzle.story()
    assert story and not story.under_way
    assert story.run_to_watch.id == pair[0].id
    set_status(pair[0], "finished")
    assert (story := puzzle.story()) and story.bisect
    assert len(started) == 1


@pytest.mark.parametrize("record", [[], {"runs": ["x", "y"]}, {"runs": []}, {"runs": [1, 2, 3]}, {"runs": "ab"}, {}])
def test_damaged_story_is_no_story(record):
    files.write_json(paths.home() / "puzzle.json", record)
    assert puzzle.story() is None


def test_home_that_cannot_be_written_is_one_sentence(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError):
        puzzle.start()


def test_address_of_the_diagnosis_names_runs_and_search(pair):
    story = puzzle.story()
    assert story
    expected = {"a": pair[0].id, "b": pair[1].id, "bisect": story.bisect}
    assert puzzle_menu.diagnosis_query(story) == expected
