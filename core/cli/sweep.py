"""The command `sweep`: grid or random search over settings of the head, with a bias-corrected score of the best."""

import argparse
from typing import TYPE_CHECKING

from core.access.persons import COMMAND_LINE
from core.cli.command import AddCommand
from core.cli.output import new_rows, print_answer
from core.cli.settings import add_settings, read_config, read_settings, set_options
from core.cli.terminal import STOPPING_TRIALS, Line, duration, follow
from core.errors import ConfigError
from core.jobs.job import BUDGET_MINUTES, rounded_minutes
from core.start import start
from core.store.runs import RESUMABLE, Status
from core.sweep.plan import MOST_TRIALS, Choices, plan, read_choices
from core.sweep.store import Sweep, SweepSpec, SweepStore
from core.workers import launch

if TYPE_CHECKING:
    from core.store.job_records import SweepResult, SweepTrial


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    parser = command(
        "sweep",
        run_sweep,
        "Try many settings of the head, and augmentations, on cached features. Ctrl-C stops and keeps completed "
        "trials; the same command resumes.",
    )
    add_settings(parser)
    parser.add_argument(
        "--vary", action="append", default=[], metavar="KEY=VALUES", required=True,
        help="a setting and its values, 1e-4,1e-3, or with --random a range, 1e-4..1e-1; lists such as model.head are "
            "separated by semicolons; may be repeated",
    )  # fmt: skip
    parser.add_argument("--random", type=int, metavar="N", help="random search: number of trials")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the random search; default: 1")
    parser.add_argument(
        "--budget", type=float, default=BUDGET_MINUTES, metavar="MINUTES",
        help=f"maximum time in minutes; default: {BUDGET_MINUTES:g}",
    )  # fmt: skip


def run_sweep(options: argparse.Namespace) -> int:
    """Runs one sweep to its end and prints the best trial."""
    config, line = read_config(options), Line(quiet=options.json)
    trials = plan(config, _choices(options.vary), _number(options.random), options.seed)
    spec = SweepSpec(config, trials=trials, budget_minutes=options.budget).admit(line.progress("Scanning"))
    line.show("")
    sweep = _begin(spec, line)
    look = new_rows(lambda: sweep.result().get("arms", []), _described)
    status = follow(sweep, quiet=options.json, stopping=STOPPING_TRIALS, look=look)
    result = sweep.result()
    return print_answer(status, result, lambda: _told(result, status), as_json=options.json, resumes=True)


def _choices(pairs: list[str]) -> dict[str, Choices]:
    """What is to be varied, by setting.

    Raises:
        ConfigError: a setting comes twice, so that the values of one would be lost, or see `read_choices`.
    """
    named = [pair.partition("=")[0].strip() for pair in pairs]
    if twice := next((key for key in named if named.count(key) > 1), ""):
        raise ConfigError(f"--vary {twice} is given more than once; put all of its values into one --vary")
    return {key: read_choices(key, text) for key, text in read_settings(pairs, "--vary").items()}


def _number(drawn: int | None) -> int:
    """Trials to draw; 0, every combination, where none are to be drawn.

    Raises:
        ConfigError: 0 were asked for.
    """
    if drawn == 0:
        raise ConfigError(f"--random is 0; give 1 to {MOST_TRIALS}, or leave it out to try every combination")
    return drawn or 0


def _begin(spec: SweepSpec, line: Line) -> Sweep:
    """Starts a sweep, or goes on with the same one where it has ended early."""
    for known in SweepStore().list():
        if known.trials() == spec.trials and launch.poll(known).status in RESUMABLE and known.config() == spec.config:
            done = sum(row["status"] == "finished" for row in known.result().get("arms", []))
            line.show(f"sweep {known.id} resumes; {done} trials done", lasting=True)
            start.resume(known, COMMAND_LINE, spec.budget_minutes)
            return known
    sweep = start.start("sweep", spec, COMMAND_LINE)
    number = len(spec.trials)
    trials = "1 trial" if number == 1 else f"{number} trials"
    line.show(f"sweep {sweep.id}: {trials}, at most {spec.budget_minutes:g} minutes", lasting=True)
    return sweep


def _described(row: "SweepTrial") -> str:
    if row["value"] is None or row["interval"] is None:
        return f"{row['name']}: failed"
    low, high = row["interval"]
    return f"{row['name']}: {row['value']:.4f} [{low:.3f}, {high:.3f}]  loss {row['loss'] or 0.0:.4f}"


def _told(result: "SweepResult", status: Status) -> list[str]:
    best, cost = result.get("best"), result["cost"]
    lines = [status.message] if status.status != "finished" or not result["sentence"] else []
    if best:
        lines += [result["sentence"], set_options(best["settings"])]
    lines.append(f"spent {duration(60 * cost['spent_minutes'])} of {rounded_minutes(cost['budget_minutes'])} min")
    return lines
