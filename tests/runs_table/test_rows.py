"""Rows of the table: what they say of runs, trials, bisects and sweeps, whole and damaged; what is read, and when."""

import json
from typing import Any

import pytest

from core import files
from core.bisect.store import Bisect, BisectStore
from core.config import make_config
from core.runs_table import details as run_details
from core.runs_table.rows import Row, differing, flat, table_rows
from core.store import index
from core.store.notes import rename_run, write_note
from core.store.runs import Run, RunStore, Status
from core.sweep.store import SweepStore


@pytest.fixture(autouse=True)
def new_process() -> None:
    index.forget()
    run_details.forget()


def make(name: str, values: tuple[float, ...] = (0.5, 0.9), settings: dict[str, Any] | None = None) -> Run:
    run = RunStore().create(make_config("/data/chest x", settings or {}, name=name))
    run.write_status(Status(status="finished", created=5.0, seconds={"total": 12.5}))
    for epoch, value in enumerate(values, 1):
        run.add_event("epoch", epoch=epoch, val_accuracy=value, val_auc=value / 2, val_loss=1 - value)
    return run


def by_name() -> dict[str, Row]:
    return {row.get("name"): row for row in flat(table_rows())}


def test_a_row_says_what_the_folder_says() -> None:
    run = make("Größe <b>", settings={"training.learning_rate": 0.01})
    findings = [{"id": "x", "severity": severity, "claim": "c"} for severity in ("error", "warning", "warning")]
    files.write_json(run.path / "findings.json", {"findings": findings})
    files.write_json(run.path / "evaluation.json", {"val": {"accuracy": 0.8}, "test": {"accuracy": 0.7}})
    write_note(run, "mine", ["a", "b"])
    (row,) = table_rows()
    assert {key: row.get(key) for key in ("name", "status", "val_accuracy", "best_val_accuracy", "dataset")} == {
        "name": "Größe <b>", "status": "finished", "val_accuracy": 0.9, "best_val_accuracy": 0.9, "dataset": "chest x",
    }  # fmt: skip
    assert (row.get("errors"), row.get("warnings"), row.get("seconds"), row.get("tags")) == (1, 2, 12.5, ("a", "b"))
    assert (row.get("saved_accuracy"), row.get("test_accuracy")) == (0.8, 0.7)
    assert (row.get("training.learning_rate"), row.get("data.batch_size")) == (0.01, 32)
    assert row.get("size") == sum(path.stat().st_size for path in run.path.iterdir())
    assert row.get("val_loss") == pytest.approx(0.1)


def test_what_a_file_that_comes_later_says_is_seen_and_nothing_is_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    whole = run_details.read_details

    def noted(run: Run) -> run_details.Details:
        read.append(run.id)
        return whole(run)

    monkeypatch.setattr(run_details, "read_details", noted)
    a, b = make("a"), make("b")
    table_rows()
    run_details.forget()
    table_rows()
    assert sorted(read) == sorted([a.id, b.id]), "another process has them from the index"
    files.write_json(b.path / "findings.json", {"findings": [{"id": "x", "severity": "error", "claim": "c"}]})
    rename_run(b, "c")
    assert by_name()["c"].get("errors") == 1
    assert read[2:] == [b.id]


def test_details_that_take_too_long_come_later() -> None:
    make("a", settings={"training.mode": "end_to_end"})
    assert table_rows(seconds=-1.0) == []
    index.summaries(RunStore().list())
    (row,) = table_rows(seconds=-1.0)
    assert not row.is_read
    assert (row.get("name"), row.get("errors"), row.get("data.batch_size")) == ("a", None, None)
    assert row.get("training.mode") == "end_to_end"
    (row,) = table_rows(seconds=60)
    assert (row.is_read, row.get("errors"), row.get("data.batch_size")) == (True, 0, 32)


def test_bisects_and_sweeps_hold_their_trials() -> None:
    ends = [make("one"), make("other", settings={"data.shuffle": "none"})]
    trials = [make(f"trial {k}", (0.5 + k / 10,), settings={"training.seed": k}) for k in range(3)]
    bisect = Bisect(BisectStore().root / "20260101-000000-000-abcdef")
    bisect.write_settings({"runs": [run.id for run in ends], "budget_minutes": 30})
    bisect.write_result({"arms": [{"run": ends[0].id}, {"run": trials[0].id}]})
    bisect.write_status(Status(status="finished", created=5.0))
    sweep = SweepStore().create(make_config("sample", {}), [{"training.learning_rate": 0.1}], 5)
    sweep.write_result({"arms": [{"run": trials[1].id}, {"run": trials[2].id}, {"run": None}]})
    sweep.write_status(Status(status="stopped", created=5.0))
    rows = {row.kind: row for row in table_rows() if not row.is_run}
    assert rows["bisect"].get("name") == "Bisect: one / other"
    assert (rows["sweep"].get("name"), rows["sweep"].get("status")) == ("Sweep: Learning rate", "stopped")
    assert (rows["sweep"].get("best_val_accuracy"), rows["sweep"].get("trials")) == (0.7, 2)
    assert (rows["sweep"].get("training.seed"), rows["sweep"].get("data.batch_size")) == (None, 32)
    assert [trial.kind for trial in rows["sweep"].trials] == ["trial", "trial"]
    assert sorted(row.get("name") for row in table_rows() if row.is_run) == ["one", "other"]
    for run in trials[1:]:
        run.path.rename(run.path.with_name(f"gone-{run.id}"))
    assert [row.kind for row in table_rows() if not row.is_run] == ["bisect"], (
        "of a sweep without trials nothing is left"
    )


def test_damaged_runs_are_rows_that_say_so() -> None:
    make("whole")
    statusless, configless, eventless = make("a"), make("b"), make("c")
    (statusless.path / "status.json").write_text("{")
    (configless.path / "config.json").write_text(json.dumps({"format": 1, "data": {"batch_size": "many"}}))
    (eventless.path / "events.jsonl").write_bytes(b"\xff\xfe\n[1]\n")
    rows = {row.id: row for row in table_rows()}
    assert (rows[statusless.id].get("status"), rows[statusless.id].get("name")) == ("damaged", statusless.title())
    assert "is damaged" in rows[statusless.id].message
    assert (rows[configless.id].get("name"), rows[configless.id].get("data.batch_size")) == (configless.id, None)
    assert (rows[eventless.id].get("epochs"), rows[eventless.id].get("val_accuracy")) == (0, None)
    assert differing(list(rows.values())) == []


def test_the_settings_that_differ_are_told() -> None:
    make("a")
    make("b", settings={"training.learning_rate": 0.01, "model.backbone": "VGG16"})
    assert differing(table_rows()) == ["model.backbone", "training.learning_rate"]


def test_a_head_as_a_list_and_in_its_short_form_are_the_same() -> None:
    short = {"model.dense_units": 8, "model.dropout": 0.3}
    make("a", settings=short)
    make("b", settings={"model.head": "dropout 0.3, dense 8 relu, dropout 0.3"})
    assert differing(table_rows()) == []
    make("c", settings={"model.head": "dense 8 relu"})
    assert differing(table_rows()) == ["model.head"]
    sweep = SweepStore().create(make_config("sample", {}), [{"training.seed": k} for k in (1, 2)], 5)
    sweep.write_result({"arms": [{"run": row.id} for row in table_rows() if row.get("name") in ("a", "b")]})
    (group,) = [row for row in table_rows() if not row.is_run]
    assert group.get("model.head") == "dropout 0.3, dense 8 relu, dropout 0.3"
