"""Terminal output: a line of progress on stderr, and following a run to its end."""

import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from core.models.unfreezing import is_training
from core.progress import Progress
from core.store.folder import JobFolder
from core.store.runs import Status, epochs_of
from core.workers import launch

if TYPE_CHECKING:
    from core.store.run_records import EpochRecord

_WIDTH = 24


class Line:
    """A line of text that replaces itself on a terminal; elsewhere each new text is a line of its own.

    Args:
        quiet: bool. Show nothing. Defaults to `False`.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet, self._terminal = quiet, sys.stderr.isatty()
        self._length, self._last = 0, ""

    def show(self, text: str, *, lasting: bool = False) -> None:
        """Shows a text; only `lasting` ones where output does not go to a terminal."""
        if self._quiet or text == self._last or not (self._terminal or lasting):
            return
        self._last = text
        if self._terminal:
            sys.stderr.write("\r" + text.ljust(self._length) + ("\n" if lasting else ""))
            self._length = 0 if lasting else len(text)
        else:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def progress(self, what: str) -> Progress:
        """A callback of (done, total) that draws a bar."""
        return lambda done, total: self.show(f"{what} {bar(done, total)}")


def bar(done: int, total: int) -> str:
    """A bar with its figures, such as `████░░░░ 20/40`."""
    filled = round(_WIDTH * done / total) if total else 0
    return f"{'█' * filled}{'░' * (_WIDTH - filled)} {done}/{total}"


STOPPING = "Stopping after this batch; the model so far is kept."
STOPPING_TRIALS = "Stopping after this batch; completed trials are kept."


def follow(
    job: JobFolder, *, quiet: bool = False, stopping: str = STOPPING, look: Callable[[Line], None] | None = None
) -> Status:
    """Shows a run's progress until it ends; Ctrl-C asks it to stop and keeps the model so far.

    Args:
        job: JobFolder. A worker has been started for it.
        quiet: bool. Show nothing. Defaults to `False`.
        stopping: str. What is said when it was asked to stop.
        look: callable of the Line. Called at every poll, the last one included. Defaults to none.

    Returns:
        The final status.
    """
    line, seen = Line(quiet=quiet), len(epochs_of(job.events()))

    def ask_to_stop(*_: int | FrameType | None) -> None:
        job.request_stop()
        line.show(stopping, lasting=True)

    before = {name: signal.signal(name, ask_to_stop) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        while True:
            status = launch.poll(job)
            for record in epochs_of(job.events())[seen:]:
                line.show(describe_epoch(record), lasting=True)
                seen += 1
            if look:
                look(line)
            if not status.is_active:
                return status
            line.show(describe(status))
            time.sleep(0.25)
    finally:
        line.show("")
        for name, handler in before.items():
            signal.signal(name, handler)


def describe(status: Status) -> str:
    """One line on what a run is doing."""
    text = status.message
    if status.total and status.phase in ("data", "features"):
        text += f" {bar(status.done, status.total)}"
    elif status.batches and is_training(status.phase):
        text += f" {bar(status.batch, status.batches)}"
    if status.images_per_second:
        text += f"  {status.images_per_second:.0f} images/s"
    if status.run_seconds_left is not None:
        text += f"  {duration(status.run_seconds_left)} left of the whole run"
    elif status.eta_seconds:
        text += f"  {duration(status.eta_seconds)} left of this step"
    return text


def describe_epoch(record: "EpochRecord") -> str:
    """One line on a finished epoch."""
    words = [f"epoch {record.epoch:>3}"]
    for name in ("loss", "accuracy", "val_loss", "val_accuracy", "val_auc"):
        value = record.figure(name)
        words.append(f"{name} {'–' if value is None else format(value, '.4f')}")
    return "  ".join(words)


def duration(seconds: float) -> str:
    """Seconds in words, such as `2 min 5 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
