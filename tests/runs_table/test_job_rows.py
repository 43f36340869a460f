"""The list of jobs that are no runs: what they are called, their order, how many."""

from pathlib import Path
from typing import Any

from core.bisect.store import BisectStore
from core.config import make_config
from core.jobs.job import rename_job
from core.label_review.store import ReviewStore
from core.lr_search.store import LrSearchStore
from core.runs_table.job_rows import EACH, at_work, job_rows
from core.start import kinds
from core.store import examples
from core.store.runs import RunStore, Status
from core.sweep.store import SweepStore

CONFIG = make_config("/data/cats", {"model.backbone": "VGG16", "data.image_size": 224, "training.learning_rate": 0.001})


def ended(job: Any, status: str = "finished", message: str = "Done.") -> Any:
    job.write_status(Status(status=status, created=1e9, message=message))
    return job


def test_each_kind_is_called_by_its_name_or_what_it_is_about() -> None:
    runs = [RunStore().create(make_config("/data/cats", {}, name=name)) for name in ("good", "bad")]
    ended(BisectStore()._make({"runs": [run.id for run in runs]}, ""))
    sweep = ended(SweepStore().create(CONFIG, [{"training.learning_rate": 0.1, "model.dropout": 0.2}]))
    ended(LrSearchStore().create(CONFIG))
    ended(ReviewStore()._make({"review": "/data/cats", "key": "k"}, ""), "failed", "It was too dark.")
    rows = {row.kind: row for row in job_rows()}
    assert {kind: row.title for kind, row in rows.items()} == {
        "bisect": "good / bad",
        "sweep": "Learning rate, Dropout",
        "rate": "cats: VGG16, frozen, 224 px, lr 0.001",
        "review": "cats",
    }
    assert (rows["review"].status, rows["review"].message) == ("failed", "It was too dark.")
    assert {rows["review"].dataset, rows["sweep"].dataset} == {"/data/cats"}
    rename_job(sweep, "my sweep")
    assert {row.kind: row.title for row in job_rows()}["sweep"] == "my sweep"
    assert not at_work(job_rows())


def test_those_at_work_come_first_and_there_are_few_of_a_kind() -> None:
    for _ in range(EACH + 2):
        ended(SweepStore().create(CONFIG, [{"training.seed": 1}]))
    waiting = ReviewStore()._make({"review": "/data/cats", "key": "k"}, "")
    rows = job_rows()
    assert [row.kind for row in rows] == ["review", *["sweep"] * EACH]
    assert rows[0].id == waiting.id
    assert at_work(rows)


def test_damaged_jobs_are_listed_too() -> None:
    for name in ("bisect", "sweep", "search", "cross-validation", "rate", "review", "check", "why"):
        store = kinds.kind_named(name).store()
        path = store.root / "20260101-000000-000-abcdef"
        path.mkdir(parents=True)
        (path / "config.json").write_text("{")
    rows = job_rows()
    assert len(rows) == 8
    assert {row.status for row in rows} == {"damaged"}
    assert all(row.title for row in rows)


def test_a_bisect_says_its_verdict_in_the_words_of_the_form(home: Path) -> None:
    examples.install()
    assert [row.message for row in job_rows()] == ["“Shuffle” is the cause."]
