"""Fine-tunes the best candidate of a search without each of the folds, as a run's worker trains; within the budget."""

import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from core import files
from core.config import RunConfig
from core.data.dataset import Dataset
from core.data.dataset_index import ImageFile
from core.data.folds import Folds
from core.engine.jobs.fold_heads import Answered, keep_answers, without_fold
from core.engine.reporter import Reporter
from core.engine.train.context import StopRequested, make_training_context
from core.engine.train.epochs import Training
from core.engine.train.run_costs import RunCosts
from core.engine.train.tracking import Tracking
from core.errors import ConfigError
from core.estimate.duration import expected
from core.search.candidates import config_of
from core.search.store import Search
from core.store.fold_records import FineTunedBest
from core.store.runs import Run


class FineTunedFolds:
    """The best candidate of a search, fine-tuned on the folds of the first repeat.

    Args:
        job: Search.
        reporter: Reporter. Of the search.
        dataset: Dataset. As it is now.
        folds: Folds. Of the first repeat.
        found: FineTunedBest. Changed in place; its folds are not trained again.
        left: callable. Seconds that the budget has left.
        write: callable. Writes the result.
    """

    def __init__(
        self,
        job: Search,
        reporter: Reporter[Search],
        dataset: Dataset,
        folds: Folds,
        found: FineTunedBest,
        *,
        left: Callable[[], float],
        write: Callable[[], None],
    ) -> None:
        self._job, self._reporter, self._dataset, self._folds = job, reporter, dataset, folds
        self._found, self._left, self._write = found, left, write

    def run(self) -> bool:
        """Trains what is missing; where it does not fit the budget, the record says so. False after a stop."""
        try:
            config = config_of(self._job.config(), self._found["settings"])
        except ConfigError as error:
            self._found["reason"] = f"the best cannot be fine-tuned with these settings: {error}"[:300]
            return True
        done = {head["fold"] for head in self._found["heads"]}
        missing = [fold for fold in range(1, len(self._folds.names) + 1) if fold not in done]
        for number, fold in enumerate(missing):
            if self._reporter.stop_requested():
                return False
            if not self._is_affordable(config, len(missing) - number) or not self._train(config, fold):
                break
        return not self._reporter.stop_requested()

    def _is_affordable(self, config: RunConfig, folds: int) -> bool:
        """Whether the folds that are missing fit into what is left, by those that are there, else by an estimate."""
        seconds = [head["seconds"] for head in self._found["heads"]]
        if seconds:
            needed = folds * statistics.median(seconds)
        else:
            held_out = len(self._folds.files) // len(self._folds.names)
            foreseen = expected(config, len(self._folds.files) - held_out, held_out, len(self._dataset.classes))
            needed = folds * sum(part.seconds for part in foreseen.parts if part.phase != "features")
        if needed <= self._left():
            return True
        self._found["reason"] = (
            f"fine-tuning the best without each of {folds} folds would take up to {needed / 60:.1f} minutes, and "
            f"{max(0.0, self._left()) / 60:.1f} are left of the budget"
        )
        return False

    def _train(self, config: RunConfig, fold: int) -> bool:
        began = time.monotonic()
        dataset, held_out, _ = without_fold(self._dataset, config, self._folds, 1, fold)
        said = f"Fine-tuning the best: fold {fold} of {len(self._folds.names)}"
        self._reporter.set_status(done=fold - 1, total=len(self._folds.names))
        inner = _Inner(self._fresh(config), self._reporter, said, self._left)
        try:
            answered = fine_tune(config, dataset, held_out, inner)
        finally:
            shutil.rmtree(self._job.scratch().path.parent, ignore_errors=True)
        if answered is None:
            if not self._reporter.stop_requested():
                self._found["reason"] = f"the budget ended while fold {fold} was fine-tuned"
            return False
        path = self._job.fine_tuned_answers(fold)
        self._found["heads"].append(keep_answers(path, self._dataset, held_out, answered, (1, fold), began))
        self._write()
        return True

    def _fresh(self, config: RunConfig) -> Run:
        """An empty folder: what a killed worker has left is of no use, as a fold is trained whole."""
        run = self._job.scratch()
        shutil.rmtree(run.path.parent, ignore_errors=True)
        run.path.mkdir(parents=True)
        files.write_json(run.path / "config.json", config.to_dict())
        return run


class _Inner(Reporter[Run]):
    """Of the training of a fold: says what it does through the search, and stops with it or at the budget's end."""

    def __init__(self, run: Run, outer: Reporter[Search], said: str, left: Callable[[], float]) -> None:
        super().__init__(run)
        self._outer, self._said, self._left = outer, said, left

    def phase(self, name: str, message: str, *, total: int = 0, **changes: Any) -> None:
        """See `Reporter.phase`."""
        super().phase(name, message, total=total, **changes)
        self._outer.set_status(message=f"{self._said}. {message}")

    def stop_requested(self) -> bool:
        """See `Reporter.stop_requested`."""
        return self._outer.stop_requested() or self._left() <= 0


def fine_tune(
    config: RunConfig, dataset: Dataset, held_out: Sequence[ImageFile], reporter: Reporter[Run]
) -> Answered | None:
    """Trains as a run's worker does, and predicts images; nothing is evaluated, exported or sent anywhere.

    Args:
        config: RunConfig.
        dataset: Dataset. Its split is what is trained on.
        held_out: sequence of ImageFile.
        reporter: Reporter. Of a run of its own.

    Returns:
        None where the reporter asked for a stop.

    Raises:
        UserError: something the person can put right, in one sentence.
    """
    context = make_training_context(config, dataset, reporter)
    training = Training(context, Tracking(reporter, ""), RunCosts(config, dataset))
    try:
        training.run_all()
    except StopRequested:
        return None
    finally:
        training.event_files.close()
    if training.stopped or training.phase is None:
        return None
    context.ignore_stop = True
    progress = training.progress
    return Answered(training.phase.predict(held_out), progress.epoch, progress.best_epoch or progress.epoch)
