"""The command `check`: findings on a configuration and a data set before a training (preflight); nothing is trained."""

import argparse
import dataclasses
from collections.abc import Sequence

from core.checks.finding import Finding
from core.checks.preflight import CHECKS, findings_record, preflight
from core.cli.command import AddCommand
from core.cli.layout import understood
from core.cli.output import print_json
from core.cli.settings import add_settings, read_config
from core.cli.terminal import Line
from core.cli.told_findings import add_strict
from core.config import RunConfig
from core.data.dataset import open_dataset
from core.jobs.validate import check_model


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    parser = command("check", check, "Pre-flight findings of a run; nothing is trained.")
    add_settings(parser)
    add_strict(parser, "without it findings never change the exit code")


def check(options: argparse.Namespace) -> int:
    """Prints the findings; they change the exit code only where `--strict` asks for it."""
    config = read_config(options)
    _refuse(config)
    line = Line(quiet=options.json)
    dataset = open_dataset(config.dataset, config.data, line.progress("Looks through"))
    findings = preflight(config, dataset, line.progress("Compares"))
    line.show("")
    for said in understood(dataset):
        line.show(said, lasting=True)
    if options.json:
        print_json(findings_record(findings))
    else:
        print_findings(findings)
    return 1 if options.strict and any(finding.severity == "error" for finding in findings) else 0


def print_findings(findings: Sequence[Finding]) -> None:
    """Findings as text: severity and id, what was measured, what to change."""
    if not findings:
        print(f"{len(CHECKS)} checks found nothing.")
    for finding in findings:
        print(f"{finding.severity:<8} {finding.id}\n         {finding.claim}")
        if finding.remedy:
            print(f"         {finding.remedy}")


def _refuse(config: RunConfig) -> None:
    """Refuses what no run could be made of; the weights may be missing, as nothing is trained."""
    check_model(dataclasses.replace(config, model=dataclasses.replace(config.model, weights="none")))
