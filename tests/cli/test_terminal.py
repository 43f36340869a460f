"""What a terminal shows while it waits."""

import dataclasses
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from core.cli.terminal import Line, bar, describe, describe_epoch, duration, follow
from core.config import make_config
from core.store.run_records import EpochRecord
from core.store.runs import Run, RunStore, Status
from core.workers import launch


@pytest.mark.parametrize(
    ("done", "total", "text"),
    [
        (0, 40, "░" * 24 + " 0/40"),
        (20, 40, "█" * 12 + "░" * 12 + " 20/40"),
        (40, 40, "█" * 24 + " 40/40"),
        (0, 0, "░" * 24 + " 0/0"),
    ],
)
def test_a_bar_fills(done: int, total: int, text: str) -> None:
    assert bar(done, total) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s"), (3600, "1 h 0 min"),
     (7325, "2 h 2 min"), (90_000, "25 h 0 min")],
)  # fmt: skip
def test_a_duration_in_words(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_phase_through_images_has_a_bar_a_rate_and_the_time_left() -> None:
    status = Status(message="Computing features", phase="features", done=6, total=24, images_per_second=41.7,
                    eta_seconds=61)  # fmt: skip
    said = "Computing features ██████░░░░░░░░░░░░░░░░░░ 6/24  42 images/s"
    assert describe(status) == f"{said}  1 min 1 s left of this step"
    whole = dataclasses.replace(status, later_seconds=64)
    assert describe(whole) == f"{said}  2 min 5 s left of the whole run"


def test_a_training_has_a_bar_of_its_batches() -> None:
    status = Status(message="Epoch 2 of 3", phase="training", batch=5, batches=10, total=99)
    assert describe(status) == "Epoch 2 of 3 ████████████░░░░░░░░░░░░ 5/10"


def test_a_waiting_run_says_its_sentence_alone() -> None:
    assert describe(Status(message="Waiting for its turn.")) == "Waiting for its turn."


def test_an_epoch_in_a_line() -> None:
    record = EpochRecord(event="epoch", epoch=3, loss=0.5, accuracy=0.75, val_loss=0.61234, val_accuracy=0.5)
    assert describe_epoch(record) == (
        "epoch   3  loss 0.5000  accuracy 0.7500  val_loss 0.6123  val_accuracy 0.5000  val_auc –"
    )


def test_elsewhere_than_on_a_terminal_only_lasting_lines_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    line = Line()
    line.progress("Reads")(1, 2)
    line.show("done", lasting=True)
    line.show("done", lasting=True)
    assert capsys.readouterr() == ("", "done\n")


def test_a_quiet_line_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Line(quiet=True).show("done", lasting=True)
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_a_text_takes_the_place_of_the_longer_one_before(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    line = Line()
    for text in ("long text", "short", "short"):
        line.show(text)
    line.show("end", lasting=True)
    line.show("x")
    assert capsys.readouterr().err == "\rlong text\rshort    \rend  \n\rx"


@pytest.fixture
def polls(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """A function that makes a run whose polls answer one step after the other; a step may do something first."""

    def make(*steps: tuple[Status, Callable[[Run], Any]]) -> Run:
        run = RunStore().create(make_config("sample", {}))
        left = iter(steps)

        def poll(polled: Run) -> Status:
            status, act = next(left)
            act(polled)
            return status

        monkeypatch.setattr(launch, "poll", poll)
        monkeypatch.setattr(time, "sleep", lambda _: None)
        return run

    return make


def test_a_run_is_followed_to_its_end_epoch_by_epoch(
    polls: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    def learn(epoch: int) -> Callable[[Run], None]:
        return lambda run: run.add_event("epoch", epoch=epoch, loss=epoch / 4)

    running, end = Status(status="running"), Status(status="finished", epoch=2)
    run = polls((running, learn(1)), (running, lambda _: None), (end, learn(2)))
    assert follow(run) == end
    lines = capsys.readouterr().err.splitlines()
    assert [line[:23].rstrip() for line in lines] == ["epoch   1  loss 0.2500", "epoch   2  loss 0.5000"]


def test_after_a_resume_only_new_epochs_are_shown(
    polls: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = polls((Status(status="stopped"), lambda _: None))
    run.add_event("epoch", epoch=1)
    follow(run)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_asks_the_run_to_stop_and_goes_on_following(
    polls: Callable[..., Run], capsys: pytest.CaptureFixture[str], name: signal.Signals
) -> None:
    before = signal.getsignal(name)
    running = Status(status="running")
    run = polls((running, lambda _: signal.raise_signal(name)), (dataclasses.replace(running, status="stopped"), str))
    assert follow(run).status == "stopped"
    assert run.stop_requested()
    assert capsys.readouterr().err == "Stopping after this batch; the model so far is kept.\n"
    assert signal.getsignal(name) is before
