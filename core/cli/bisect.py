"""The command `bisect RUN_A RUN_B`: which setting makes two runs differ, found by training in between."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from core.access.persons import COMMAND_LINE
from core.bisect.answered import answered
from core.bisect.headline import headline
from core.bisect.orient import seen_from
from core.bisect.store import (
    MARGIN_POINTS,
    Bisect,
    BisectSpec,
    BisectStore,
    estimate,
)
from core.cli.command import AddCommand
from core.cli.output import new_rows, print_answer
from core.cli.terminal import STOPPING_TRIALS, Line, duration, follow
from core.cli.written_file import refuse_replacing_but_a_report, write_report
from core.jobs.job import BUDGET_MINUTES, rounded_minutes
from core.start import start
from core.store.runs import RESUMABLE, Run, RunStore
from core.workers import launch

if TYPE_CHECKING:
    from core.store.bisect_record import BisectResult, BisectTrial


def add_parser(command: AddCommand) -> None:
    """Adds `bisect` to the command line."""
    parser = command(
        "bisect",
        run_bisect,
        "Find the setting that makes two runs differ. Ctrl-C stops and keeps completed trials; the same command "
        "resumes. A finished one is shown again.",
    )
    parser.add_argument("runs", metavar="RUN", nargs=2, help="the two runs, in any order")
    parser.add_argument(
        "--budget", type=float, default=BUDGET_MINUTES, metavar="MINUTES",
        help=f"maximum time in minutes; default: {BUDGET_MINUTES:g}",
    )  # fmt: skip
    parser.add_argument(
        "--margin", type=float, metavar="POINTS",
        help=f"largest accuracy gap, in points, that does not matter; default: {MARGIN_POINTS:g}, or that of the "
        "bisect that is resumed",
    )  # fmt: skip
    parser.add_argument(
        "--again", action="store_true", help="train all trials again, also where the bisect has finished before"
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="file of the report: .html for a page, .json for JSON"
    )


def run_bisect(options: argparse.Namespace) -> int:
    """Runs one bisect to its end and prints the verdict."""
    a, b = (RunStore().get(name) for name in options.runs)
    if options.report:
        refuse_replacing_but_a_report(options.report, "--report", ".html", ".json")
    bisect = _begin(a, b, options, Line(quiet=options.json))
    is_done = launch.poll(bisect).status == "finished"  # its trials are no news
    look = None if is_done else new_rows(lambda: seen_from(bisect.result(), a.id).get("arms", []), describe_trial)
    status = follow(bisect, quiet=options.json, stopping=STOPPING_TRIALS, look=look)
    result = seen_from(bisect.result(), a.id)
    if options.report:
        write_report(options.report, report_text(options.report, a, b, result), "--report")
    code = print_answer(status, result, lambda: describe_result(result), as_json=options.json, resumes=True)
    if options.report and not options.json:
        print(f"{options.report}: the report.")
    return code


def _begin(a: Run, b: Run, options: argparse.Namespace, line: Line) -> Bisect:
    """Starts a bisect, or goes on with the one between the two runs that has ended early, or gives a finished one."""
    margin = MARGIN_POINTS if options.margin is None else options.margin
    if not options.again and (done := answered(a, b, margin)):
        line.show(f"bisect {done.id} has finished before; this is its result. --again trains anew", lasting=True)
        return done
    budget, known = options.budget, BisectStore().between(a, b)
    if known and launch.poll(known).status in RESUMABLE:
        tried = sum(trial["status"] == "finished" for trial in known.result().get("arms", []))
        line.show(f"bisect {known.id} resumes; {tried} trials done; margin: {_margin(known, options)}", lasting=True)
        start.resume(known, COMMAND_LINE, budget)
        return known
    facts = estimate(a, b)
    bisect = start.start("bisect", BisectSpec(a, b, budget, margin), COMMAND_LINE)
    line.show(f"bisect {bisect.id}", lasting=True)
    for skipped in facts["skipped"]:
        line.show(f"not tried: {skipped['key']} ({skipped['reason']})", lasting=True)
    line.show(
        f"to try: {', '.join(facts['factors']) or 'only chance'}; about {facts['arms']} trainings, "
        f"{duration(60 * facts['minutes'])}; at most {budget:g} minutes",
        lasting=True,
    )
    return bisect


def _margin(known: Bisect, options: argparse.Namespace) -> str:
    """The margin in points with which a bisect goes on: its own, unless another is given."""
    before = round(100 * known.margin(), 6)
    if options.margin is None or options.margin == before:
        return f"{before:g}"
    known.write_margin(options.margin)
    return f"{options.margin:g}, not {before:g}"


def describe_trial(trial: "BisectTrial") -> str:
    """One line on a finished trial."""
    if trial["value"] is None or trial["interval"] is None:
        return f"{trial['name']}: failed"
    low, high = trial["interval"]
    found = trial.get("auc")
    auc = "" if found is None else f"  AUC {found:.4f}"
    return f"{trial['name']}: {trial['value']:.4f} [{low:.3f}, {high:.3f}]{auc}  {duration(trial['seconds'])}"


def describe_result(result: "BisectResult") -> list[str]:
    """The verdict in lines; results of older versions have fewer."""
    factors = f": {', '.join(result['factors'])}" if result["factors"] else ""
    said = headline(result)
    lines = [f"{result['verdict']}{factors}", result["sentence"], *said.told()]
    lines += _gaps(result)
    cost = result["cost"]
    lines.append(f"spent {duration(60 * cost['spent_minutes'])} of {rounded_minutes(cost['budget_minutes'])} min")
    return lines


def _gaps(result: "BisectResult") -> list[str]:
    """The two questions with their intervals, the AUC, and what the images have had a say in."""
    gap, lines = result["gap"], list[str]()
    if gap["value"] is not None and gap["interval"] is not None:
        low, high = gap["interval"]
        images = "these images" if result.get("same_images", True) else "the images of each run"
        where = f"on {images}, {gap['seeds']} seeds: " if "seeds" in gap else ""
        lines.append(f"{where}gap {gap['value']:.4f} [{low:.3f}, {high:.3f}] in {result['metric']}")
    other, auc = result.get("other_images"), result.get("auc")
    said = (other["sentence"] if other else "", auc["sentence"] if auc else "", result.get("note"))
    return [*lines, *filter(None, said)]


def report_text(path: Path, a: Run, b: Run, result: "BisectResult") -> str:
    """The report: JSON where the name of its file ends so, else a page."""
    from core.compare.compare import compare
    from core.report.report import report_html, report_json

    comparison = compare(a, b)
    if path.suffix.lower() == ".json":
        return json.dumps(report_json(a, b, comparison, result), indent=1)
    return report_html(a, b, comparison, result)
