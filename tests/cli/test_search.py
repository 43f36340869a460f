"""`search` on the command line: what is refused before anything is scanned."""

import argparse
from typing import Any

import pytest

from core.cli import search as search_command
from core.errors import ConfigError


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()

    def command(name: str, function: Any, text: str) -> argparse.ArgumentParser:
        parser.set_defaults(command=function, json=True)
        return parser

    search_command.add_parser(command)
    return parser.parse_args(arguments)


@pytest.mark.parametrize("option", ["--networks", "--sizes", "--heads", "--rates"])
@pytest.mark.parametrize("text", ["", " ", ",;"])
def test_an_option_without_values_does_not_stand_for_the_defaults(option: str, text: str) -> None:
    mark = ";" if option == "--heads" else ","
    chosen = options("sample", option, text.replace(",;", mark))
    with pytest.raises(ConfigError, match=rf"^{option} has no values; leave it out to try the default ones$"):
        search_command.search(chosen)
