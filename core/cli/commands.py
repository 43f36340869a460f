"""All commands of `python -m core`, in the order in which the help lists them, and their parser."""

import argparse

from core.cli import (
    bisect,
    cache,
    check,
    compare,
    evaluate,
    export,
    fetch,
    find_rate,
    import_model,
    import_run,
    import_script,
    labels,
    predict,
    puzzle,
    recorder,
    remember,
    report,
    runs,
    scan,
    split,
    sweep,
    train,
    unpack,
    why,
)
from core.cli.command import Command, Run

COMMANDS: tuple[Command, ...] = (
    *(why, scan, split, labels, fetch, unpack, check, compare, bisect, import_script, import_model),
    *(cache, export, report, import_run, recorder),
    *(train, runs, find_rate, sweep, puzzle, predict, evaluate, remember),
)  # fmt: skip


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(prog="python -m core", description="Parity without a browser.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, function: Run, text: str) -> argparse.ArgumentParser:
        sub = subparsers.add_parser(name, help=text, description=text)
        sub.set_defaults(command=function)
        sub.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else")
        return sub

    for command in COMMANDS:
        command.add_parser(add)
    return parser


def with_negative_values(arguments: list[str]) -> list[str]:
    """`--pixels -1..1` in one piece: argparse would take what begins with a minus for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--pixels" and argument.startswith("-1"):
            joined[-1] = f"--pixels={argument}"
        else:
            joined.append(argument)
    return joined
