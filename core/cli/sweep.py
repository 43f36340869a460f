"""The command `sweep`: grid or random search over settings of the head, with a bias-corrected score of the best."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from core import files
from core.cli.settings import add_settings, read_config, read_settings
from core.cli.terminal import Line, duration
from core.config import RunConfig
from core.jobs.job import BUDGET_MINUTES
from core.jobs.validate import validate_config
from core.store.runs import RESUMABLE, Status
from core.sweep.plan import Trial, plan, read_choices
from core.sweep.store import Sweep, SweepStore, resume_sweep
from core.workers import launch

if TYPE_CHECKING:
    from core.store.job_records import SweepResult, SweepTrial


def add_parser(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = command(
        "sweep",
        run_sweep,
        "Try many settings of the head on the same saved features. Ctrl-C stops and keeps what was tried; the same "
        "command goes on from there.",
    )
    add_settings(parser)
    parser.add_argument(
        "--vary", action="append", default=[], metavar="KEY=VALUES", required=True,
        help="a setting and its values, 1e-4,1e-3, or with --random a range, 1e-4..1e-1; may be repeated",
    )  # fmt: skip
    parser.add_argument("--random", type=int, default=0, metavar="N", help="so many trials at random, not all")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="decides what is drawn; 1 unless told")
    parser.add_argument(
        "--budget", type=float, default=BUDGET_MINUTES, metavar="MINUTES",
        help=f"the most it may take; {BUDGET_MINUTES:g} unless told",
    )  # fmt: skip


def run_sweep(options: argparse.Namespace) -> int:
    """Runs one sweep to its end and prints the best trial."""
    config, line = read_config(options), Line(quiet=options.json)
    choices = {key: read_choices(key, text) for key, text in read_settings(options.vary, "--vary").items()}
    trials = plan(config, choices, options.random, options.seed)
    config, _ = validate_config(config, line.progress("Looks through"))
    line.show("")
    sweep = _begin(config, trials, options.budget, line)
    status = _follow(sweep, line)
    result = sweep.result()
    if options.json:
        print(json.dumps(files.finite({**result, "status": status.status, "message": status.message}), allow_nan=False))
    if status.status in ("failed", "interrupted"):
        print(status.message, file=sys.stderr)
        return 1 if status.fault == "user" else 3
    if not options.json:
        print("\n".join(_told(result, status)))
    return 0


def _begin(config: RunConfig, trials: list[Trial], budget: float, line: Line) -> Sweep:
    """Starts a sweep, or goes on with the same one where it has ended early."""
    for known in SweepStore().list():
        if known.trials() == trials and launch.poll(known).status in RESUMABLE and known.config() == config:
            done = sum(row["status"] == "finished" for row in known.result().get("arms", []))
            line.show(f"sweep {known.id} goes on; {done} trials are known", lasting=True)
            resume_sweep(known, parent_pipe=False, more_minutes=budget)
            return known
    sweep = SweepStore().create(config, trials, budget)
    line.show(f"sweep {sweep.id}: {len(trials)} trials, at most {budget:g} minutes", lasting=True)
    launch.start(sweep, parent_pipe=False)
    return sweep


def _follow(sweep: Sweep, line: Line) -> Status:
    """Shows each trial's result as it comes, until the sweep ends; Ctrl-C asks it to stop."""
    seen: set[str] = set()

    def ask_to_stop(*_: int | FrameType | None) -> None:
        sweep.request_stop()
        line.show("Stops after this batch; what was tried is kept.", lasting=True)

    before = {name: signal.signal(name, ask_to_stop) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        while True:
            status = launch.poll(sweep)
            for row in sweep.result().get("arms", []):
                if row["status"] in ("finished", "failed") and row["name"] not in seen:
                    seen.add(row["name"])
                    line.show(_described(row), lasting=True)
            if not status.is_active:
                return status
            line.show(status.message)
            time.sleep(0.25)
    finally:
        line.show("")
        for name, handler in before.items():
            signal.signal(name, handler)


def _described(row: "SweepTrial") -> str:
    if row["value"] is None or row["interval"] is None:
        return f"{row['name']}: failed"
    low, high = row["interval"]
    return f"{row['name']}: {row['value']:.4f} [{low:.3f}, {high:.3f}]  loss {row['loss'] or 0.0:.4f}"


def _told(result: "SweepResult", status: Status) -> list[str]:
    best, cost = result.get("best"), result["cost"]
    lines = [status.message] if status.status != "finished" or not result["sentence"] else []
    if best:
        lines += [result["sentence"], " ".join(f"--set {key}={value}" for key, value in best["settings"].items())]
    lines.append(f"spent {duration(60 * cost['spent_minutes'])} of {cost['budget_minutes']:g} min")
    return lines
