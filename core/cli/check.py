"""The command `check`: findings on a configuration and a dataset before a training (preflight); nothing is trained."""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from core.access.persons import COMMAND_LINE
from core.checks.context import Context
from core.checks.coverage import coverage, left_out, with_features
from core.checks.finding import Finding
from core.checks.preflight import CHECK_IDS, CHECKS, findings_of, findings_record, merged
from core.cli.command import AddCommand
from core.cli.layout import understood
from core.cli.output import print_json
from core.cli.settings import add_settings, read_config
from core.cli.terminal import Line, follow
from core.cli.told_findings import add_strict
from core.config import RunConfig
from core.data.dataset import Dataset, open_dataset
from core.errors import RunError
from core.feature_check.store import FeatureCheckSpec, FeatureCheckStore
from core.jobs.validate import check_model
from core.start import start
from core.workers import launch


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    parser = command("check", check, "Check a run before training it; nothing is trained.")
    add_settings(parser)
    add_strict(parser, "without it, findings do not change the exit code")
    parser.add_argument(
        "--features",
        action="store_true",
        help="also the checks that need features of the backbone, which a worker computes if they are not cached",
    )


def check(options: argparse.Namespace) -> int:
    """Prints the findings; they change the exit code only where `--strict` asks for it."""
    config = read_config(options)
    _refuse(config)
    line = Line(quiet=options.json)
    dataset = open_dataset(config.dataset, config.data, line.progress("Scanning"))
    context = Context(config, dataset, line.progress("Compares"))
    findings, made = findings_of(context), coverage(context, CHECK_IDS)
    line.show("")
    for said in understood(dataset):
        line.show(said, lasting=True)
    if options.features:
        findings, later = _with_features(config, dataset, findings, quiet=options.json)
        made = with_features(made, later)
    if options.json:
        print_json({**findings_record(findings), "checks": made, "notes": list(dataset.index.notes)})
    else:
        print_findings(findings, made)
    return 1 if options.strict and any(finding.severity == "error" for finding in findings) else 0


def print_findings(findings: Sequence[Finding], made: Mapping[str, Any] | None = None) -> None:
    """Findings as text: severity and id, what was measured, what to change; and which checks were not made."""
    if not findings:
        print(f"{len(made['run'] if made else CHECKS)} checks found nothing.")
    for finding in findings:
        print(f"{finding.severity:<8} {finding.id}\n         {finding.claim}")
        if finding.remedy:
            print(f"         {finding.remedy}")
        for claim in finding.told_symptoms():
            print(f"         The same cause: {claim}")
    if made and (left := left_out(made)):
        print(left)


def _with_features(
    config: RunConfig, dataset: Dataset, findings: Sequence[Finding], *, quiet: bool
) -> tuple[list[Finding], dict[str, str]]:
    """The findings with those of a worker that has looked at features: one that has already, else a new one."""
    job = FeatureCheckStore().find(config, dataset)
    if job is None or launch.poll(job).status not in ("finished", "queued", "starting", "running"):
        job = start.start("check", FeatureCheckSpec(config), COMMAND_LINE)
    status = follow(job, quiet=quiet) if launch.poll(job).is_active else launch.poll(job)
    result = job.result()
    if result is None or status.status != "finished":
        raise RunError(f"the checks with features were not run: {status.message}")
    return merged(findings, [Finding.of_record(one) for one in result.findings]), dict(result.not_run)


def _refuse(config: RunConfig) -> None:
    """Refuses what no run could be made of; the weights may be missing, as nothing is trained."""
    check_model(dataclasses.replace(config, model=dataclasses.replace(config.model, weights="none")))
