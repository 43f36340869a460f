"""What commands print: one JSON object, the answer of a job that has ended, its trials as they come."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from core import files
from core.cli.terminal import Line
from core.store.status import Status

Record = dict[str, Any]

R = TypeVar("R", bound=Mapping[str, Any])


def print_json(record: Mapping[str, Any]) -> int:
    """Prints one JSON object on stdout, what is not finite as null; returns the exit code 0."""
    print(json.dumps(files.finite(dict(record)), allow_nan=False))
    return 0


SAME_COMMAND = "The same command resumes."


def print_answer(
    status: Status,
    record: Mapping[str, Any],
    told: Callable[[], Iterable[str]],
    *,
    as_json: bool,
    resumes: bool = False,
) -> int:
    """Prints what came of a job that was followed to its end.

    Args:
        status: Status. The final one.
        record: dict. The whole answer as JSON has it; how the job has ended is added.
        told: callable. The answer in lines; asked for only where the job has neither failed nor been cut off.
        as_json: bool.
        resumes: bool. Whether the same command goes on with a job that has ended early, which is told then. Defaults to
            no.

    Returns:
        The exit code: 0, 1 for something the person can put right, 3 for a failure inside.
    """
    if as_json:
        print_json({**record, "status": status.status, "message": status.message})
    if status.status in ("failed", "interrupted"):
        print(status.message, file=sys.stderr)
        if resumes and status.status == "interrupted":
            print(SAME_COMMAND, file=sys.stderr)
        return 1 if status.fault == "user" else 3
    if not as_json:
        early = [SAME_COMMAND] if resumes and status.status == "stopped" else []
        for line in (*told(), *early):
            print(line)
    return 0


def new_rows(rows: Callable[[], Sequence[R]], describe: Callable[[R], str]) -> Callable[[Line], None]:
    """For `terminal.follow`: shows each trial that has ended, once.

    Args:
        rows: callable. The trials as they are now.
        describe: callable. One line on a trial.
    """
    seen: set[str] = set()

    def look(line: Line) -> None:
        for row in rows():
            if row["status"] in ("finished", "failed") and row["name"] not in seen:
                seen.add(row["name"])
                line.show(describe(row), lasting=True)

    return look
