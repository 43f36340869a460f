"""Whatever stands in a record of one run or job: it changes nothing that is shown of the others, and nothing raises."""

import contextlib
import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.__main__ import main
from core.bisect.orient import seen_from
from core.bisect.store import BisectStore
from core.compare import compare, paired
from core.config import make_config
from core.course import during
from core.errors import UserError
from core.housekeeping import trash
from core.housekeeping.trial_ids import trial_ids
from core.insight import reference, stored
from core.jobs import queue
from core.jobs.job import BudgetedJob
from core.label_review.store import ReviewStore
from core.lr_search.store import LrSearchStore
from core.start import kinds
from core.store import examples, index, records
from core.store.notes import read_note, write_note
from core.store.predictions import read_predictions
from core.store.runs import Run, RunStore, Status
from core.sweep.plan import plan
from core.sweep.store import SweepStore
from core.workers import launch
from core.workers.try_model_client import is_imported
from pages.shared.diagnose import view as diagnose_view
from pages.shared.home import runs as home_runs
from pages.shared.run import rows as run_list
from pages.shared.run import view as run_view
from pages.shared.run.upkeep import known_tags
from tests.store.hostile import contents

RECORDS = (
    "config.json", "status.json", "events.jsonl", "evaluation.json", "manifest.json", "trace.json", "findings.json",
    "predictions.csv", "reference.npz", "note.json", "owner.json", "job.json", "deleted.json",
)  # fmt: skip
JOB_RECORDS = ("config.json", "result.json", "status.json", "owner.json", "job.json")

EXAMPLES = 15
"""Of each of the two tests: a few a run, since each lists everything anew."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with runs, a bisect, a sweep, a search for a rate, a review, and a deleted run."""
    home = tmp_path_factory.mktemp("template") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARITY_HOME", str(home))
        examples.install()
        for run in RunStore().list()[3:-3]:
            shutil.rmtree(run.path)
        for run in RunStore().list():
            _shorten(run.path)
        deleted = RunStore().list()[0]
        write_note(deleted, "gone", [])
        trash.delete(deleted)
        first = RunStore().list()[-1]
        write_note(first, "a note", ["tag", "other"])
        (first.path / "owner.json").write_text('"ann@lab.example"')
        _make_jobs()
    return home


def _shorten(folder: Path) -> None:
    """A few images and epochs of a run are as good as all, and quicker."""
    (folder / "model.keras").unlink(missing_ok=True)
    manifest = json.loads((folder / "manifest.json").read_text())
    kept = {**manifest, "train": manifest["train"][::100], "val": manifest["val"][::12]}
    (folder / "manifest.json").write_text(json.dumps(kept))
    trace = json.loads((folder / "trace.json").read_text())
    epochs = [{**epoch, "mix": epoch["mix"][:3]} for epoch in trace["epochs"][:3]]
    (folder / "trace.json").write_text(json.dumps({**trace, "epochs": epochs}))
    lines = (folder / "predictions.csv").read_text().splitlines(keepends=True)
    paths = {file["path"] for file in kept["val"]}
    (folder / "predictions.csv").write_text("".join(line for line in lines if line.split(",")[1] in paths | {"file"}))


def _make_jobs() -> None:
    base = make_config("sample", {})
    sweep = SweepStore().create(base, plan(base, {"model.dropout": (0.1, 0.2)}), 5)
    record = sweep.result()
    for k, row in enumerate(record["arms"]):
        row |= {"status": "finished", "run": f"run{k}", "value": 0.8, "interval": [0.7, 0.9], "loss": 0.4, "auc": 0.9,
                "epochs": 3}  # fmt: skip
    record["best"] = {
        "arm": 1,
        "run": "run1",
        "settings": record["arms"][1]["settings"],
        "value": 0.8,
        "optimism": 0.01,
    }
    sweep.write_result(record)
    search = LrSearchStore().create(base)
    rates = [0.001, 0.01]
    search.write_result({"rates": rates, "losses": rates, "smoothed": rates, "valley": 0.002, "steep": 0.004,
                         "steps": 2, "diverged": False, "seconds": 5.0})  # fmt: skip
    image = {"file": "a/1.png", "label": "a", "suggested": "b", "score": 0.1, "issue": True, "neighbours": 2,
           "x": 0.0, "y": 1.0, "tsne": None}  # fmt: skip
    review = ReviewStore()._make({"review": "sample", "key": "k"}, "")
    review.write_result({"method": "cleanlab", "pictures": 1, "issues": 1, "explained": [0.3, 0.1], "files": [image]})
    for job in (sweep, search, review):
        job.write_status(Status(status="finished", message="done", created=1.8e9))


@pytest.fixture
def here(template: Path, home: Path) -> Path:
    shutil.copytree(template, home)
    _known.clear()
    return home


def lists(victim: str, capsys_free: io.StringIO) -> dict[str, Any]:
    """What the pages and the command line list, without the one that is damaged."""
    index.forget()
    with contextlib.redirect_stdout(capsys_free), contextlib.redirect_stderr(io.StringIO()):
        assert main(["runs"]) == main(["runs", "--deleted"]) == 0
        capsys_free.truncate(0)
        capsys_free.seek(0)
        assert main(["runs", "--json", "--all"]) == 0
    rows = json.loads(capsys_free.getvalue())["runs"]
    runs = RunStore().list()
    table = run_list.run_table(run_list.recent_runs(), [[] for _ in runs])
    assert len(table) == len(rows) == len(runs)
    return {
        "command": [row for row in rows if row["run"] != victim],
        "home": [row for row in home_runs.own_runs() if row["id"] != victim],
        "live": [(run.id, run_view._label(run)) for run in run_view._in_order(runs) if run.id != victim],
        "diagnose": [run.id for run in diagnose_view.listed_runs() if run.id != victim],
        "trash": [one.run.id for one in trash.deleted_runs() if one.run.id != victim],
        "arms": trial_ids(),
        "at work": [run.id for run, _ in run_view.active_runs(runs)],
    }


def of_one_run(run: Run) -> dict[str, Any]:
    """What a page and the command line read of one run; only a sentence may come instead."""
    read = {
        "status": lambda: launch.poll(run), "title": run.title, "history": run.history, "evaluation": run.evaluation,
        "manifest": run.manifest, "owner": run.owner, "note": lambda: read_note(run), "uses": lambda: trash.uses(run),
        "config": run.config, "findings": lambda: compare.findings(run), "course": lambda: during.trace_findings(run),
        "answers": lambda: paired.answers(run), "stored": lambda: stored.stored_predictions(run, "val") is None,
        "reference": lambda: reference.read(run) is None, "imported": lambda: is_imported(run),
        "self": lambda: compare.compare(run, run), "newer": run.is_from_newer_version,
    }  # fmt: skip
    return {name: _or_sentence(reader) for name, reader in read.items()}


def _or_sentence(reader: Any) -> Any:
    try:
        return reader()
    except UserError as error:
        assert 0 < len(str(error)) < 5000
        return "refused"


def shown(victim: str) -> dict[str, Any]:
    """Everything that is shown of the others."""
    others = [run for run in RunStore().list() if run.id != victim]
    found: dict[str, Any] = {run.id: of_one_run(run) for run in others[:2]}
    found["pair"] = compare.compare(others[0], others[1])
    found |= lists(victim, io.StringIO())
    found["before"] = [job.id for job in queue._all_before(others[0], kinds.stores())]
    return found


def of_one_job(job: Any) -> None:
    """What is read of a job, whatever is in its files."""
    launch.poll(job)
    _or_sentence(job.title)
    result = job.result()
    for name in ("config", "reference", "run_ids", "trials"):
        _or_sentence(getattr(job, name, job.settings))
    if isinstance(job, BudgetedJob):
        assert job.budget_minutes() > 0
        assert job.spent_minutes() >= 0
        if result and job.noun == "bisect":
            seen_from(result, result["runs"][1])


_known: dict[str, dict[str, Any]] = {}


def _before(victim: str) -> dict[str, Any]:
    """What is shown of the others while nothing is damaged; the same in every example."""
    if victim not in _known:
        _known[victim] = shown(victim) if victim else lists("", io.StringIO())
    return _known[victim]


QUICK = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


NAMED = (
    ("status.json", '{"status": "finished", "created": -1e18}'),
    ("status.json", '{"status": "finished", "created": "x"}'),
    ("status.json", '{"status": "finished", "created": [1]}'),
    ("status.json", '{"status": "finished", "created": true}'),
    ("status.json", '{"status": "running", "pid": -1, "heartbeat": 1e400}'),
    ("status.json", '{"status": "queued", "queued": "x"}'),
    ("status.json", '{"status": "finished", "message": {"a": 1}, "seconds": 5}'),
    ("events.jsonl", '{"event": "epoch", "epoch": 1, "val_accuracy": "x", "val_loss": []}\n'),
    ("events.jsonl", '{"event": "epoch", "epoch": 1, "val_accuracy": 7, "val_loss": 1e300}\n'),
    ("note.json", '{"text": "\\udcff", "tags": ["\\udcff", 5]}'),
    ("note.json", '{"text": "a", "tags": ["\\udcff", "b\\u0000"]}'),
    ("predictions.csv", "split,x\nval,1\n"),
    ("evaluation.json", '{"val": {"accuracy": "x"}}'),
    ("findings.json", '["x"]'),
    ("trace.json", '{"epochs": [1]}'),
    ("manifest.json", '{"val": [1], "train": "x"}'),
)


def test_these_records_take_no_list_down(here: Path) -> None:
    run = RunStore().list()[1]
    before = shown(run.id)
    for name, content in NAMED:
        kept = (run.path / name).read_bytes() if (run.path / name).exists() else b""
        (run.path / name).write_text(content)
        assert shown(run.id) == before, (name, content)
        of_one_run(run)
        assert all(tag.isprintable() for tag in known_tags())
        (run.path / name).write_bytes(kept)


def test_a_damaged_run_is_listed_with_its_id_and_can_be_removed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = RunStore().list()[-1]  # no trial of a bisect
    (run.path / "status.json").write_text('{"status": "finished", "created": -1e18}')
    assert main(["runs"]) == 0
    out, err = capsys.readouterr()
    assert f"{run.id}  damaged      20" in out
    assert f"Run “{run.title()}” is damaged: status.json: created is invalid" in err
    (row,) = [row for row in home_runs.own_runs() if row["id"] == run.id]
    assert (row["name"], row["status"], home_runs._entries(row)[-1]) == (run.title(), "Damaged", home_runs.DELETE)
    assert main(["delete", run.id]) == 0
    assert RunStore().by_id(run.id) is None
    assert main(["restore", run.id]) == 0


@QUICK
@given(data=st.data())
def test_a_damaged_record_of_a_run_changes_nothing_that_is_shown_of_the_others(here: Path, data: st.DataObject) -> None:
    run = data.draw(st.sampled_from([*RunStore().list()[1::4], *RunStore(trash.trash_folder()).list()]), "run")
    path = run.path / data.draw(st.sampled_from(RECORDS), "file")
    before, shown_before = path.read_bytes() if path.exists() else None, _before(run.id)
    path.write_bytes(data.draw(contents(before or b'{"text": "a", "tags": ["b"], "time": 1.0}'), "content"))
    try:
        assert shown(run.id) == shown_before
        of_one_run(run)
        assert all(tag.isprintable() for tag in known_tags())
    finally:
        path.unlink() if before is None else path.write_bytes(before)


@QUICK
@given(data=st.data())
def test_a_damaged_record_of_a_job_changes_nothing_that_is_shown_of_the_runs(here: Path, data: st.DataObject) -> None:
    stores = (BisectStore(), SweepStore(), LrSearchStore(), ReviewStore())
    job = data.draw(st.sampled_from([job for store in stores for job in store.list()]), "job")
    path = job.path / data.draw(st.sampled_from(JOB_RECORDS), "file")
    before = path.read_bytes() if path.exists() else None
    shown_before = dict(_before(""))
    path.write_bytes(data.draw(contents(before or b'{"job": "x", "attempt": 1}'), "content"))
    try:
        found = lists("", io.StringIO())
        if found.pop("arms") == shown_before.pop("arms"):  # a trial that nobody claims any more is a run of its own
            assert found == shown_before
        for store in stores:
            assert len(store.list()) == 1
            of_one_job(store.list()[0])
    finally:
        path.unlink() if before is None else path.write_bytes(before)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in folders are of Linux and macOS")
@pytest.mark.parametrize("kind", ["pipe", "endless device", "folder"])
def test_a_record_that_is_no_file_is_damage_and_nobody_waits_for_it(kind: str, tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    store.root.mkdir()
    for name in (*RECORDS, "stop"):
        run = store.create(make_config("sample", {}))
        (run.path / name).unlink(missing_ok=True)
        if kind == "pipe":
            os.mkfifo(run.path / name)
        elif kind == "folder":
            (run.path / name).mkdir()
        else:
            (run.path / name).symlink_to("/dev/zero")
    whole = store.create(make_config("sample", {"training.epochs": 3}))
    for run in store.list():
        assert index.summarise(run).run == run.id
        assert [run.evaluation(), run.manifest(), run.trace(), run.findings(), run.events()] == [None] * 3 + [[], []]
        assert (read_predictions(run.path), run.cluster_job(), read_note(run).text) == (None, {}, "")
        assert run.stop_reason() == ""
    assert whole.config().training.epochs == 3


def test_a_record_of_millions_of_values_is_refused_before_it_takes_their_memory(tmp_path: Path) -> None:
    path = tmp_path / "findings.json"
    path.write_bytes(b'{"findings": [' + b"{}," * 7_000_000 + b"{}]}")
    assert records.read(path, records.FINDINGS) is None
    assert records.complaint(path, records.FINDINGS) == "findings.json: it has more than 12,000,000 values"
