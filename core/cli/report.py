"""The command `report`: a run as one HTML page, to be opened anywhere."""

import argparse
from pathlib import Path

from core import files
from core.cli.command import AddCommand
from core.cli.output import print_json
from core.cli.written_file import refuse_replacing
from core.errors import UserError
from core.report.run_report import run_report
from core.store.runs import RunStore


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    parser = command("report", report, "Write a run as one HTML page: curves, metrics, findings, settings, card.")
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help=".html is added if there is no suffix")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")
    parser.add_argument("--images", action="store_true", help="with thumbnails of the worst mistakes")


def report(options: argparse.Namespace) -> int:
    """Writes the page."""
    run = RunStore().get(options.run)
    path = options.out if options.out.suffix else options.out.with_suffix(".html")
    refuse_replacing(path, "--out", force=options.force)
    content = run_report(run, with_images=options.images)
    try:
        with files.replacing(path) as file:
            file.write(content.encode())
    except OSError as error:
        raise UserError(f"--out: {path} cannot be written: {error.strerror}") from error
    if options.json:
        return print_json({"run": run.id, "file": str(path), "bytes": len(content.encode())})
    print(f"{path}: the report of {run.title()}; any browser opens it.")
    return 0
