"""The command `import-run`: imports a run that `export --format zip` has packed."""

import argparse
from pathlib import Path

from core.cli.command import AddCommand
from core.cli.output import print_json
from core.errors import DataError
from core.export.bundle_import import import_bundle


def add_parser(command: AddCommand) -> None:
    """Adds `import-run` to the command line."""
    text = "Import a run from a zip of `export --format zip`; its content is checked first."
    command("import-run", run_import, text).add_argument("file", metavar="FILE.zip", type=Path)


def run_import(options: argparse.Namespace) -> int:
    """Brings in one zip and prints the run it holds."""
    if not options.file.is_file():
        raise DataError(f"{options.file} is not a file; give a zip written by `export --format zip`")
    run = import_bundle(options.file)
    if options.json:
        print_json({"run": run.id, "status": run.status().status, "model": run.has_model()})
    else:
        print(f"run {run.id}: {run.title()}")
    return 0
