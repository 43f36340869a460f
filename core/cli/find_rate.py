"""The command `find-rate`: learning-rate range test for these settings; no run is made."""

import argparse
from typing import TYPE_CHECKING

from core.access.persons import COMMAND_LINE
from core.cli.command import AddCommand
from core.cli.output import print_answer
from core.cli.settings import add_settings, read_config
from core.cli.terminal import Line, duration, follow
from core.lr_search.store import LrSearchSpec
from core.start import start

if TYPE_CHECKING:
    from core.store.job_records import RangeTest


def add_parser(command: AddCommand) -> None:
    """Adds the command."""
    add_settings(
        command("find-rate", find_rate, "Find a learning rate for these settings (range test); no run is created.")
    )


def find_rate(options: argparse.Namespace) -> int:
    """Makes a search, follows it to its end and prints what it suggests."""
    line = Line(quiet=options.json)
    search = start.start("rate", LrSearchSpec(read_config(options)), COMMAND_LINE, line.progress("Scanning"))
    line.show("")
    status = follow(search, quiet=options.json, stopping="Stopping after this batch.")
    result = search.result()
    found = result.to_dict() if result else {}
    record = {"search": search.id, "status": status.status, "message": status.message, **found}
    return print_answer(status, record, lambda: [status.message, *_told(result)], as_json=options.json)


def _told(result: "RangeTest | None") -> list[str]:
    if result is None or result.valley is None:
        return []
    valley, steep = result.valley, result.steep
    return [
        f"valley {valley:.2e} (the middle of the longest fall), steep {steep:.2e} (the fastest fall); "
        f"{result.steps} steps, {duration(result.seconds)}",
        f"use it with --set training.learning_rate={valley:.2g}",
    ]
