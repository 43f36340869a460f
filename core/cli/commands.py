"""All commands of `python -m core`, in the order in which the help lists them, and their parser."""

import argparse
from collections.abc import Sequence
from importlib import import_module
from typing import cast

from core.cli.command import Command, Run

MODULES: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("why", "scan", "split", "labels", "fetch", "unpack", "check", "compare", "bisect")},
    **{"import_script": ("import-script",), "import_model": ("import-model",)},
    **{name: (name,) for name in ("cache", "export", "report")},
    **{"import_run": ("import-run",), "recorder": ("recorder",)},
    "train": ("train", "stop", "resume"),
    "runs": ("runs", "note", "rename", "delete", "restore"),
    "find_rate": ("find-rate",),
    "cross_validate": ("cv",),
    "search": ("search",),
    **{name: (name,) for name in ("sweep", "puzzle", "predict", "evaluate", "remember")},
}
"""The modules of `core.cli` that have commands, and their names: only the module that is asked for is imported, which
spares most commands half of their start."""


def make_parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser of the command line.

    Args:
        words: sequence of str. What stands on the command line. Where they begin with a command, the parser knows the
            commands of its module alone; else it knows all. Defaults to all.
    """
    parser = argparse.ArgumentParser(prog="python -m core", description="Parity on the command line.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, function: Run, text: str) -> argparse.ArgumentParser:
        sub = subparsers.add_parser(name, help=text, description=text)
        sub.set_defaults(command=function)
        sub.add_argument("--json", action="store_true", help="print only one JSON object on stdout")
        return sub

    asked = [module for module, names in MODULES.items() if words and words[0] in names]
    for module in asked or MODULES:
        cast(Command, import_module(f"core.cli.{module}")).add_parser(add)
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
