"""The command `find-rate`: learning-rate range test for these settings; no run is made."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from core import files
from core.cli.settings import add_settings, read_config
from core.cli.terminal import Line, duration, follow
from core.jobs.validate import validate_config
from core.lr_search.store import LrSearchStore
from core.workers import launch

if TYPE_CHECKING:
    from core.store.job_records import RangeTest


def add_parser(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds the command."""
    add_settings(command("find-rate", find_rate, "Which learning rate suits these settings; no run is made."))


def find_rate(options: argparse.Namespace) -> int:
    """Makes a search, follows it to its end and prints what it suggests."""
    config, line = read_config(options), Line(quiet=options.json)
    config, _ = validate_config(config, line.progress("Looks through"))
    line.show("")
    search = LrSearchStore().create(config)
    launch.start(search, parent_pipe=False)
    status = follow(search, quiet=options.json, stopping="Stops after this batch.")
    result = search.result()
    if options.json:
        record = {
            "search": search.id,
            "status": status.status,
            "message": status.message,
            **(result.to_dict() if result else {}),
        }
        print(json.dumps(files.finite(record), allow_nan=False))
    if status.status in ("failed", "interrupted"):
        print(status.message, file=sys.stderr)
        return 1 if status.fault == "user" else 3
    if not options.json:
        print("\n".join([status.message, *_told(result)]))
    return 0


def _told(result: "RangeTest | None") -> list[str]:
    if result is None or result.valley is None:
        return []
    valley, steep = result.valley, result.steep
    return [
        f"valley {valley:.2e} (the middle of the longest fall), steep {steep:.2e} (the fastest fall); "
        f"{result.steps} steps, {duration(result.seconds)}",
        f"take it with --set training.learning_rate={valley:.2g}",
    ]
