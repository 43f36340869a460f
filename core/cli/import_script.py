"""The command `import-script`: a Keras script as settings and findings. The script is never run."""

import argparse
from pathlib import Path
from typing import Any

from core.cli.command import AddCommand
from core.cli.output import print_json
from core.errors import DataError
from core.script.text import LARGEST, place_of
from core.workers.script_client import read_script


def add_parser(command: AddCommand) -> None:
    """Adds the command to the parser of `python -m core`."""
    text = "Read a Keras training script as settings, with findings by line; nothing of it is run."
    sub = command("import-script", run, text)
    sub.add_argument("file", metavar="FILE", type=Path, help="the script, or a notebook (.ipynb)")
    sub.add_argument("--keras", metavar="VERSION", help="the version of Keras it is for, such as 2.0.8")


def run(options: argparse.Namespace) -> int:
    """Prints what was read."""
    record = read_script(read_file(options.file), options.file.name, options.keras)
    if options.json:
        return print_json(record)
    print("\n".join(_report(record)))
    return 0


def read_file(path: Path) -> bytes:
    """A script's file, or as much of it as shows that it is too large.

    Raises:
        DataError: there is no such file, or it cannot be read; one sentence.
    """
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or "its name is no path"
        raise DataError(f"{path} cannot be read: {why}; give a script's file") from error


def _report(record: dict[str, Any]) -> list[str]:
    lines = [f"{record['name']}: {record['mode'] or 'training mode not found'}, "
             f"data set {record['dataset'] or 'not found'}", ""]  # fmt: skip
    lines += [f"{key} = {one['value']}  ({place_of(one)})" for key, one in record["settings"].items()]
    parts = {
        "Open": [f"{one['key']}: {one['why']}" for one in record["open"]],
        "Not stated": [f"{key} = {one['value']}: {one['why']}" for key, one in record["not_stated"].items()],
        "Not read": [f"{place_of(one)}: {one['text']}" for one in record["unread"]],
        "Order of the samples": [f"{version}: {order}" for version, order in record["order"].items()],
        "Findings": [_finding(one) for one in record["findings"]],
    }
    for title, rows in parts.items():
        lines += ["", f"{title}:", *(f"  {row}" for row in rows)] if rows else []
    return lines


def _finding(one: dict[str, Any]) -> str:
    return f"{place_of(one['evidence'])}: {one['severity']} {one['id']}: {one['claim']} {one['remedy']}"
