"""PuzzleStore: the forum question as a job of three steps, each puzzle with a folder below `puzzles`.

config.json   {"runs": [id, id]}: the training that learns and the one that does not
result.json   {"bisect": id}: the search between them, once it has begun

Its worker (core/engine/jobs/puzzle.py) trains nothing itself: each step is a run or a bisect with a worker of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from core.config import RunConfig, make_config
from core.data.dataset import SAMPLE
from core.errors import RunError
from core.jobs.job import Job, JobStore
from core.jobs.validate import validate_config
from core.progress import Progress
from core.store import records
from core.store.runs import Run, RunStore
from core.workers import launch

RUNS = {"Puzzle: bottleneck": "question-bottleneck", "Puzzle: end to end": "question-end-to-end"}
"""Name of the run -> its preset, in the order in which they train."""


class Puzzle(Job):
    """One puzzle; what it trains are run folders and a bisect of their own.

    Args:
        path: Path. The folder; it exists.
    """

    noun, kept = "puzzle", "completed work is kept"
    trains = takes_slot = False

    def runs(self) -> tuple[Run, Run]:
        """The two trainings.

        Raises:
            RunError: one of them is gone, or the file is damaged.
        """
        return two_runs(self.settings().get("runs"))

    def configs(self) -> Sequence[RunConfig]:
        """See `JobFolder.configs`."""
        return [run.config() for run in self.runs()]

    def bisect_id(self) -> str:
        """Id of the search between them; empty before there is one."""
        record = records.read(self.path / "result.json", records.PUZZLE) or {}
        return str(record.get("bisect", ""))


class PuzzleStore(JobStore[Puzzle]):
    """All puzzles; see `JobStore`."""

    kind, folder = Puzzle, "puzzles"

    def newest(self) -> Puzzle | None:
        """The one made last; None where there is none."""
        return next(iter(self.list()), None)

    def create(self, runs: tuple[Run, Run], owner: str = "") -> Puzzle:
        """Makes the folder of a new puzzle, queued.

        Args:
            runs: two Runs.
            owner: str. Who starts it. Defaults to nobody in particular.

        Raises:
            RunError: the folder cannot be written.
        """
        return self._make({"runs": [run.id for run in runs]}, owner)


@dataclass(frozen=True)
class PuzzleSpec:
    """The puzzle, with two new trainings, or with two that an older version has begun.

    Attributes:
        begun: tuple of two Runs, or None.
    """

    begun: tuple[Run, Run] | None = None

    def admit(self, progress: Progress | None = None) -> Self:
        """See `Spec.admit`; the presets are as the catalogue has them, so they stay what they are."""
        if not self.begun:
            for config in self.configs():
                validate_config(config, progress)
        return self

    def configs(self) -> Sequence[RunConfig]:
        """See `Spec.configs`."""
        if self.begun:
            return [run.config() for run in self.begun]
        return [make_config(SAMPLE, {}, preset=preset, name=name) for name, preset in RUNS.items()]

    def known(self) -> Puzzle | None:
        """See `Spec.known`; one puzzle at a time is enough for a home."""
        newest = PuzzleStore().newest()
        return newest if newest and launch.poll(newest).is_active else None

    def make(self, owner: str) -> Puzzle:
        """See `Spec.make`."""
        if self.begun:
            return PuzzleStore().create(self.begun, owner)
        first, second = (RunStore().create(config, owner) for config in self.configs())
        return PuzzleStore().create((first, second), owner)


def two_runs(ids: object) -> tuple[Run, Run]:
    """The runs of two ids, as a record names them.

    Raises:
        RunError: one of them is gone, or it names no two.
    """
    match ids:
        case [str(first), str(second)]:
            return RunStore().get(first), RunStore().get(second)
    raise RunError("the demo does not name its runs; start a new one")
