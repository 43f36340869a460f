"""Search for the best network: cross-validated heads on cached features, the worse half of the candidates dropped."""

import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from core.config import RunConfig
from core.cross_validation.answers import read_fold
from core.cross_validation.store import divisions
from core.data.changes import require_unchanged
from core.data.dataset import Dataset, open_dataset
from core.data.folds import Folds
from core.engine.features.features import BATCH
from core.engine.jobs.fine_tuned_folds import FineTunedFolds
from core.engine.jobs.fold_heads import FoldHeads, keep_answers, with_split, without_fold
from core.engine.reporter import Reporter
from core.engine.train.data_watch import kept_manifest
from core.errors import RunError
from core.jobs.job import rounded_minutes
from core.jobs.trial_runner import BrokenOff
from core.search.answer import begin, judge, most_heads, trained_heads, waiting
from core.search.candidates import config_of, kept, rungs, same_features
from core.search.fine_tuned import begin_fine_tuned, judge_fine_tuned
from core.search.store import Search
from core.sentences import counted
from core.store import records
from core.store.fold_records import FoldHead, SearchCandidate, SearchResult
from core.store.run_records import Manifest

FEATURES_SHARE = 0.7
"""Part of the budget that features may take in all: the rest is for heads."""

_TIMED = 3


def search(reporter: Reporter[Search]) -> tuple[str, str]:
    """Works on a search to its answer, to a stop, or to the end of its budget.

    Args:
        reporter: Reporter. Of a search whose worker has just got its turn.

    Returns:
        The final status, `finished` or `stopped`, and a sentence for the person.

    Raises:
        UserError: the dataset has gone or changed, or no candidate fits the budget.
    """
    config = reporter.run.config()
    reporter.phase("data", "Scanning the dataset.", status="running", started=time.time())
    dataset = open_dataset(config.dataset, config.data, reporter.progress)
    work = _Work(reporter, dataset)
    try:
        return "finished", work.run()
    except BrokenOff as why:
        return "stopped", work.conclude(str(why))


class _Work:
    """One search while it runs.

    Args:
        reporter: Reporter.
        dataset: Dataset. As it is now.
    """

    def __init__(self, reporter: Reporter[Search], dataset: Dataset) -> None:
        self._reporter, self._job, self._dataset = reporter, reporter.run, dataset
        job, self._base = self._job, self._job.config()
        self._divisions = divisions(dataset, self._base, job.folds(), job.repeats(), brought=job.brought())
        self._cells = [(r, f) for r in range(1, job.repeats() + 1) for f in range(1, job.folds() + 1)]
        self._heads = FoldHeads()
        self._started, self._before = time.monotonic(), 60 * job.spent_minutes()
        self._keep_data()
        self._record: SearchResult = begin(job, self._divisions[0], self._is_whole)

    def run(self) -> str:
        """Trains rung after rung; returns the sentence on the best candidate.

        Raises:
            BrokenOff: a stop was asked for, or the budget does not suffice for another head.
        """
        steps = rungs(self._job.folds(), self._job.repeats())
        for rung in range(self._record["rung"], len(steps)):
            for number in self._waiting():
                self._climb(number, self._cells[: steps[rung]])
            self._drop(last=rung == len(steps) - 1, rung=rung + 1)
        self._fine_tune()
        self._record["complete"] = True
        self._write(final=True)
        return self._record["sentence"]

    def _fine_tune(self) -> None:
        """Fine-tunes the best on the folds of the first repeat, as far as the budget allows.

        Raises:
            BrokenOff: a stop was asked for.
        """
        self._write()  # ranks the finalists
        self._record["fine_tuned"] = found = begin_fine_tuned(self._record)
        found["heads"] = [head for head in found["heads"] if self._is_answered(head)]
        budget = 60 * self._job.budget_minutes()
        folds = FineTunedFolds(
            self._job, self._reporter, self._dataset, self._divisions[0], found,
            left=lambda: budget - self._spent(), write=self._write,
        )  # fmt: skip
        if not folds.run():
            raise BrokenOff(self.after("Stopped after"))

    def _is_answered(self, head: FoldHead) -> bool:
        return self._holds(self._job.fine_tuned_answers(head["fold"]), head)

    def conclude(self, said: str) -> str:
        """The answer of one that has ended early, as far as it goes; what is said of it."""
        self._write(final=True)
        return f"{said} {self._record['sentence']}".strip()

    def after(self, words: str) -> str:
        """Why it has ended early."""
        return f"{words} {counted(trained_heads(self._record), 'head')}; what was trained is kept."

    def _waiting(self) -> list[int]:
        return [k for k, one in enumerate(self._record["candidates"]) if one["state"] == "waiting"]

    def _climb(self, number: int, cells: list[tuple[int, int]]) -> None:
        """Trains what a candidate lacks of these folds."""
        row = self._record["candidates"][number]
        done = {(head["repeat"], head["fold"]) for head in row["heads"]}
        for repeat, fold in cells:
            if (repeat, fold) not in done and self._is_affordable(row):
                self._train(number, repeat, fold)

    def _is_affordable(self, row: SearchCandidate) -> bool:
        """Whether it goes on: a candidate whose features take too long is left out, and the others go on.

        Raises:
            BrokenOff: a stop was asked for, or nothing more can be afforded.
        """
        if row["state"] != "waiting":
            return False
        if self._reporter.stop_requested():
            raise BrokenOff(self.after("Stopped after"))
        budget = 60 * self._job.budget_minutes()
        if row["milliseconds"] is None:
            self._measure(row)
            needed = (row["milliseconds"] or 0.0) / 1000 * len(self._divisions[0].files)
            if not self._has_features(row) and self._spent() + needed > FEATURES_SHARE * budget:
                row["state"] = "left_out"
                row["reason"] = f"its features take {needed / 60:.1f} minutes, more than the budget has left for them"
                self._write()
                return False
        seconds = [head["seconds"] for one in self._record["candidates"] for head in one["heads"]]
        if self._spent() + (statistics.median(seconds) if seconds else 0.0) > budget:
            raise BrokenOff(
                self.after(f"The budget of {rounded_minutes(self._job.budget_minutes())} minutes ended after")
            )
        return True

    def _config(self, number: int, repeat: int = 1) -> RunConfig:
        return config_of(self._base, self._record["candidates"][number]["settings"], repeat - 1)

    def _whole(self, row: SearchCandidate) -> Any:
        config = config_of(self._base, row["settings"])
        return self._heads.whole(config, self._dataset, self._divisions[0].files, self._reporter)

    def _has_features(self, row: SearchCandidate) -> bool:
        whole = self._whole(row)
        return whole.features_on_disk(whole.train_images(), 0) is not None

    def _measure(self, row: SearchCandidate) -> None:
        """Milliseconds an image takes the network, 16 at a time, and megabytes of its weights; once for equal ones."""
        for other in self._record["candidates"]:
            same = same_features(other["settings"]) == same_features(row["settings"])
            if same and other["milliseconds"] is not None and other["megabytes"] is not None:
                row["milliseconds"] = other["milliseconds"]
        whole = self._whole(row)
        if row["milliseconds"] is None:
            self._reporter.set_status(message=f"Measures {row['name']}.")
            pixels = np.zeros((BATCH, *whole.base.input_shape[1:]), np.uint8)
            whole.forward(pixels)  # traced by the first call
            row["milliseconds"] = min(self._timed(whole.forward, pixels) for _ in range(_TIMED)) / BATCH * 1000
        row["megabytes"] = 4 * (whole.base.count_params() + self._head_parameters(row, whole)) / 1e6

    @staticmethod
    def _timed(forward: Any, pixels: Any) -> float:
        began = time.monotonic()
        np.asarray(forward(pixels))
        return time.monotonic() - began

    def _head_parameters(self, row: SearchCandidate, whole: Any) -> int:
        from core.models.build import head_for

        width = int(whole.base.output_shape[-1])
        return int(head_for(config_of(self._base, row["settings"]), width, len(self._dataset.classes)).count_params())

    def _train(self, number: int, repeat: int, fold: int) -> None:
        began, row, folds = time.monotonic(), self._record["candidates"][number], self._divisions[repeat - 1]
        rank = f"{number + 1} of {len(self._record['candidates'])}"
        self._reporter.set_status(
            message=f"Candidate {rank}, {row['name']}: repeat {repeat}, fold {fold}.",
            done=trained_heads(self._record), total=most_heads(self._record, len(self._cells)),
        )  # fmt: skip
        config = self._config(number, repeat)
        dataset, held_out, part = without_fold(self._dataset, config, folds, repeat, fold)
        answered = self._heads.answer(config, dataset, folds.files, part, self._reporter)
        if answered is None:
            raise BrokenOff(self.after("Stopped after"))
        path = self._job.answers(number, repeat, fold)
        row["heads"].append(keep_answers(path, self._dataset, held_out, answered, (repeat, fold), began))
        self._write()

    def _drop(self, *, last: bool, rung: int) -> None:
        """The end of a rung: the worse half goes; what is left at the end is kept.

        Raises:
            RunError: no candidate could be trained within the budget.
        """
        losses = waiting(self._record, self._job.folds())
        if not losses:
            raise RunError("no network's features fit the budget; give more minutes, or name smaller networks or sizes")
        stay = kept(losses) if not last else [number for number, _ in losses]
        for number, loss in losses:
            row = self._record["candidates"][number]
            if number not in stay:
                row["state"] = "dropped"
                row["reason"] = f"loss {loss:.4f} over {len(row['heads'])} folds; others had less"
            elif last:
                row["state"] = "kept"
        self._record["rung"] = rung
        self._write()

    def _keep_data(self) -> None:
        """Writes what the search is about, once; see the same of a cross-validation."""
        path, now = self._job.path / "manifest.json", self._manifest()
        if before := records.read(path, records.MANIFEST):
            require_unchanged(before, now, "search")
        else:
            records.write(path, now)

    def _manifest(self) -> Manifest:
        return kept_manifest(self._base, with_split(self._dataset, (), self._divisions[0].files))

    def _is_whole(self, number: int, head: FoldHead) -> bool:
        return self._holds(self._job.answers(number, head["repeat"], head["fold"]), head)

    def _holds(self, path: Path, head: FoldHead) -> bool:
        """Whether the file has an answer to every image of the head's fold."""
        rows = read_fold(path, self._dataset.classes)
        held_out: Folds = self._divisions[head["repeat"] - 1]
        return [row.file for row in rows] == [file.path for file in held_out.held_out(head["fold"] - 1)]

    def _spent(self) -> float:
        return self._before + time.monotonic() - self._started

    def _write(self, *, final: bool = False) -> None:
        record: Any = self._record
        if found := record.get("fine_tuned"):
            judge_fine_tuned(found, record)
        judge(record, self._job, self._dataset.classes, self._divisions[0], final=final)
        record["cost"] = {"spent_minutes": self._spent() / 60, "budget_minutes": self._job.budget_minutes()}
        self._job.write_result(record)
