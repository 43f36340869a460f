"""One start for all kinds: who may, how many may wait, and that nothing else starts work."""

import ast
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.access.persons import COMMAND_LINE, Person
from core.bisect.store import BisectSpec
from core.config import make_config
from core.cross_validation.store import CrossValidationSpec
from core.data.dataset import open_dataset
from core.errors import AccessError, RunError
from core.feature_check.store import FeatureCheckSpec
from core.jobs.spec import RunSpec
from core.label_review.store import ReviewSpec
from core.lr_search.store import LrSearchSpec
from core.search.candidates import Wanted
from core.search.store import SearchSpec
from core.start import kinds, start
from core.start.puzzle import PuzzleSpec
from core.store.folder import JobFolder
from core.store.runs import Run, RunStore, Status
from core.sweep.store import SweepSpec
from core.why.side import preset_side
from core.why.store import WhySpec
from core.workers import launch
from tests.start.conftest import EndRun
from tests.test_access_coverage import called, imported_names

ROOT = Path(__file__).resolve().parents[2]
TOM = Person("tom@lab.example", "trainer")
TINA = Person("tina@lab.example", "trainer")
SAMPLE = make_config("sample", {})


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Jobs for which a worker would have been started, and whether it ends with this process."""
    begun: list[tuple[str, bool]] = []

    def note(job: JobFolder, *, parent_pipe: bool) -> None:
        begun.append((job.id, parent_pipe))

    monkeypatch.setattr(launch, "start", note)
    monkeypatch.setattr(launch, "resume", note)
    return begun


@pytest.fixture
def team(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_MODE", "team")


@pytest.fixture
def pair(end_run: EndRun) -> tuple[Run, Run]:
    runs = RunStore().create(SAMPLE), RunStore().create(make_config("sample", {"data.shuffle": "none"}))
    for run in runs:
        end_run(run)
    return runs


@pytest.fixture
def specs(pair: tuple[Run, Run], image_folder: Callable[..., Path]) -> dict[str, Any]:
    """Something to ask for of every kind."""
    folder = str(image_folder(train=(6, 6), val=(3, 3)))
    return {
        "run": RunSpec(SAMPLE),
        "rate": LrSearchSpec(SAMPLE),
        "bisect": BisectSpec(*pair),
        "sweep": SweepSpec(SAMPLE, trials=[{"model.dropout": 0.1}], budget_minutes=5.0),
        "cross-validation": CrossValidationSpec(SAMPLE, folds=3, repeats=1),
        "search": SearchSpec(SAMPLE, wanted=Wanted(("EfficientNetLite0",), (64,)), folds=3, repeats=1),
        "review": ReviewSpec(folder, open_dataset(folder, SAMPLE.data)),
        "check": FeatureCheckSpec(SAMPLE),
        "puzzle": PuzzleSpec(),
        "why": WhySpec(preset_side("sample"), preset_side("sample")),
    }


def fill_the_queue(how_many: int) -> None:
    for _ in range(how_many):
        RunStore().create(SAMPLE)


def test_every_kind_is_started_by_the_same_function(specs: dict[str, Any], started: list[tuple[str, bool]]) -> None:
    assert specs.keys() == {kind.name for kind in kinds.KINDS}
    for name, spec in specs.items():
        job = start.start(name, spec, COMMAND_LINE)
        assert kinds.kind_of(job).name == name
        assert started[-1] == (job.id, False)
        assert job.owner() == ""


@pytest.mark.usefixtures("team")
def test_no_kind_goes_past_the_cap_on_what_may_wait(specs: dict[str, Any], started: list[tuple[str, bool]]) -> None:
    """There was none for bisects and reviews, and one of its own for each other kind."""
    fill_the_queue(21)
    for name, spec in specs.items():
        with pytest.raises(RunError, match=r"^20 jobs are queued already; start this one when some have end"):
            start.start(name, spec, TOM)
    assert started == []
    assert all(len(kind.store().list()) == (23 if kind.name == "run" else 0) for kind in kinds.KINDS)
    start.start("bisect", specs["bisect"], COMMAND_LINE)  # the operator's own


@pytest.mark.usefixtures("team")
def test_no_kind_is_resumed_past_the_cap(specs: dict[str, Any]) -> None:
    jobs = [start.start(name, spec, TOM) for name, spec in specs.items()]
    for job in jobs:
        job.write_status(Status(status="stopped"))
    fill_the_queue(21)
    for job in jobs:
        with pytest.raises(RunError, match=r"jobs are queued already"):
            start.resume(job, TOM)


@pytest.mark.usefixtures("team")
def test_the_trainings_of_a_bisect_do_not_count_beside_it(pair: tuple[Run, Run]) -> None:
    bisect = start.start("bisect", BisectSpec(*pair), TOM)
    trial = RunStore().create(SAMPLE)
    bisect.write_result({**bisect.result(), "arms": [{"run": trial.id}]})
    assert start.waiting() == 0
    fill_the_queue(2)
    assert start.waiting() == 2


@pytest.mark.usefixtures("team")
def test_what_the_mode_forbids_is_neither_started_nor_resumed_in_any_kind() -> None:
    elsewhere = make_config("/srv/secret", {})
    runs = RunStore().create(elsewhere), RunStore().create(SAMPLE)
    asked: list[tuple[str, Any]] = [
        ("run", RunSpec(elsewhere)), ("rate", LrSearchSpec(elsewhere)), ("bisect", BisectSpec(*runs)),
        ("sweep", SweepSpec(elsewhere, trials=[{"model.dropout": 0.1}])),
    ]  # fmt: skip
    for name, spec in asked:
        with pytest.raises(AccessError, match=r"^the dataset must be the sample, an upload"):
            start.start(name, spec, TOM)
    runs[0].write_status(Status(status="stopped"))
    with pytest.raises(AccessError, match=r"^the dataset must be the sample, an upload"):
        start.resume(runs[0], TOM)


@pytest.mark.usefixtures("team")
def test_what_one_person_has_started_another_neither_stops_nor_resumes(specs: dict[str, Any]) -> None:
    for name, spec in specs.items():
        job = start.start(name, spec, TOM)
        assert job.owner() == TOM.name
        for refused in (start.stop, start.resume):
            with pytest.raises(AccessError, match=r"^This was started by another user"):
                refused(job, TINA)
        start.stop(job, Person("ada@lab.example", "admin"))
        assert job.stop_requested()


def test_a_spec_of_another_kind_is_a_fault_of_the_program(specs: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"^a run is asked for by a RunSpec, not by a PuzzleSpec$"):
        start.start("run", specs["puzzle"], COMMAND_LINE)


def test_many_at_once_make_one_of_what_is_the_same(pair: tuple[Run, Run], started: list[tuple[str, bool]]) -> None:
    operator = Person("operator", "operator")
    clicks = [threading.Thread(target=start.start, args=("bisect", BisectSpec(*pair), operator)) for _ in range(6)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert len(started) == 1


def test_there_is_one_place_that_starts_work() -> None:
    """One call of the launcher that starts, and one that resumes; nobody else makes a job to be started."""
    found: dict[str, list[str]] = {"start": [], "resume": [], "create": []}
    for path in sorted([*ROOT.glob("core/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "app.py"]):
        text = path.read_text(encoding="utf-8")
        if "launch" not in text and "Store" not in text:
            continue
        tree = ast.parse(text)
        names = imported_names(tree)
        for node in (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in found):
            whole = called(ast.Call(node, [], []), names)
            for name in ("start", "resume"):
                if whole == f"core.workers.launch.{name}":
                    found[name].append(path.relative_to(ROOT).as_posix())
            if whole.endswith("Store().create"):
                found["create"].append(path.relative_to(ROOT).as_posix())
    assert found["start"] == found["resume"] == ["core/start/start.py"]
    assert [name for name in found["create"] if name.startswith(("pages/", "core/cli/", "app"))] == []
