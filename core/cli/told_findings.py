"""Findings of a run as `train` and `resume` print them: each as it comes, the errors once more at the end."""

import argparse
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.checks.finding import Finding
from core.checks.preflight import OF_ONE_CAUSE
from core.cli.terminal import Line
from core.compare.compare import findings
from core.errors import RunError
from core.store.runs import Run

_INDENT = " " * 9
_NARROWEST, _WIDEST = 50, 110
"""Columns of the text: lines of a wide terminal are hard to read, and a tiny one would get a word a line."""


def add_strict(parser: argparse.ArgumentParser, done: str) -> None:
    """Adds `--strict`; `done` is what has happened by then."""
    parser.add_argument("--strict", action="store_true", help=f"exit with 1 if a finding is an error; {done}")


class FindingsTold:
    """Shows what is found in a run, once each, and keeps what was found last.

    Args:
        run: Run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._stamp: Sequence[int] | None = None
        self._told = set[tuple[str, ...]]()
        self.found: list[Finding] = []

    def show_new(self, line: Line) -> None:
        """Reads the findings where they can have changed, and shows those that are new by id or severity."""
        stamp = [_stamp(self._run.path / name) for name in ("findings.json", "trace.json")]
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self.found = findings(self._run)
        except RunError:  # the run's own status says what is wrong with its configuration
            return
        for record in self.found:
            key = (record.id, record.severity, *(symptom["id"] for symptom in record.symptoms))
            if key not in self._told:
                self._told.add(key)
                for part in finding_lines(record):
                    line.show(part, lasting=True)

    def errors(self) -> list[Finding]:
        """Those, of the findings that hold now, that make the figures meaningless."""
        return errors_of(self.found)

    def summary(self) -> str:
        """The errors in one line, for the end of the answer; empty where there are none."""
        found = self.errors()
        if not found:
            return ""
        count = "1 error" if len(found) == 1 else f"{len(found)} errors"
        return f"{count} found, so do not rely on these metrics: {', '.join(one.id for one in found)}"

    def repeat_errors(self) -> None:
        """Prints the errors once more, below whatever was printed since."""
        for record in self.errors():
            print(*finding_lines(record), sep="\n", file=sys.stderr)


def errors_of(records: Iterable[Finding]) -> list[Finding]:
    """The findings that are errors."""
    return [record for record in records if record.severity == "error"]


def finding_lines(record: Finding) -> list[str]:
    """A finding as `check` prints it, wrapped to the width of the terminal."""
    width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))
    parts = [f"{record.severity:<8} {record.id}"]
    for text in (record.claim, record.remedy, *_symptoms(record)):
        parts += textwrap.wrap(
            _printable(text), width, initial_indent=_INDENT, subsequent_indent=_INDENT,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    return parts


def _symptoms(record: Finding) -> list[str]:
    words = {True: "The same cause", False: "In the epochs"}
    return [f"{words[one['id'] in OF_ONE_CAUSE]}: {one['claim']}" for one in record.symptoms]


def _printable(text: str) -> str:
    """Names of files stand in a claim, and could otherwise move the cursor of a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
