"""`bisect` on the command line: what goes to stdout and stderr; the worker here is played by the test."""

import argparse
import json
import os
import re
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from core import files
from core.bisect.runner import BisectRunner
from core.bisect.store import Bisect, BisectStore
from core.cli import bisect as bisect_command
from core.config import make_config
from core.errors import DataError, RunError, UserError
from core.jobs.trial_runner import BrokenOff, TrainTrial
from core.store.runs import Run, RunStore, Status
from core.workers import launch


def end(run: Run, value: float) -> Run:
    manifest: dict[str, Any] = {"root": "/data/x", "classes": ["a", "b"]}
    for part in ("train", "val"):
        manifest[part] = [
            {"path": f"{n}.png", "label": "ab"[n % 2], "split": part, "sha256": f"{part}{n}"} for n in range(200)
        ]
    files.write_json(run.path / "manifest.json", manifest)
    run.add_event("epoch", epoch=1, val_accuracy=value)
    files.write_json(run.path / "evaluation.json", {"val": {"count": 200, "accuracy": value, "auc": value}})
    rows = [f"val,{n}.png,{'ab'[n % 2]},a,0.{5 + n % 2},0.{5 - n % 2}" for n in range(200)]
    (run.path / "predictions.csv").write_text("\n".join(["split,file,label,predicted,p(a),p(b)", *rows]))
    run.write_status(Status(status="finished", seconds={"total": 5.0}))
    return run


def train(run: Run) -> str:
    end(run, 0.5 if run.config().data.shuffle == "none" else 0.9)
    return "finished"


@pytest.fixture
def pair() -> tuple[Run, Run]:
    configs = make_config("/data/x", {}, name="good"), make_config("/data/x", {"data.shuffle": "none"}, name="bad")
    runs = [RunStore().create(config) for config in configs]
    return end(runs[0], 0.9), end(runs[1], 0.5)


def play_worker(bisect: Bisect, train_trial: TrainTrial = train) -> None:
    """What the real worker does, but for the training."""
    time.sleep(0.3)  # the command looks at it first
    bisect.write_status(Status(status="running", pid=None, queued=time.monotonic()))
    try:
        BisectRunner(bisect, train_trial, bisect.stop_requested).run()
        bisect.write_status(Status(status="finished"))
    except BrokenOff as why:
        bisect.write_status(Status(status="stopped", message=str(why)))
    except UserError as error:
        bisect.write_status(Status(status="failed", message=str(error), fault="user"))


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> list[Bisect]:
    started: list[Bisect] = []

    def start(bisect: Bisect, parent_pipe: bool) -> None:
        assert not parent_pipe
        started.append(bisect)
        threading.Thread(target=play_worker, args=(bisect,)).start()

    monkeypatch.setattr(launch, "start", start)
    return started


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()

    def command(name: str, function: Any, text: str, *, with_json: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text)
        sub.set_defaults(command=function)
        if with_json:
            sub.add_argument("--json", action="store_true")
        return sub

    bisect_command.add_parser(command)
    return parser.parse_args(["bisect", *arguments])


def run(*arguments: str) -> int:
    chosen = options(*arguments)
    code: int = chosen.command(chosen)
    return code


def test_json_is_one_object_with_the_verdict_and_nothing_else(
    pair: tuple[Run, Run], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("good", "bad", "--json") == 0
    out, err = capsys.readouterr()
    record = json.loads(out)
    assert {"verdict", "factors", "gap", "noise", "arms", "sentence", "skipped", "cost"} <= record.keys()
    assert (record["verdict"], record["factors"], record["status"]) == ("single", ["data.shuffle"], "finished")
    assert record["runs"] == [pair[0].id, pair[1].id]
    assert err == ""


@pytest.mark.usefixtures("pair")
def test_progress_with_each_trial_goes_to_stderr_and_the_verdict_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("good", "bad", "--budget", "5") == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "single: data.shuffle"
    assert lines[1].startswith(
        "data.shuffle (samples in the good run, none in the bad one) is the only difference that"
    )
    assert lines[2] == "Run A has samples, run B has none."
    assert lines[3].startswith("With batches of one class, the head follows")
    assert re.fullmatch(r"It is the only difference: A reaches \d\d\.\d %, B \d\d\.\d %\.", lines[4])
    assert re.fullmatch(
        r"on these images, 3 seeds: gap 0\.4000 \[0\.\d{3}, 0\.\d{3}\] in accuracy of the saved model", lines[5]
    )
    assert lines[6].startswith("On other images of this kind the expected gap is ")
    assert lines[7] == "Accuracy differs; AUC is lower by 0.400 [0.400, 0.400] in the bad run."
    assert lines[8].startswith("Early stopping in both runs chose the epoch on these same validation images")
    assert re.fullmatch(r"spent \d s of 5 min", lines[9])
    assert "not tried: name (a name changes nothing)\n" in err
    assert re.search(r"^to try: data.shuffle; about 6 trainings, 1\d s; at most 5 minutes$", err, re.MULTILINE)
    assert re.search(r"^A again, training\.seed 2: 0\.9000 \[0\.8\d\d, 0\.9\d\d\]  AUC 0\.9000  ", err, re.MULTILINE)
    assert len(re.findall(r"^[AB] again", err, re.MULTILINE)) == 6
    assert len(re.findall(r"^[AB] itself, training\.seed 1", err, re.MULTILINE)) == 2


def test_the_same_command_goes_on_with_a_bisect_that_was_stopped(
    pair: tuple[Run, Run], worker: list[Bisect], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bisect = BisectStore().create(*pair, 5)
    with pytest.raises(BrokenOff):
        BisectRunner(bisect, train, lambda: True).run()
    bisect.write_status(Status(status="stopped"))
    resumed: list[float | None] = []

    def resume(known: Bisect, parent_pipe: bool) -> None:
        assert not parent_pipe
        resumed.append(known.budget_minutes() - known.spent_minutes())
        known.write_status(Status(status="queued", queued=time.monotonic()))
        threading.Thread(target=play_worker, args=(known,)).start()

    monkeypatch.setattr(launch, "resume", resume)
    assert run("bad", "good", "--budget", "7") == 0
    out, err = capsys.readouterr()
    assert resumed == [pytest.approx(7.0)]
    assert worker == []
    assert f"bisect {bisect.id} resumes; 2 trials done; margin: 1\n" in err
    assert out.startswith("single: data.shuffle\n")
    assert run("good", "bad", "--again") == 0, "a bisect with a verdict is not resumed: a new one is made"
    assert len(worker) == 1


def test_a_finished_bisect_is_shown_again_unless_what_decides_it_has_changed(
    pair: tuple[Run, Run], worker: list[Bisect], capsys: pytest.CaptureFixture[str]
) -> None:
    """Its trials would be the same to the last bit."""
    assert run("good", "bad") == 0
    verdict = capsys.readouterr().out
    assert run("good", "bad") == 0
    out, err = capsys.readouterr()
    assert (out, len(worker)) == (verdict, 1)
    assert err == f"bisect {worker[0].id} has finished before; this is its result. --again trains anew\n"
    assert run("bad", "good", "--json") == 0, "also the other way round"
    assert json.loads(capsys.readouterr().out)["good"] == "b"
    assert len(worker) == 1
    assert run("good", "bad", "--margin", "3") == 0
    assert (len(worker), worker[1].result()["margin"]) == (2, 0.03)
    assert run("good", "bad", "--margin", "3", "--again") == 0
    assert len(worker) == 3
    pair[1].write_status(Status(status="stopped"))
    assert run("good", "bad", "--margin", "3") == 0, "what its sentences say of the run has changed"
    assert len(worker) == 4


def test_a_bisect_of_equal_runs_is_not_shown_again_once_one_was_resumed(
    worker: list[Bisect], capsys: pytest.CaptureFixture[str]
) -> None:
    """It would go on saying that the run was stopped."""
    runs = [end(RunStore().create(make_config("/data/x", {}, name=name)), 0.9) for name in ("one", "two")]
    runs[1].write_status(Status(status="stopped"))
    assert run("one", "two") == run("one", "two") == 0
    assert "“two” was stopped after 1 of " in capsys.readouterr().out
    assert len(worker) == 1
    runs[1].write_status(Status(status="finished"))
    assert run("one", "two") == 0
    assert "was stopped" not in capsys.readouterr().out
    assert len(worker) == 2


@pytest.mark.usefixtures("pair")
def test_a_failure_of_the_user_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(bisect: Bisect, parent_pipe: bool) -> None:
        bisect.write_status(Status(status="failed", message="the folder is gone", fault="user"))

    monkeypatch.setattr(launch, "start", start)
    assert run("good", "bad") == 1
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[-1]) == ("", "the folder is gone")


@pytest.mark.usefixtures("pair")
def test_runs_that_cannot_be_bisected_are_refused_before_anything_starts(worker: list[Bisect]) -> None:
    with pytest.raises(RunError, match=r"is compared with itself; give two runs$"):
        run("good", "good")
    with pytest.raises(RunError, match=r'^there is no run "other"'):
        run("good", "other")
    assert worker == []


def test_the_budget_is_30_minutes_unless_told() -> None:
    assert (options("a", "b").budget, options("a", "b").margin) == (30.0, None)


def test_the_margin_is_part_of_the_bisect_and_bounded(pair: tuple[Run, Run], worker: list[Bisect]) -> None:
    assert run("good", "bad", "--margin", "2.5") == 0
    assert worker[0].result()["margin"] == 0.025
    with pytest.raises(UserError, match=r"^the margin is 90 points of accuracy; give 0.05 to 20$"):
        run("bad", "good", "--margin", "90")


@pytest.mark.parametrize(("given", "used", "said"), [
    ((), 2.0, "margin: 2"), (("--margin", "10"), 10.0, "margin: 10, not 2"), (("--margin", "2"), 2.0, "margin: 2"),
])  # fmt: skip
def test_a_bisect_that_is_resumed_takes_the_margin_that_is_asked_for(
    pair: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    given: tuple[str, ...], used: float, said: str,
) -> None:  # fmt: skip
    bisect = BisectStore().create(*pair, 5, margin_points=2.0)
    with pytest.raises(BrokenOff):
        BisectRunner(bisect, train, lambda: True).run()
    bisect.write_status(Status(status="stopped"))
    resumed: list[float] = []

    def resume(known: Bisect, parent_pipe: bool) -> None:
        assert not parent_pipe
        resumed.append(known.margin())
        play_worker(known)

    monkeypatch.setattr(launch, "resume", resume)
    assert run("good", "bad", *given) == 0
    assert resumed == [pytest.approx(used / 100)]
    assert bisect.result()["margin"] == pytest.approx(used / 100)
    assert f"2 trials done; {said}\n" in capsys.readouterr().err


@pytest.mark.usefixtures("pair")
def test_the_report_is_written_as_a_page_or_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, record = tmp_path / "report.html", tmp_path / "report.json"
    assert run("good", "bad", "--report", str(page)) == 0
    assert capsys.readouterr().out.endswith(f"{page}: the report.\n")
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert run("good", "bad", "--report", str(record)) == 0
    assert json.loads(record.read_text())["bisect"]["verdict"] == "single"
    with pytest.raises(DataError, match=r" is a folder; give a file to --report$"):
        run("good", "bad", "--report", str(tmp_path))
    with pytest.raises(DataError, match=r"report\.txt does not end in \.html or \.json; give such a file to --report$"):
        run("good", "bad", "--report", str(tmp_path / "report.txt"))


@pytest.mark.usefixtures("pair")
def test_ctrl_c_stops_and_keeps_what_was_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)

    def train_and_press(run: Run) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.5)
        return train(run)

    def start(bisect: Bisect, parent_pipe: bool) -> None:
        threading.Thread(target=play_worker, args=(bisect, train_and_press)).start()

    monkeypatch.setattr(launch, "start", start)
    assert run("good", "bad") == 0
    out, err = capsys.readouterr()
    assert "Stopping after this batch; completed trials are kept.\n" in err
    assert out.splitlines()[:2] == [
        "inconclusive",
        "Stopped after 1 training run, before there was a verdict.",
    ]
    assert signal.getsignal(signal.SIGINT) is before
