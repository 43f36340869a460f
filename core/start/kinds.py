"""The table of kinds of jobs: which there are, where their folders lie, who may start one, what its worker calls.

The folder that a job lies in says its kind. Queue, worker, trash and lists go through this table: a new kind is a
module with its `JobFolder` and its store, and a row here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import paths
from core.access.roles import ROLES, Action
from core.bisect.store import BisectSpec, BisectStore
from core.cross_validation.store import CrossValidationSpec, CrossValidationStore
from core.errors import RunError
from core.feature_check.store import FeatureCheckSpec, FeatureCheckStore
from core.jobs.job import BudgetedJob
from core.jobs.spec import RunSpec
from core.label_review.store import ReviewSpec, ReviewStore
from core.lr_search.store import LrSearchSpec, LrSearchStore
from core.search.store import SearchSpec, SearchStore
from core.start.puzzle import PuzzleSpec, PuzzleStore
from core.store.folder import JobFolder
from core.store.folder_store import FolderStore
from core.store.runs import RunStore
from core.sweep.store import SweepSpec, SweepStore
from core.why.store import WhySpec, WhyStore

Store = FolderStore[Any]


@dataclass(frozen=True)
class Kind:
    """A kind of job.

    Attributes:
        name: str. What `start` and the worker call it.
        store: type. Its store, which knows its folder in the home and its class.
        spec: type. What is asked for when one is started.
        action: Action. What a person must be allowed to do who starts, stops or resumes one.
        entry: str. Module and function that its worker calls with a `Reporter`; it gives the final status and a
            sentence.
        on_cluster: str. The same for a worker on a cluster. Defaults to the same function.
    """

    name: str
    store: type[Store]
    spec: type
    action: Action
    entry: str
    on_cluster: str = ""

    @property
    def opened(self) -> type[JobFolder]:
        """The class of its folders."""
        kind: type[JobFolder] = self.store.kind
        return kind


KINDS = (
    Kind("run", RunStore, RunSpec, Action.TRAIN, "core.engine.train.training:run_training"),
    Kind("rate", LrSearchStore, LrSearchSpec, Action.TRAIN, "core.engine.jobs.lr_search:find_rate"),
    Kind(
        "bisect", BisectStore, BisectSpec, Action.DIAGNOSE,
        "core.engine.jobs.bisect:bisect", "core.engine.cluster.cluster_trials:bisect_over_cluster",
    ),
    Kind(
        "sweep", SweepStore, SweepSpec, Action.SWEEP,
        "core.engine.jobs.sweep:sweep", "core.engine.cluster.cluster_trials:sweep_over_cluster",
    ),
    Kind(
        "cross-validation", CrossValidationStore, CrossValidationSpec, Action.SWEEP,
        "core.engine.jobs.cross_validation:cross_validate",
    ),
    Kind("search", SearchStore, SearchSpec, Action.SWEEP, "core.engine.jobs.search:search"),
    Kind("review", ReviewStore, ReviewSpec, Action.CURATE, "core.engine.jobs.label_review:review"),
    Kind(
        "check", FeatureCheckStore, FeatureCheckSpec, Action.CURATE,
        "core.engine.jobs.feature_check:check_with_features",
    ),
    Kind("puzzle", PuzzleStore, PuzzleSpec, Action.DIAGNOSE, "core.engine.jobs.puzzle:solve"),
    Kind("why", WhyStore, WhySpec, Action.DIAGNOSE, "core.engine.jobs.why:explain"),
)  # fmt: skip


def kind_named(name: str) -> Kind:
    """The kind of that name.

    Raises:
        KeyError: there is none.
    """
    return next(kind for kind in KINDS if kind.name == name)


def kind_of(job: JobFolder) -> Kind:
    """The kind of a job, by its class."""
    return next(kind for kind in KINDS if type(job) is kind.opened)


def open_job(path: Path) -> JobFolder:
    """The job in a folder.

    Raises:
        RunError: it lies in none of the folders in which jobs lie.
    """
    for kind in KINDS:
        if path.parent.name == kind.store.folder:
            return kind.opened(path)
    names = ", ".join(kind.store.folder for kind in KINDS)
    raise RunError(f"{path} is not a job: jobs are in a folder named {names}")


def stores(some: Iterable[Kind] | None = None) -> list[Store]:
    """Stores in the home, of all kinds unless only some are asked for."""
    return [kind.store() for kind in (KINDS if some is None else some)]


def folders() -> list[Path]:
    """Where jobs of all kinds lie in the home."""
    return [paths.home() / kind.store.folder for kind in KINDS]


def queued_stores() -> list[Store]:
    """Stores of the jobs that wait for one of the machine's places."""
    return stores(kind for kind in KINDS if kind.opened.trains)


def visitors_stores() -> list[Store]:
    """Stores of what a visitor of a public server may start."""
    return stores(kind for kind in KINDS if kind.action in ROLES["visitor"])


def trainers() -> list[FolderStore[BudgetedJob]]:
    """Stores of the jobs that train runs of their own."""
    return stores(kind for kind in KINDS if issubclass(kind.opened, BudgetedJob))
