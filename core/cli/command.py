"""What a module of `core.cli` has to be: it adds its commands to the parser of `python -m core`."""

import argparse
from collections.abc import Callable
from typing import Protocol

Run = Callable[[argparse.Namespace], int]
"""What a command does with its options; gives the exit code."""

AddCommand = Callable[[str, Run, str], argparse.ArgumentParser]
"""Adds a command by its name, what it does and a sentence of help; gives its parser, which has `--json`."""


class Command(Protocol):
    """A module with one command, or with a few that belong together."""

    def add_parser(self, command: AddCommand) -> None:
        """Adds what it has."""
