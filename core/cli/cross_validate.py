"""The command `cv`: cross-validation of these settings on cached features, with out-of-fold answers."""

import argparse
from typing import TYPE_CHECKING

from core.access.persons import COMMAND_LINE
from core.cli.command import AddCommand
from core.cli.output import Record, new_rows, print_answer
from core.cli.settings import add_settings, read_config
from core.cli.terminal import Line, duration, follow
from core.cross_validation.figures import describe, notes
from core.cross_validation.store import (
    FOLDS,
    REPEATS,
    CrossValidation,
    CrossValidationSpec,
    CrossValidationStore,
)
from core.data.folds import LEAST_FOLDS, MOST_FOLDS
from core.errors import ConfigError
from core.jobs.job import BUDGET_MINUTES
from core.start import start
from core.store.predictions import FILE
from core.store.runs import RESUMABLE, Status
from core.workers import launch

if TYPE_CHECKING:
    from core.store.fold_records import CrossValidationResult, FoldHead

STOPPING = "Stopping after this epoch; trained heads are kept."


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    parser = command(
        "cv",
        cross_validate,
        "Cross-validate these settings on cached features: metrics with a CI, and a prediction for every image by a "
        "head that was not trained on it. Ctrl-C stops and keeps trained heads; the same command resumes.",
    )
    add_settings(parser)
    add_folds(parser, f"number of folds; default: the folds of the dataset, else {FOLDS}")
    parser.add_argument(
        "--budget", type=float, default=BUDGET_MINUTES, metavar="MINUTES",
        help=f"maximum time in minutes; default: {BUDGET_MINUTES:g}",
    )  # fmt: skip


def add_folds(parser: argparse.ArgumentParser, text: str) -> None:
    """Adds `--folds` and `--repeats`."""
    parser.add_argument("--folds", type=int, metavar="K", help=f"{text} ({LEAST_FOLDS} to {MOST_FOLDS})")
    parser.add_argument(
        "--repeats", type=int, default=REPEATS, metavar="R",
        help=f"number of repeats with different seeds; default: {REPEATS}",
    )  # fmt: skip


def cross_validate(options: argparse.Namespace) -> int:
    """Runs one cross-validation to its end and prints its figures."""
    if options.folds == 0:
        raise ConfigError(f"--folds is 0; give {LEAST_FOLDS} to {MOST_FOLDS}")
    line = Line(quiet=options.json)
    spec = CrossValidationSpec(
        read_config(options, getattr(options, "name", "")),
        folds=options.folds or 0,
        repeats=options.repeats,
        budget_minutes=getattr(options, "budget", BUDGET_MINUTES),
    ).admit(line.progress("Scanning"))
    line.show("")
    job = _begin(spec, line)
    look = new_rows(lambda: [{**head, "status": "finished", "name": _name(head)} for head in _heads(job)], _described)
    status = follow(job, quiet=options.json, stopping=STOPPING, look=look)
    result = job.result()
    return print_answer(
        status, _record(job, result), lambda: _told(job, result, status), as_json=options.json, resumes=True
    )


def _begin(spec: CrossValidationSpec, line: Line) -> CrossValidation:
    """Starts a cross-validation, or goes on with the same one where it has ended early."""
    for known in CrossValidationStore().list():
        if _is_same(known, spec) and launch.poll(known).status in RESUMABLE:
            line.show(f"cross-validation {known.id} resumes; {len(_heads(known))} heads done", lasting=True)
            start.resume(known, COMMAND_LINE, spec.budget_minutes)
            return known
    job = start.start("cross-validation", spec, COMMAND_LINE)
    whose = " of the dataset" if spec.brought else ""
    line.show(f"cross-validation {job.id}: {spec.folds} folds{whose}, {spec.repeats} times", lasting=True)
    return job


def _is_same(known: CrossValidation, spec: CrossValidationSpec) -> bool:
    asked = (spec.folds, spec.repeats, spec.brought)
    return (known.folds(), known.repeats(), known.brought()) == asked and known.config() == spec.config


def _heads(job: CrossValidation) -> "list[FoldHead]":
    result = job.result()
    return result["heads"] if result else []


def _name(head: "FoldHead") -> str:
    return f"repeat {head['repeat']}, fold {head['fold']}"


def _described(head: Record) -> str:
    auc = f"  AUC {head['auc']:.4f}" if head["auc"] is not None else ""
    return f"{head['name']}: {head['correct']} of {head['count']} right ({head['accuracy']:.4f}){auc}"


def _record(job: CrossValidation, result: "CrossValidationResult | None") -> Record:
    """The answer as JSON has it: the figures beside the heads that they are of."""
    if result is None:
        return {"cross_validation": job.id}
    record: Record = {key: value for key, value in result.items() if key not in ("id", "figures")}
    file = job.out_of_fold().path / FILE
    predictions = str(file) if file.is_file() else None
    return {"cross_validation": job.id, **(result["figures"] or {}), **record, "predictions": predictions}


def _told(job: CrossValidation, result: "CrossValidationResult | None", status: Status) -> list[str]:
    if result is None:
        return [status.message]
    lines = [describe(result), *notes(result)] if status.status == "finished" else [status.message, describe(result)]
    file = job.out_of_fold().path / FILE
    lines += [f"out-of-fold predictions: {file}"] if file.is_file() else []
    return [*filter(None, lines), f"spent {duration(60 * result['cost'].get('spent_minutes', 0.0))}"]
