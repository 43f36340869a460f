"""The commands `train`, `stop` and `resume`: one run, followed to its end."""

import argparse
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.access.persons import COMMAND_LINE
from core.cli.command import AddCommand
from core.cli.cross_validate import add_folds, cross_validate
from core.cli.layout import understood
from core.cli.output import Record, print_answer, print_json
from core.cli.settings import add_settings, read_config
from core.cli.terminal import Line, duration, follow
from core.cli.told_findings import FindingsTold, add_strict
from core.config import RunConfig
from core.course.caveats import caveats, run_caveats, with_caveats
from core.data.dataset import Dataset
from core.estimate.duration import download_bytes, expected
from core.estimate.memory import memory
from core.jobs.spec import RunSpec
from core.sizes import in_words
from core.start import start
from core.store.runs import Run, RunStore, Status
from core.workers import launch

if TYPE_CHECKING:
    from core.store.run_records import PartFigures

STRICT_RUN = "the run is still trained and kept (`check --strict` tells beforehand)"


def add_parser(command: AddCommand) -> None:
    """Adds the three commands."""
    train = command("train", run_train, "Train a run and show its progress; Ctrl-C stops and keeps the model so far.")
    add_settings(train)
    train.add_argument("--name", default="", help="name of the run")
    add_strict(train, STRICT_RUN)
    add_folds(train, "cross-validate with this number of folds instead of training a run; see the command cv")
    stop = command("stop", run_stop, "Stop a run; the model so far is kept.")
    stop.add_argument("run", metavar="RUN")
    stop.add_argument(
        "--now", action="store_true", help="kill a run that does not stop; the last finished epoch is kept"
    )
    resume = command("resume", run_resume, "Resume after the last finished epoch.")
    resume.add_argument("run", metavar="RUN")
    add_strict(resume, STRICT_RUN)


def run_train(options: argparse.Namespace) -> int:
    """Trains a run and follows it, or cross-validates its settings."""
    if options.folds is not None:
        return cross_validate(options)
    return train_config(read_config(options, options.name), options)


def train_config(config: RunConfig, options: argparse.Namespace) -> int:
    """Trains a run of a configuration and follows it; `options` have `json` and `strict`."""
    line = Line(quiet=options.json)
    spec = RunSpec(config).admit(line.progress("Scanning"))
    line.show("")
    if spec.dataset:
        line.show(in_a_line(spec.config, spec.dataset), lasting=True)
    run = start.start("run", spec, COMMAND_LINE)
    line.show(f"run {run.id}", lasting=True)
    for said in understood(spec.dataset) if spec.dataset else ():
        line.show(said, lasting=True)
    return _follow(run, options)


def in_a_line(config: RunConfig, dataset: Dataset) -> str:
    """What a run will take, before it starts: duration, memory and download."""
    split, classes = dataset.split, len(dataset.classes)
    found = expected(config, len(split.train), len(split.val) + len(split.test), classes)
    needed, size = memory(config, classes), download_bytes(config)
    origin = "as measured here" if found.measured else "estimated"
    text = f"expected: up to {duration(found.seconds)} ({origin}), {needed.needed / 1024:.1f} GB of memory"
    if needed.fits is False and needed.there is not None:
        text += f", of which {needed.there / 1024:.1f} GB are there"
    return text + (f", {in_words(size)} to fetch" if size else "")


def run_resume(options: argparse.Namespace) -> int:
    """Goes on with a run and follows it."""
    run = RunStore().get(options.run)
    start.resume(run, COMMAND_LINE)
    return _follow(run, options)


def run_stop(options: argparse.Namespace) -> int:
    """Stops a run, and waits until it has ended."""
    run = RunStore().get(options.run)
    start.stop(run, COMMAND_LINE, now=options.now)
    while (status := launch.poll(run)).is_active:
        time.sleep(0.25)
    if options.json:
        return print_json({"run": run.id, "status": status.status, "message": status.message})
    print(f"run {run.id} {status.status}: {status.message}")
    return 0


def _follow(run: Run, options: argparse.Namespace) -> int:
    """Follows a run to its end with what is found in it; the exit code."""
    findings = FindingsTold(run)
    status = follow(run, quiet=options.json, look=findings.show_new)
    record = _record(run, status, findings)
    code = print_answer(status, record, lambda: _told(run, status), as_json=options.json)
    if not options.json and (summary := findings.summary()):
        print(summary, flush=True)
        findings.repeat_errors()
    return 1 if options.strict and code == 0 and findings.errors() else code


def _record(run: Run, status: Status, findings: FindingsTold) -> Record:
    evaluation = run.evaluation()
    return {
        "run": run.id,
        "status": status.status,
        "message": status.message,
        "metrics": _metrics(evaluation.parts if evaluation else {}),
        "history": run.history(),
        "classes": run.classes(),
        "seconds": {name: status.seconds.get(name, 0.0) for name in ("features", "training", "total")},
        "findings": [finding.to_dict() for finding in findings.found],
        "caveats": caveats(findings.found),
    }


def _metrics(parts: "Mapping[str, PartFigures]") -> dict[str, float | None]:
    return {
        f"{name}_{key}": value
        for name, part in parts.items()
        for key, value in (("accuracy", part.accuracy), ("auc", part.auc), ("loss", part.loss))
    }


def _told(run: Run, status: Status) -> list[str]:
    evaluation = run.evaluation()
    lines = [f"run {run.id} {status.status}: {status.message}"]
    for name, part in (evaluation.parts if evaluation else {}).items():
        low, high = part.interval or (0.0, 1.0)
        accuracy = with_caveats(f"{part.accuracy:.4f} [{low:.3f}, {high:.3f}]", run_caveats(run, name))
        lines.append(
            f"{name}: accuracy {accuracy} on {part.count} images, "
            f"AUC {_number(part.auc)}, {(evaluation and evaluation.weights) or 'the last weights'}"
        )
    return lines


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
