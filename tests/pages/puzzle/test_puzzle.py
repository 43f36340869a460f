"""The puzzle from a page: started, taken up, and found from the address of the diagnosis."""

import dataclasses

import pytest

from core import files, paths
from core.start.puzzle import PuzzleSpec, PuzzleStore
from core.start.story import read_story
from core.store.runs import RunStore
from core.workers import launch
from pages.shared.puzzle import menu, puzzle


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """Ids of the jobs for which a worker would have been started."""
    ids: list[str] = []
    monkeypatch.setattr(launch, "start", lambda job, *, parent_pipe: ids.append(job.id) if parent_pipe else None)
    return ids


def test_a_second_click_gives_the_run_to_watch_and_starts_nothing(started):
    first = puzzle.start()
    assert puzzle.start().id == first.id
    assert next(run.id for run in PuzzleStore().list()[0].runs()) == first.id
    assert len(started) == 1


def test_one_of_an_older_version_is_taken_up_with_its_runs(started):
    runs = [RunStore().create(config) for config in PuzzleSpec().configs()]
    for run in runs:
        run.write_status(dataclasses.replace(run.read_status(), status="finished"))
    files.write_json(paths.home() / "puzzle.json", {"runs": [run.id for run in runs]})
    story = read_story()
    assert story
    puzzle.go_on(story)
    (job,) = PuzzleStore().list()
    assert job.runs()[0].id == runs[0].id
    assert started == [job.id]


def test_address_of_the_diagnosis_names_runs_and_search():
    first = puzzle.start()
    story = read_story()
    assert story
    assert menu.diagnosis_query(story) == {"a": first.id, "b": story.steps[1].run.id}
    assert menu.diagnosis_query(dataclasses.replace(story, bisect="x"))["bisect"] == "x"
