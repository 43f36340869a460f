"""Cross-validation job: features once, then a head for each fold and repeat; every image is answered out of fold."""

import statistics
import time
from typing import Any

import numpy as np

from core import files as disk
from core.cross_validation.answers import fold_answers
from core.cross_validation.figures import METHOD, describe, fold_figures
from core.cross_validation.store import CrossValidation, chooses_epoch, config_of_repeat, divisions
from core.data.changes import require_unchanged
from core.data.dataset import Dataset, open_dataset
from core.data.folds import Folds
from core.engine.jobs.fold_heads import FoldHeads, keep_answers, with_split, without_fold
from core.engine.reporter import Reporter
from core.engine.train.data_watch import kept_manifest
from core.engine.train.evaluate import Figures, evaluate, write_figures
from core.jobs.job import rounded_minutes
from core.jobs.trial_runner import BrokenOff
from core.store import records
from core.store.fold_records import CrossValidationResult, FoldHead
from core.store.predictions import PredictionRow
from core.store.run_records import Evaluation


def cross_validate(reporter: Reporter[CrossValidation]) -> tuple[str, str]:
    """Works on a cross-validation to its last head, to a stop, or to the end of its budget.

    Args:
        reporter: Reporter. Of a cross-validation whose worker has just got its turn.

    Returns:
        The final status, `finished` or `stopped`, and a sentence for the person.

    Raises:
        UserError: the dataset has gone or changed, or cannot be divided so.
    """
    config = reporter.run.config()
    reporter.phase("data", "Scanning the dataset.", status="running", started=time.time())
    dataset = open_dataset(config.dataset, config.data, reporter.progress)
    try:
        return "finished", _Work(reporter, dataset).run()
    except BrokenOff as why:
        return "stopped", str(why)


class _Work:
    """One cross-validation while it runs.

    Args:
        reporter: Reporter.
        dataset: Dataset. As it is now.
    """

    def __init__(self, reporter: Reporter[CrossValidation], dataset: Dataset) -> None:
        self._reporter, self._job, self._config = reporter, reporter.run, reporter.run.config()
        job, self._dataset = self._job, dataset
        self._divisions = divisions(dataset, self._config, job.folds(), job.repeats(), brought=job.brought())
        self._heads = FoldHeads()
        self._started, self._before = time.monotonic(), 60 * job.spent_minutes()
        self._keep_data()
        self._record = self._begun()

    def run(self) -> str:
        """Trains every head that is not there yet; returns the sentence on all.

        Raises:
            BrokenOff: a stop was asked for, or the budget does not suffice for another head.
        """
        done = {(head["repeat"], head["fold"]) for head in self._record["heads"]}
        for repeat, folds in enumerate(self._divisions, 1):
            for fold in range(1, len(folds.names) + 1):
                if (repeat, fold) not in done:
                    self._afford()
                    self._train(repeat, fold, folds)
        self._keep_answers()
        self._record["complete"] = True
        self._write()
        return self._record["sentence"]

    def _train(self, repeat: int, fold: int, folds: Folds) -> None:
        began, name = time.monotonic(), folds.names[fold - 1]
        times = f", repeat {repeat} of {self._record['repeats']}" if self._record["repeats"] > 1 else ""
        self._reporter.set_status(message=f"Training without fold {name} ({fold} of {len(folds.names)}{times}).")
        dataset, held_out, part = without_fold(self._dataset, self._config, folds, repeat, fold)
        config = config_of_repeat(self._config, repeat - 1)
        answered = self._heads.answer(config, dataset, folds.files, part, self._reporter)
        if answered is None:
            raise BrokenOff(self._after("Stopped after"))
        path = self._job.answers(repeat, fold)
        head = keep_answers(path, self._dataset, held_out, answered, (repeat, fold), began)
        self._record["heads"].append(head)
        self._write()

    def _keep_data(self) -> None:
        """Writes what is cross-validated, once: one that goes on does so on the same images, or not at all.

        Raises:
            DataError: images, labels or classes have changed since it began.
        """
        run = self._job.out_of_fold()
        run.path.mkdir(parents=True, exist_ok=True)
        now = kept_manifest(self._config, with_split(self._dataset, (), self._divisions[0].files))
        if before := run.manifest():
            require_unchanged(before, now, "cross-validation")
        else:
            disk.write_json(run.path / "config.json", self._config.to_dict())
            records.write(run.path / "manifest.json", now)

    def _begun(self) -> CrossValidationResult:
        """The result so far; heads whose answers are gone or damaged are trained again."""
        folds, before = self._divisions[0], self._job.result()
        heads = [head for head in (before["heads"] if before else []) if self._is_whole(head)]
        return {
            "id": self._job.id,
            "folds": len(folds.names),
            "repeats": len(self._divisions),
            "brought": self._job.brought(),
            "images": len(folds.files),
            "groups": len(folds.groups),
            "parted": folds.parted,
            "test_images": len(self._dataset.split.test),
            "inner_validation": chooses_epoch(self._config) and self._config.data.validation_split > 0,
            "heads": heads,
            "figures": None,
            "complete": False,
            "sentence": "",
            "method": METHOD,
            "cost": {},
        }

    def _is_whole(self, head: FoldHead) -> bool:
        held_out = self._divisions[head["repeat"] - 1].held_out(head["fold"] - 1)
        rows = self._answers(head["repeat"], head["fold"])
        return [row.file for row in rows] == [file.path for file in held_out]

    def _answers(self, repeat: int, fold: int) -> tuple[PredictionRow, ...]:
        return fold_answers(self._job, repeat, fold, self._dataset.classes)

    def _keep_answers(self) -> None:
        """Evaluation and predictions of the first repeat, in which every image was answered once."""
        files, classes = self._divisions[0].files, list(self._dataset.classes)
        said = {row.file: row.probabilities for k in range(self._record["folds"]) for row in self._answers(1, k + 1)}
        answers = np.array([said[file.path] for file in files], dtype=np.float32)
        part = evaluate(files, self._dataset.labels(files), answers, classes)
        figures = fold_figures(self._record["heads"], self._record["folds"])
        part = part.model_copy(update={"interval": figures["interval"], "groups": None, "auc": figures["auc"]})
        whose = f" (repeat 1 of {self._record['repeats']})" if self._record["repeats"] > 1 else ""
        evaluation = Evaluation(
            classes=classes, weights=f"those of heads that were not trained on the image{whose}", val=part
        )
        write_figures(self._job.out_of_fold(), Figures(evaluation, {"val": list(files)}, {"val": answers}))

    def _afford(self) -> None:
        if self._reporter.stop_requested():
            raise BrokenOff(self._after("Stopped after"))
        heads = self._record["heads"]
        expected = statistics.median(head["seconds"] for head in heads) if heads else 0.0  # features came with one
        if self._spent() + expected > 60 * self._job.budget_minutes():
            raise BrokenOff(
                self._after(f"The budget of {rounded_minutes(self._job.budget_minutes())} minutes ended after")
            )

    def _after(self, words: str) -> str:
        whole = self._record["folds"] * self._record["repeats"]
        return f"{words} {len(self._record['heads'])} of {whole} heads; what was trained is kept."

    def _spent(self) -> float:
        return self._before + time.monotonic() - self._started

    def _write(self) -> None:
        record: Any = self._record
        record["figures"] = fold_figures(record["heads"], record["folds"])
        record["sentence"] = describe(record)
        record["cost"] = {"spent_minutes": self._spent() / 60, "budget_minutes": self._job.budget_minutes()}
        self._job.write_result(record)
