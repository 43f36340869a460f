"""Where the puzzle is, for pages and command line: its two trainings, the search between them, its worker."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core import paths
from core.bisect.store import BisectStore
from core.errors import RunError
from core.start.puzzle import Puzzle, PuzzleStore, two_runs
from core.store import records
from core.store.runs import RESUMABLE, Run, Status
from core.workers import launch

if TYPE_CHECKING:
    from core.store.bisect_record import BisectResult

OLD_FILE = "puzzle.json"
"""What versions before there was a job for it, and the finished examples, have instead: runs, bisect, problem."""


@dataclass(frozen=True)
class Step:
    """One of the two trainings.

    Attributes:
        run: Run.
        status: Status. Where it is.
        best: float or None. Highest validation accuracy so far; None before the first epoch.
    """

    run: Run
    status: Status
    best: float | None


@dataclass(frozen=True)
class Story:
    """Where the puzzle is.

    Attributes:
        steps: tuple of two Steps. Bottleneck, end to end.
        job: Puzzle or None. None where an older version has begun it.
        job_status: Status or None. Of the job.
        bisect: str. Id of the bisect; empty before there is one.
        bisect_status: Status or None. Where the bisect is.
        result: dict or None. What the bisect has found so far.
        problem: str. Why there is no bisect although both runs have finished; empty otherwise.
    """

    steps: tuple[Step, Step]
    job: Puzzle | None = None
    job_status: Status | None = None
    bisect: str = ""
    bisect_status: Status | None = None
    result: "BisectResult | None" = None
    problem: str = ""

    @property
    def runs_finished(self) -> bool:
        """Whether both trainings have run to their end."""
        return all(step.status.status == "finished" for step in self.steps)

    @property
    def under_way(self) -> bool:
        """Whether something is running or about to begin."""
        parts = (*(step.status for step in self.steps), self.job_status, self.bisect_status)
        return any(status is not None and status.is_active for status in parts)

    @property
    def can_go_on(self) -> bool:
        """Whether it has ended before there was a verdict, and can be taken up where it was."""
        ended = self.job_status is None or self.job_status.status in RESUMABLE
        return ended and not self.under_way and not self.verdict and not self.problem

    @property
    def verdict(self) -> str:
        """What the bisect says; empty before it has ended, and the puzzle with it."""
        ended = self.bisect_status is not None and not self.under_way
        return str(self.result.get("verdict") or "") if ended and self.result else ""

    @property
    def run_to_watch(self) -> Run:
        """The running training; without one that which has not finished, else the last."""
        active = [step.run for step in self.steps if step.status.is_active]
        unfinished = [step.run for step in self.steps if step.status.status != "finished"]
        return [*active, *unfinished, self.steps[-1].run][0]

    @property
    def step(self) -> int:
        """Which of the three steps is running: 1, 2 or 3."""
        return 3 if self.runs_finished else 2 if self.steps[0].status.status == "finished" else 1


def read_story(job: Puzzle | None = None) -> Story | None:
    """Where a puzzle is; None before one was ever started, or where one of its runs is gone.

    Args:
        job: Puzzle. Defaults to the one made last, or to what an older version has begun.
    """
    job = job or PuzzleStore().newest()
    try:
        return _of_job(job) if job else _of_old_file()
    except RunError:
        return None  # a run was deleted, or a file is damaged: the story is over


def _of_job(job: Puzzle) -> Story:
    first, second = job.runs()
    status = launch.poll(job)
    story = _with_bisect(Story((_step(first), _step(second)), job, status), job.bisect_id())
    problem = status.message if status.status == "failed" and story.runs_finished and not story.bisect else ""
    return replace(story, problem=problem)


def _of_old_file() -> Story | None:
    record: dict[str, Any] | None = records.read(paths.home() / OLD_FILE, records.PUZZLE)
    if record is None:
        return None
    first, second = two_runs(record.get("runs"))
    story = Story((_step(first), _step(second)), problem=str(record.get("problem", "")))
    return _with_bisect(story, str(record.get("bisect", "")))


def _with_bisect(story: Story, bisect_id: str) -> Story:
    bisect = BisectStore().by_id(bisect_id)
    if bisect is None:
        return story
    return replace(story, bisect=bisect.id, bisect_status=launch.poll(bisect), result=bisect.result())


def _step(run: Run) -> Step:
    values = [epoch.val_accuracy for epoch in run.epochs() if epoch.val_accuracy is not None]
    return Step(run, launch.poll(run), max(values) if values else None)
