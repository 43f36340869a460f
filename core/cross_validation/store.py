"""CrossValidationStore: cross-validations on disk, each with a folder below `cross_validations`.

config.json          {"config": settings of the heads, "folds", "repeats", "brought", "budget_minutes"}
result.json          replaced whole whenever a head was trained; see `core.store.fold_records`
folds/R-F.csv        what the head of repeat R and fold F says of its fold, as predictions.csv of a run
out_of_fold/<id>/    the files of a run about the first repeat: config.json, manifest.json, evaluation.json,
                     predictions.csv. Every image is in `val`, answered by a head that has not seen it
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from core.config import RunConfig
from core.data.dataset import Dataset
from core.data.folds import LEAST_FOLDS, MOST_FOLDS, Folds, make_folds, own_folds
from core.errors import ConfigError
from core.jobs import job
from core.jobs.job import BUDGET_MINUTES, BudgetedJob, ConfiguredJob, JobStore
from core.jobs.spec import ConfigSpec
from core.progress import Progress
from core.store import records
from core.store.runs import Run

if TYPE_CHECKING:
    from core.store.fold_records import CrossValidationResult

FOLDS, REPEATS, MOST_REPEATS = 5, 3, 50

FEW = 500
"""With fewer validation images than these, one split says little, and pages offer a cross-validation."""


class FoldsJob(ConfiguredJob, BudgetedJob):
    """A job that trains heads without each of the folds of a dataset, again and again.

    Args:
        path: Path. The folder; it exists.
    """

    kept = "trained heads are kept"

    def dataset(self) -> str:
        """The dataset as it is named; empty where that cannot be read."""
        config = self.settings().get("config", {})
        return str(config.get("dataset", "")) if isinstance(config, dict) else ""

    def folds(self) -> int:
        """How many folds there are."""
        return int(self.settings().get("folds", FOLDS))

    def repeats(self) -> int:
        """How often the images are divided; a search does it for the finalists."""
        return int(self.settings().get("repeats", REPEATS))

    def brought(self) -> bool:
        """Whether the folds are those that the dataset brings."""
        return bool(self.settings().get("brought", False))


class CrossValidation(FoldsJob):
    """One cross-validation; the heads that it trains are not kept.

    Args:
        path: Path. The folder; it exists.
    """

    noun, at_end, takes_slot = "cross-validation", "has finished", True

    def result(self) -> "CrossValidationResult | None":
        """What result.json says; None before there is one, or where it is damaged."""
        return records.read(self.path / "result.json", records.CROSS_VALIDATION)

    def answers(self, repeat: int, fold: int) -> Path:
        """The file of what a head says of its fold; both are counted from 1."""
        return self.path / "folds" / f"{repeat}-{fold}.csv"

    def out_of_fold(self) -> Run:
        """The folder with the answers of the first repeat, which is read like a run's."""
        return Run(self.path / "out_of_fold" / self.id)


class CrossValidationStore(JobStore[CrossValidation]):
    """All cross-validations; see `JobStore`."""

    kind, folder = CrossValidation, "cross_validations"

    def create(self, spec: "CrossValidationSpec", owner: str = "") -> CrossValidation:
        """Makes the folder of a new cross-validation, queued.

        Args:
            spec: CrossValidationSpec. Admitted.
            owner: str. Who starts it. Defaults to nobody in particular.

        Raises:
            RunError: the folder cannot be written.
            ConfigError: the budget is no positive number.
        """
        return self._make(spec.settings(), owner)


@dataclass(frozen=True)
class FoldsSpec(ConfigSpec):
    """What is asked of a job that trains heads without each fold.

    Attributes:
        folds: int. Into how many folds the images are divided; 0 for those that the dataset brings, else `FOLDS`.
        repeats: int. How often; of a search it is that of the finalists.
        budget_minutes: float. What it may take.
        brought: bool. Whether the dataset brings the folds; known once it was admitted.
    """

    folds: int = 0
    repeats: int = REPEATS
    budget_minutes: float = BUDGET_MINUTES
    brought: bool = False

    def settings(self) -> dict[str, Any]:
        """What config.json says of it, for `FoldsJob` to read.

        Raises:
            ConfigError: the budget is no positive number.
        """
        job.check_budget(self.budget_minutes)
        return {
            "config": self.config.to_dict(),
            "folds": self.folds or FOLDS,
            "repeats": self.repeats,
            "brought": self.brought,
            "budget_minutes": self.budget_minutes,
        }


class CrossValidationSpec(FoldsSpec):
    """What is asked for."""

    def admit(self, progress: Progress | None = None) -> Self:
        """See `Spec.admit`; the folds are made once, to see that they can be.

        Raises:
            ConfigError: the settings are none of a frozen backbone, or folds or repeats are out of range.
            DataError: the images cannot be divided so.
        """
        check_counts(self.config, self.folds, self.repeats)
        admitted = super().admit(progress)
        if admitted.dataset is None:  # the sample, before its worker draws it: it brings no folds, and can be divided
            return dataclasses.replace(admitted, folds=self.folds or FOLDS)
        data = admitted.config.data
        own = None if self.folds else own_folds(admitted.dataset, data.group_pattern)
        folds = own or make_folds(admitted.dataset, self.folds or FOLDS, data.seed, data.group_pattern)
        return dataclasses.replace(admitted, folds=len(folds.names), brought=own is not None)

    def make(self, owner: str) -> CrossValidation:
        """See `Spec.make`."""
        return CrossValidationStore().create(self, owner)


def check_counts(config: RunConfig, folds: int, repeats: int) -> None:
    """Raises ConfigError for settings that are not of a frozen backbone, or counts that are out of range."""
    if not config.training.is_on_features:
        raise ConfigError(
            "cross-validation trains heads on cached features, but these settings pass every image through the "
            f"network; set training.mode to bottleneck{' and training.mixup to 0' if config.training.mixup else ''}"
        )
    if folds and not LEAST_FOLDS <= folds <= MOST_FOLDS:
        raise ConfigError(f"{folds} folds requested; the number may be {LEAST_FOLDS} to {MOST_FOLDS}")
    if not 1 <= repeats <= MOST_REPEATS:
        raise ConfigError(f"{repeats} repeats requested; the number may be 1 to {MOST_REPEATS}")


def divisions(dataset: Dataset, config: RunConfig, folds: int, repeats: int, *, brought: bool) -> list[Folds]:
    """The division of each repeat: folds of the dataset stay, others are drawn again with the next data seed.

    Raises:
        DataError: the images cannot be divided so, or the dataset no longer has its folds.
    """
    pattern, seed = config.data.group_pattern, config.data.seed
    if brought:
        found = own_folds(dataset, pattern)
        if found is None or len(found.names) != folds:
            raise ConfigError(f"the dataset no longer has {folds} folds; start a new cross-validation")
        return [found] * repeats
    first = make_folds(dataset, folds, seed, pattern)
    return [first, *(make_folds(dataset, folds, seed + k, pattern, first.groups) for k in range(1, repeats))]


def config_of_repeat(config: RunConfig, repeat: int) -> RunConfig:
    """The settings of the heads of a repeat (from 0): each has a training seed of its own."""
    return dataclasses.replace(
        config, training=dataclasses.replace(config.training, seed=config.training.seed + repeat)
    )


def chooses_epoch(config: RunConfig) -> bool:
    """Whether a training looks at the validation loss, which then must not be that of the fold."""
    return config.training.early_stopping > 0 or config.training.reduce_on_plateau > 0
