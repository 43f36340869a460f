"""The command `puzzle`: the forum question, two trainings and the search for what makes the difference."""

import argparse
from collections.abc import Mapping
from typing import Any

from core.access.persons import COMMAND_LINE
from core.bisect.store import Bisect, BisectStore
from core.cli.bisect import describe_result, describe_trial
from core.cli.command import AddCommand
from core.cli.output import Record, new_rows, print_answer
from core.cli.terminal import Line, follow
from core.start import start
from core.start.puzzle import Puzzle, PuzzleSpec, PuzzleStore
from core.start.story import Story, read_story
from core.stats.percent import percent
from core.store.runs import RESUMABLE
from core.workers import launch

STOPPING = "Stopping after this batch; completed work is kept, and the same command resumes."


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    command(
        "puzzle",
        run_puzzle,
        "Run the demo on the built-in images: two training runs that should agree, and why they do not. Ctrl-C stops "
        "and keeps completed work; the same command resumes.",
    )


def run_puzzle(options: argparse.Namespace) -> int:
    """Starts the puzzle, or goes on with the one that has ended early, and follows it to its verdict."""
    puzzle = _begin(Line(quiet=options.json))
    steps = _Steps(puzzle)
    status = follow(puzzle, quiet=options.json, stopping=STOPPING, look=steps.show_new)
    story = read_story(puzzle)
    return print_answer(status, record_of(puzzle, story), lambda: _told(story), as_json=options.json, resumes=True)


def record_of(puzzle: Puzzle, story: Story | None) -> Record:
    """The answer as JSON has it; what is not known yet is null.

    Returns:
        `{"puzzle": id, "runs": [{"run", "name", "status", "epochs", "best_val_accuracy"}], "bisect": id, "verdict",
        "factors": [key], "sentence"}`.
    """
    result: Mapping[str, Any] = (story.result if story else None) or {}
    return {
        "puzzle": puzzle.id,
        "runs": [
            {
                "run": step.run.id,
                "name": step.run.title(),
                "status": step.status.status,
                "epochs": step.status.epoch,
                "best_val_accuracy": step.best,
            }
            for step in (story.steps if story else ())
        ],
        "bisect": (story.bisect if story else "") or None,
        "verdict": result.get("verdict"),
        "factors": result.get("factors", []),
        "sentence": result.get("sentence", ""),
    }


def _begin(line: Line) -> Puzzle:
    newest = PuzzleStore().newest()
    if newest and launch.poll(newest).status in RESUMABLE and read_story(newest):
        line.show(f"puzzle {newest.id} resumes", lasting=True)
        start.resume(newest, COMMAND_LINE)
        return newest
    puzzle = start.start("puzzle", PuzzleSpec(), COMMAND_LINE, line.progress("Scanning"))
    line.show(f"puzzle {puzzle.id}", lasting=True)
    return puzzle


class _Steps:
    """Shows each training and each trial of the search that has ended, once.

    Args:
        puzzle: Puzzle.
    """

    def __init__(self, puzzle: Puzzle) -> None:
        self._puzzle = puzzle
        self._told: set[str] = set()
        self._bisect: Bisect | None = None
        self._rows = new_rows(lambda: self._bisect.result().get("arms", []) if self._bisect else [], describe_trial)

    def show_new(self, line: Line) -> None:
        for run in self._puzzle.runs():
            if run.id not in self._told and not (status := run.read_status()).is_active:
                self._told.add(run.id)
                line.show(f"{run.title()}, run {run.id}: {status.status}", lasting=True)
        self._bisect = self._bisect or BisectStore().by_id(self._puzzle.bisect_id())
        self._rows(line)


def _told(story: Story | None) -> list[str]:
    if story is None or not story.verdict:
        return ["The demo has no verdict yet; `python -m core puzzle` resumes it."]
    lines = [f"{step.run.title()}: {_percent(step.best)} on validation images at best" for step in story.steps]
    return [*lines, *(describe_result(story.result) if story.result else [])]


def _percent(value: float | None) -> str:
    return "–" if value is None else percent(value)
