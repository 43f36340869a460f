"""The puzzle's state: two runs, and a bisect between them as soon as both have finished. Nothing is drawn in here.

What belongs together stands in one file of the home, so that every page and every viewer sees the same story, and a
page that is looked at can begin the third step; no thread waits for it.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core import files, paths
from core.access import Action
from core.config import make_config
from core.data.dataset import SAMPLE
from core.errors import RunError, UserError
from core.jobs.job import BUDGET_MINUTES
from core.jobs.validate import validate_config
from core.store import records
from core.store.runs import Run, RunStore, Status
from core.workers import launch
from pages.shared.diagnose import actions as diagnose_actions
from pages.shared.shell.access import guarded, may, person

if TYPE_CHECKING:
    from core.store.bisect_record import BisectResult


RUNS = {"Puzzle: bottleneck": "question-bottleneck", "Puzzle: end to end": "question-end-to-end"}
"""Name of the run -> its preset, in the order in which they train."""

_FILE, _LOCK = "puzzle.json", "puzzle"

_DRAWING_SECONDS = 60.0
"""What the first start may take: it draws the sample set."""


@dataclass(frozen=True)
class Step:
    """One of the two trainings.

    Attributes:
        run: The run.
        status: Where it is.
        best: Highest validation accuracy so far; None before the first epoch.
    """

    run: Run
    status: Status
    best: float | None


@dataclass(frozen=True)
class Story:
    """Where the puzzle is.

    Attributes:
        steps: Bottleneck, end to end.
        bisect: Id of the bisect; empty before there is one.
        bisect_status: Where the bisect is; None before there is one.
        result: What the bisect has found so far.
        problem: Why there is no bisect although both runs have finished; empty otherwise.
    """

    steps: tuple[Step, Step]
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
        """Whether something is at work or about to begin."""
        training = any(step.status.is_active for step in self.steps)
        starting = self.runs_finished and not self.bisect and not self.problem
        return training or starting or bool(self.bisect_status and self.bisect_status.is_active)

    @property
    def verdict(self) -> str:
        """What the bisect says; empty before it has ended."""
        ended = self.bisect_status is not None and not self.bisect_status.is_active
        return (self.result.get("verdict") or "") if ended and self.result else ""

    @property
    def run_to_watch(self) -> Run:
        """The training at work; without one that which has not finished, else the last."""
        active = [step.run for step in self.steps if step.status.is_active]
        unfinished = [step.run for step in self.steps if step.status.status != "finished"]
        return [*active, *unfinished, self.steps[-1].run][0]

    @property
    def step(self) -> int:
        """Which of the three steps is at work: 1, 2 or 3."""
        return 3 if self.runs_finished else 2 if self.steps[0].status.status == "finished" else 1


@guarded(Action.DIAGNOSE)
def start() -> Run:
    """Queues the puzzle's two runs and gives the first; of a puzzle under way it gives the run to watch.

    Raises:
        UserError: the sample set, the weights or a run folder cannot be used.
    """
    with diagnose_actions.only_one(_LOCK, _DRAWING_SECONDS):
        found = _read()
        if found and found.under_way:
            return found.run_to_watch
        configs = [
            validate_config(make_config(SAMPLE, {}, preset=preset, name=name))[0] for name, preset in RUNS.items()
        ]
        runs = [RunStore().create(config, owner=person().name) for config in configs]
        _write(runs=[run.id for run in runs])
        for run in runs:
            launch.start(run, parent_pipe=True)
        return runs[0]


def story() -> Story | None:
    """Where the puzzle is; None before it was ever started. Begins the third step when the first two are done.

    Raises:
        UserError: the home folder cannot be written.
    """
    found = _read()
    if found and found.runs_finished and not found.bisect and not found.problem and may(Action.DIAGNOSE):
        with diagnose_actions.only_one(_LOCK):
            found = _read()  # again: another page may have begun it in the meantime
            if found and found.runs_finished and not found.bisect and not found.problem:
                found = _begin_bisect(found)
    return found


def _begin_bisect(found: Story) -> Story:
    a, b = (step.run for step in found.steps)
    try:
        # A person may have begun one on the Diagnose page.
        bisect = diagnose_actions.newest_bisect(a, b) or diagnose_actions.start(a, b, BUDGET_MINUTES)
    except UserError as error:
        _write(runs=[a.id, b.id], problem=str(error))
        return replace(found, problem=str(error))
    _write(runs=[a.id, b.id], bisect=bisect.id)
    return _with_bisect(found, bisect.id)


def _read() -> Story | None:
    record = records.read(paths.home() / _FILE, records.PUZZLE)
    if record is None:
        return None
    try:
        first, second = (RunStore().get(str(run)) for run in record.get("runs", []))
    except (RunError, ValueError):
        return None  # a run was deleted, or the file is damaged: the story is over
    found = Story((_step(first), _step(second)), problem=str(record.get("problem", "")))
    return _with_bisect(found, str(record.get("bisect", "")))


def _with_bisect(found: Story, bisect_id: str) -> Story:
    bisect = diagnose_actions.find_bisect(bisect_id)
    if bisect is None:
        return found
    status = diagnose_actions.status_of(bisect)
    return replace(found, bisect=bisect.id, bisect_status=status, result=bisect.result())


def _write(**facts: Any) -> None:
    try:
        files.write_json(paths.home() / _FILE, facts)
    except OSError as error:
        raise UserError(f"{paths.home()} cannot be written: {error.strerror}") from error


def _step(run: Run) -> Step:
    values = [epoch.val_accuracy for epoch in run.epochs() if epoch.val_accuracy is not None]
    return Step(run, launch.poll(run), max(values) if values else None)
