"""WhyStore: two scripts that should agree, and why they do not, as a job of four steps; folders below `whys`.

config.json   {"dataset", "budget_minutes", "scripts": [{"name", "text", "record"}, ...], "runs": [id, id]}; a script
              that is the preset has an empty text
result.json   {"bisect": id, "repaired": {"side", "run", "text", "diff", "left", "fault"}}, each once it is there

Its worker (core/engine/jobs/why.py) trains nothing itself: each step is a run or a bisect with a worker of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from core.bisect.store import BisectStore
from core.config import RunConfig
from core.errors import RunError
from core.jobs import job
from core.jobs.job import BUDGET_MINUTES, Job, JobStore
from core.jobs.validate import validate_config
from core.progress import Progress
from core.store import records
from core.store.runs import Run, RunStore
from core.why.side import ScriptSide, preset_side, side_of
from core.workers import launch


class Why(Job):
    """One question of two scripts; what it trains are run folders and a bisect of their own.

    Args:
        path: Path. The folder; it exists.
    """

    noun, kept = "question", "completed work is kept"
    trains = takes_slot = False

    def runs(self) -> tuple[Run, Run]:
        """The trainings of the two scripts.

        Raises:
            RunError: one of them is gone, or the file is damaged.
        """
        match self.settings().get("runs"):
            case [str(first), str(second)]:
                return RunStore().get(first), RunStore().get(second)
        raise RunError(f"question {self.id} does not say which runs are its own; ask it again")

    def sides(self) -> tuple[ScriptSide, ScriptSide]:
        """The two scripts.

        Raises:
            UserError: the file is damaged.
        """
        settings = self.settings()
        scripts, dataset = settings.get("scripts"), settings.get("dataset")
        if not (isinstance(scripts, list) and len(scripts) == 2 and isinstance(dataset, str)):
            raise RunError(f"question {self.id} cannot be read: its config.json is damaged; ask it again")
        try:
            first, second = (
                side_of(one["record"], one["text"], dataset) if one["text"] else preset_side(dataset) for one in scripts
            )
        except (KeyError, TypeError) as error:
            raise RunError(f"question {self.id} cannot be read: its config.json is damaged; ask it again") from error
        return first, second

    def title(self) -> str:
        """What to call it: the names of its two scripts."""
        scripts = self.settings().get("scripts") or []
        return " / ".join(str(one.get("name", "")) for one in scripts if isinstance(one, dict)) or self.id

    def configs(self) -> Sequence[RunConfig]:
        """See `JobFolder.configs`."""
        return [run.config() for run in self.runs()]

    def budget_minutes(self) -> float:
        """What the search may take."""
        return float(self.settings().get("budget_minutes", BUDGET_MINUTES))

    def result(self) -> dict[str, Any]:
        """What result.json says; empty before there is one."""
        return records.read(self.path / "result.json", records.JOB_SETTINGS) or {}

    def part_ids(self) -> list[str]:
        """Ids of its runs, of the search between them and of the repaired script's run, as far as they are there."""
        own, result = self.settings().get("runs"), self.result()
        repaired = result.get("repaired")
        found = [*(own if isinstance(own, list) else []), result.get("bisect")]
        return [str(one) for one in [*found, repaired.get("run") if isinstance(repaired, dict) else None] if one]

    def bisect_id(self) -> str:
        """Id of the search between the two; empty before there is one."""
        return str(self.result().get("bisect") or "")


class WhyStore(JobStore[Why]):
    """All such questions; see `JobStore`."""

    kind, folder = Why, "whys"

    def newest(self) -> Why | None:
        """The one made last; None where there is none."""
        return next(iter(self.list()), None)

    def create(self, spec: "WhySpec", runs: tuple[Run, Run], owner: str = "") -> Why:
        """Makes the folder of a new one, queued.

        Raises:
            RunError: the folder cannot be written.
        """
        scripts = [{"name": side.name, "text": side.text, "record": dict(side.record)} for side in (spec.a, spec.b)]
        settings = {
            "dataset": spec.a.config.dataset, "budget_minutes": spec.budget_minutes, "scripts": scripts,
            "runs": [run.id for run in runs],
        }  # fmt: skip
        return self._make(settings, owner)


@dataclass(frozen=True)
class WhySpec:
    """What is asked for.

    Attributes:
        a: ScriptSide. A script.
        b: ScriptSide. The other, or the preset.
        budget_minutes: float. What the search between them may take.
    """

    a: ScriptSide
    b: ScriptSide
    budget_minutes: float = BUDGET_MINUTES

    def admit(self, progress: Progress | None = None) -> Self:
        """See `Spec.admit`; the dataset is looked through once for each script."""
        job.check_budget(self.budget_minutes)
        sides = [replace(side, config=validate_config(side.config, progress)[0]) for side in (self.a, self.b)]
        return replace(self, a=sides[0], b=sides[1])

    def configs(self) -> Sequence[RunConfig]:
        """See `Spec.configs`."""
        return [self.a.config, self.b.config]

    def known(self) -> Why | None:
        """See `Spec.known`: just the same scripts on the same images."""
        for one in WhyStore().list():
            if launch.poll(one).is_active and self.is_of(one):
                return one
        return None

    def is_of(self, why: Why) -> bool:
        """Whether a job is about just this."""
        settings = why.settings()
        texts = [one.get("text") for one in settings.get("scripts") or [] if isinstance(one, dict)]
        return texts == [self.a.text, self.b.text] and settings.get("dataset") == self.a.config.dataset

    def make(self, owner: str) -> Why:
        """See `Spec.make`."""
        first, second = (RunStore().create(config, owner) for config in self.configs())
        return WhyStore().create(self, (first, second), owner)


def bisect_of(why: Why) -> Any:
    """The search of a question; None before there is one."""
    return BisectStore().by_id(why.bisect_id())
