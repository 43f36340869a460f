"""The puzzle's worker: three steps, one after the other, whether or not anybody looks at a page."""

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import files
from core.access.persons import COMMAND_LINE
from core.bisect.store import Bisect, BisectStore
from core.engine.jobs import puzzle as worker
from core.engine.jobs import steps
from core.engine.reporter import Reporter
from core.errors import RunError
from core.start import start
from core.start.puzzle import Puzzle, PuzzleSpec, PuzzleStore
from core.start.story import read_story
from core.store import examples
from core.store.folder import JobFolder
from core.store.runs import Run, RunStore, Status
from core.workers import launch, local


class Workers:
    """Stand-ins for the workers of the steps; `end` says how each ends.

    Attributes:
        begun: Ids, in the order in which they were started or resumed.
        ends: By title of a run, or noun of another job, the final status and who is at fault; else it finishes.
    """

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ends: dict[str, tuple[str, str]] = {}
        self.until = threading.Event()
        self.until.set()

    def start(self, job: JobFolder, *, parent_pipe: bool) -> None:
        assert parent_pipe, "no training outlives the puzzle's worker unseen"
        self.begun.append(job.id)
        job.write_status(dataclasses.replace(job.read_status(), status="running", pid=None, message="Running."))
        threading.Thread(target=self._work, args=(job,)).start()

    def resume(self, job: JobFolder, *, parent_pipe: bool) -> None:
        job.requeue()
        self.start(job, parent_pipe=parent_pipe)

    def _work(self, job: JobFolder) -> None:
        while not self.until.wait(0.02) and not job.stop_requested():
            pass
        status, fault = self.ends.get(job.title() if isinstance(job, Run) else job.noun, ("finished", ""))
        if job.stop_requested():
            status = "stopped"
        if isinstance(job, Run):
            part = [{"path": f"{k}.png", "sha256": f"{k}", "label": "ab"[k % 2], "split": "train"} for k in range(8)]
            record = {"root": "/x", "classes": ["a", "b"], "train": part, "val": part}
            files.write_json(job.path / "manifest.json", record)
            job.add_event("epoch", epoch=1, val_accuracy=0.5)
        if isinstance(job, Bisect) and status == "finished":
            job.write_result({**job.result(), "verdict": "single", "sentence": "data.shuffle did it."})
        job.write_status(Status(status=status, message=f"It is {status}.", fault=fault, created=1e9))


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Workers:
    stand_in = Workers()
    monkeypatch.setattr(steps, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(launch, "start", stand_in.start)
    monkeypatch.setattr(launch, "resume", stand_in.resume)
    return stand_in


@pytest.fixture
def puzzle() -> Puzzle:
    """Made, and not begun."""
    return PuzzleSpec().make("tom")


def test_the_third_step_begins_without_anybody_who_looks(puzzle: Puzzle, workers: Workers) -> None:
    """Before, it began when somebody drew a page."""
    status, message = worker.solve(Reporter(puzzle))
    (bisect,) = BisectStore().list()
    assert (status, message) == ("finished", "data.shuffle did it.")
    assert workers.begun == [*(run.id for run in puzzle.runs()), bisect.id]
    assert (bisect.run_ids(), bisect.owner()) == (tuple(run.id for run in puzzle.runs()), "tom")
    puzzle.write_status(Status(status=status, created=1e9))
    story = read_story()
    assert story and story.verdict == "single"


def test_a_search_that_a_person_has_begun_is_taken(puzzle: Puzzle, workers: Workers) -> None:
    a, b = puzzle.runs()
    for run in (a, b):
        workers.start(run, parent_pipe=True)
    wait_for(lambda: all(run.read_status().status == "finished" for run in (a, b)))
    bisect = BisectStore().create(b, a, 5)
    assert worker.solve(Reporter(puzzle))[0] == "finished"
    assert puzzle.bisect_id() == bisect.id
    assert len(BisectStore().list()) == 1


def test_a_stop_ends_what_is_at_work_and_the_puzzle_goes_on_from_there(puzzle: Puzzle, workers: Workers) -> None:
    workers.until.clear()
    ended: list[tuple[str, str]] = []
    at_work = threading.Thread(target=lambda: ended.append(worker.solve(Reporter(puzzle))))
    at_work.start()
    wait_for(lambda: len(workers.begun) == 2)
    puzzle.request_stop()
    at_work.join(20)
    assert ended == [("stopped", "Stopped by user; what was trained is kept, and the puzzle can go on.")]
    assert {run.read_status().status for run in puzzle.runs()} == {"stopped"}
    (puzzle.path / "stop").unlink()
    workers.until.set()
    assert worker.solve(Reporter(puzzle))[0] == "finished"
    assert len(RunStore().list()) == 2


def test_a_training_that_is_taken_up_by_hand_meanwhile_is_waited_for(puzzle: Puzzle, workers: Workers) -> None:
    workers.start(puzzle.runs()[0], parent_pipe=True)
    assert worker.solve(Reporter(puzzle))[0] == "finished"
    assert workers.begun.count(puzzle.runs()[0].id) == 1


def test_a_step_that_fails_ends_the_puzzle_in_its_words(puzzle: Puzzle, workers: Workers) -> None:
    workers.ends["Puzzle: end to end"] = ("failed", "user")
    with pytest.raises(RunError, match=r"^Puzzle: end to end has ended early: It is failed\.$"):
        worker.solve(Reporter(puzzle))
    workers.ends = {"bisect": ("interrupted", "program")}
    title = " / ".join(run.title() for run in puzzle.runs())
    assert worker.solve(Reporter(puzzle)) == ("interrupted", f"{title} has ended early: It is interrupted.")
    workers.ends = {}
    assert worker.solve(Reporter(puzzle))[0] == "finished"
    assert len(BisectStore().list()) == 1


def wait_for(reached: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def no_process_is_left() -> Iterator[None]:
    yield
    for process in local.jobs().processes.values():
        process.wait(60)


@pytest.mark.slow
@pytest.mark.usefixtures("no_process_is_left")
def test_a_real_worker_begins_the_search_between_finished_trainings_with_no_page_open(
    sample_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipped trainings of the puzzle, of which this home knows no search. It waits for the only place, and is
    stopped there: the puzzle's own worker needs none."""
    monkeypatch.setenv("PARITY_HOME", str(sample_home))
    examples.install()
    a, b, bisect_id = examples.puzzle()
    (sample_home / "bisects" / bisect_id).rename(sample_home / "bisect-before")
    place = files.Lock(sample_home / "training-0.lock")
    assert place.acquire(60)
    try:
        runs = RunStore().get(a), RunStore().get(b)
        puzzle = start.start("puzzle", PuzzleSpec(begun=runs), COMMAND_LINE)
        wait_for(lambda: bool(puzzle.bisect_id()), 90)
        (bisect,) = BisectStore().list()
        wait_for(lambda: bisect.read_status().pid is not None, 60)
        assert bisect.read_status().pid != puzzle.read_status().pid
        start.stop(puzzle, COMMAND_LINE)
        wait_for(lambda: not launch.poll(puzzle).is_active, 120)
        assert (launch.poll(bisect).status, puzzle.read_status().status) == ("stopped", "stopped")
        assert PuzzleStore().newest() is not None
    finally:
        place.release()
        (sample_home / "bisect-before").rename(sample_home / "bisects" / bisect_id)
