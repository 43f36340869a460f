"""The table of kinds: a folder says what lies in it, and whatever goes through all jobs meets a new kind too."""

import ast
import gc
import os
import time
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
