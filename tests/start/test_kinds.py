"""The table of kinds: a folder says what lies in it, and whatever goes through all jobs meets a new kind too."""

import ast
import gc
import os
import sys
import time
import types
from pathlib import Path

import pytest

from core import files, paths
from core.access.roles import Action
from core.bisect.store import Bisect
from core.config import make_config
from core.engine.reporter import Reporter
from core.errors import RunError
from core.housekeeping import retention, trash
from core.housekeeping.trial_ids import trial_ids
from core.jobs import queue
from core.jobs.job import BudgetedJob, JobStore
from core.start import kinds
from core.start.kinds import KINDS, Kind
from core.store.folder import JobFolder
from core.store.runs import Run, RunStore, Status
from core.worker import _call_entry, main
from core.workers import local
from core.workers.command import CANNOT_WRITE

ROOT = Path(__file__).resolve().parents[2]


class Wish(BudgetedJob):
    noun = "wish"


class Wishes(JobStore[Wish]):
    kind, folder = Wish, "wishes"

    def create(self, trials: list[Run]) -> Wish:
        arms = {"arms": [{"run": run.id} for run in trials]}
        return self._make({}, fill=lambda wish: wish.write_result(arms))


def grant(reporter: Reporter[Wish]) -> tuple[str, str]:
    return "finished", f"{reporter.run.noun} granted"


def count(reporter: Reporter[Wish]) -> tuple[str, str]:
    return "finished", str(len(gc.get_objects()))


@pytest.fixture
def with_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row more in the table, and nothing else."""
    row = Kind("wish", Wishes, object, Action.TRAIN, "tests.start.test_kinds:grant")
    monkeypatch.setattr(kinds, "KINDS", (*KINDS, row))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_function_that_a_worker_calls_is_there(kind: Kind) -> None:
    """Read from the source: importing it would bring TensorFlow."""
    for entry in filter(None, (kind.entry, kind.on_cluster)):
        module, _, name = entry.partition(":")
        source = (ROOT / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8")
        assert name in {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def test_no_two_kinds_share_a_name_a_folder_or_a_class() -> None:
    for taken in (lambda k: k.name, lambda k: k.store.folder, lambda k: k.opened):
        assert len({taken(kind) for kind in KINDS}) == len(KINDS)


def test_the_folder_says_the_kind_whatever_its_configuration_says() -> None:
    run = RunStore().create(make_config("sample", {}))
    record = files.read_json(run.path / "config.json")
    files.write_json(run.path / "config.json", {**record, "runs": [1], "kind": "sweep", "review": "x"})
    assert type(kinds.open_job(run.path)) is Run
    bisect = paths.home() / "bisects" / run.id
    files.write_json(bisect / "config.json", {"kind": "rate", "review": "x"})
    assert type(kinds.open_job(bisect)) is Bisect


def test_a_folder_elsewhere_is_no_job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sentence = (
        f"{tmp_path}/x is not a job: jobs are in a folder named runs, rates, bisects, sweeps, "
        "cross_validations, searches, reviews, checks, puzzles, whys"
    )
    with pytest.raises(RunError, match=sentence):
        kinds.open_job(tmp_path / "x")
    assert main([str(tmp_path / "x")]) == 1
    assert capsys.readouterr().err.startswith(sentence)


def test_visitors_may_start_what_their_role_allows() -> None:
    assert [store.folder for store in kinds.visitors_stores()] == ["runs", "rates"]


def test_what_a_worker_has_loaded_is_not_looked_through_for_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Kind("wish", Wishes, object, Action.TRAIN, "tests.start.test_kinds:count")
    monkeypatch.setattr(kinds, "KINDS", (*KINDS, row))
    unused: list[list[int]] = [[] for _ in range(5000)]  # stand for what was loaded
    wish = kinds.open_job(Wishes().create([]).path)
    _, objects = _call_entry(Reporter[JobFolder](wish), on_cluster=False)
    assert int(objects) < len(unused)


@pytest.mark.usefixtures("with_wishes")
def test_a_new_row_is_enough_for_worker_queue_trash_lists_and_housekeeping() -> None:
    runs = [RunStore().create(make_config("sample", {})) for _ in range(2)]
    wish = Wishes().create([runs[0]])
    opened = kinds.open_job(wish.path)
    assert type(opened) is Wish
    assert _call_entry(Reporter[JobFolder](opened), on_cluster=False) == ("finished", "wish granted")
    assert trial_ids() == {runs[0].id}
    assert "trained by a search or a sweep" in trash.uses(runs[0])
    wish.write_status(Status(queued=time.monotonic() - 100))
    assert wish.id in [job.id for job in queue._all_before(runs[1], kinds.stores())]
    left = Wishes().root / ".x.part"
    left.mkdir()
    os.utime(left, (0, 0))
    retention.forget_broken_off()
    assert not left.exists()


KEPT = {
    "run": "Resume continues after the last finished epoch.",
    "rate": "Start it again.",
    "bisect": "Resume continues; completed trials are kept.",
    "sweep": "Resume continues; completed trials are kept.",
    "cross-validation": "Resume continues; trained heads are kept.",
    "search": "Resume continues; trained heads are kept.",
    "review": "Start it again.",
    "check": "Start it again.",
    "puzzle": "Resume continues; completed work is kept.",
    "why": "Resume continues; completed work is kept.",
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_job_whose_worker_is_gone_says_what_is_kept_of_it(kind: Kind, tmp_path: Path) -> None:
    """Only a run has epochs to go on from."""
    folder = tmp_path / kind.store.folder / "20260101-000000-000-abcdef"
    folder.mkdir(parents=True)
    job = kind.opened(folder)
    job.write_status(Status(status="running", pid=1))
    assert job.status().message == f"Its process has ended. {KEPT[kind.name]}"
    job.write_status(Status(status="running", pid=1))
    job.note_ended()
    assert job.status().message == f"The worker did not stop and was killed. {KEPT[kind.name]}"
    for code in (-9, 3, CANNOT_WRITE):
        assert local.how_it_died(job, code, stopped=False)[1].endswith(f". {KEPT[kind.name]}")


def test_the_reaper_tells_a_sweep_from_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It settles what has ended without a page that asks, and knew the folder only."""
    monkeypatch.setitem(sys.modules, "_parity_jobs", types.ModuleType("_parity_jobs"))
    monkeypatch.setattr(local, "worker_command", lambda job: [sys.executable, "-c", "import sys; sys.exit(3)"])
    sweep = Wishes().create([])
    local.start(sweep, parent_pipe=False)
    local.jobs().processes[sweep.id].wait()
    local.notice_ended()
    assert sweep.read_status().message == (
        "The worker ended unexpectedly (exit code 3); the end of worker.log may say why. "
        "Resume continues; completed trials are kept."
    )
