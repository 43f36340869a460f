"""The command `why A.py B.py DATASET`: two scripts that should agree, the cause, its lines, and the cure."""

import argparse
from pathlib import Path
from typing import Any

from core.access.persons import COMMAND_LINE
from core.bisect.store import Bisect, BisectStore
from core.cli.bisect import describe_trial
from core.cli.command import AddCommand
from core.cli.import_script import read_file
from core.cli.output import new_rows, print_answer, print_json
from core.cli.terminal import Line, follow
from core.cli.written_file import refuse_replacing_but_a_report, write_report
from core.data.dataset import SAMPLE
from core.errors import DataError
from core.jobs.job import BUDGET_MINUTES
from core.report.why_report import place_of, repaired_sentence, verdict_words, why_html
from core.start import start
from core.store.runs import RESUMABLE
from core.why.answer import answer_of, not_expressed
from core.why.side import PRESET, NotExpressed, preset_side, read_side
from core.why.store import Why, WhySpec, WhyStore
from core.workers import launch

_STOPPING = "Stopping after this batch; completed work is kept, and the same command resumes."


def add_parser(command: AddCommand) -> None:
    """Adds `why` to the command line."""
    text = (
        "For two Keras scripts that should give the same result, and a folder of images: find the line that causes "
        "the difference, the evidence, and the smallest fix. With one script, it is compared with the preset "
        f"{PRESET}. Ctrl-C stops and keeps completed work; the same command resumes."
    )
    sub = command("why", run, text)
    sub.add_argument("scripts", metavar="SCRIPT.py", nargs="+", help="one or two scripts, then the folder of images")
    sub.add_argument(
        "--budget", type=float, default=BUDGET_MINUTES, metavar="MINUTES",
        help=f"maximum time of the search in minutes; default: {BUDGET_MINUTES:g}",
    )  # fmt: skip
    sub.add_argument("--report", type=Path, metavar="FILE", help="write the answer to this file as a page")


def run(options: argparse.Namespace) -> int:
    """Asks, follows the job to its end, and prints the answer."""
    *files, dataset = options.scripts
    _require_arguments(files, dataset)
    if options.report:
        refuse_replacing_but_a_report(options.report, "--report", ".html")
    try:
        sides = [read_side(read_file(Path(name)), name, dataset) for name in files]
    except NotExpressed as error:
        answer = not_expressed(error)
        if options.json:
            return print_json(answer)
        print("\n".join(_told(answer)))
        return 0
    why = _begin(WhySpec(sides[0], sides[1] if len(sides) > 1 else preset_side(dataset), options.budget),
                 Line(quiet=options.json))  # fmt: skip
    status = follow(why, quiet=options.json, stopping=_STOPPING, look=_Steps(why).show_new)
    answer = answer_of(why)
    if options.report:
        write_report(options.report, why_html(why), "--report")
    code = print_answer(status, answer, lambda: _told(answer), as_json=options.json, resumes=True)
    if options.report and not options.json:
        print(f"{options.report}: the report; any browser opens it.")
    return code


def _require_arguments(files: list[str], dataset: str) -> None:
    if not 1 <= len(files) <= 2:
        raise DataError(f"{len(files)} scripts came; give one or two scripts and then the folder of images")
    if dataset != SAMPLE and not Path(dataset).is_dir():
        raise DataError(f"{dataset} is not a folder; give one or two scripts and then the folder of images")
    if len(files) == 2 and _content(files[0]) == _content(files[1]):
        raise DataError(f"{files[0]} and {files[1]} are the same script; give two scripts with two results")


def _content(name: str) -> bytes:
    return read_file(Path(name))


def _begin(spec: WhySpec, line: Line) -> Why:
    """Starts a question, or goes on with the same one that has ended early."""
    spec = spec.admit(line.progress("Scanning"))
    known = next((one for one in WhyStore().list() if spec.is_of(one)), None)
    if known and launch.poll(known).status in RESUMABLE:
        line.show(f"question {known.id} resumes", lasting=True)
        start.resume(known, COMMAND_LINE)
        return known
    why = start.start("why", spec, COMMAND_LINE, line.progress("Scanning"))
    line.show(f"question {why.id}", lasting=True)
    return why


class _Steps:
    """Shows each training and each trial of the search that has ended, once."""

    def __init__(self, why: Why) -> None:
        self._why, self._told = why, set[str]()
        self._bisect: Bisect | None = None
        self._rows = new_rows(lambda: self._bisect.result().get("arms", []) if self._bisect else [], describe_trial)

    def show_new(self, line: Line) -> None:
        for run in self._why.runs():
            if run.id not in self._told and not (status := run.read_status()).is_active:
                self._told.add(run.id)
                line.show(f"{run.title()}, run {run.id}: {status.status}", lasting=True)
        self._bisect = self._bisect or BisectStore().by_id(self._why.bisect_id())
        self._rows(line)


def _told(answer: dict[str, Any]) -> list[str]:
    words = verdict_words(answer)
    lines = [f"{words}{': ' if answer['factors'] else ''}{', '.join(answer['factors'])}", str(answer["sentence"])]
    for one in answer["lines"]:
        lines.append(f"{one['file']}, {place_of(one)}: {one['text']}  ({one['does']})")
    if answer["diff"]:
        lines += ["", answer["diff"].rstrip("\n"), ""]
    if answer["repaired"]:
        lines.append(repaired_sentence(answer))
    return lines
