"""The parser of the command line: every command, and no more imports than the one that is asked for needs."""

import argparse
import importlib
from pathlib import Path
from typing import Any

import pytest

from core.cli import commands

ROOT = Path(__file__).resolve().parents[2]


def named(parser: argparse.ArgumentParser) -> list[str]:
    (action,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return list(action.choices)


def test_each_module_has_the_commands_it_is_listed_with_and_none_is_left_out() -> None:
    expected = [name for names in commands.MODULES.values() for name in names]
    assert named(commands.make_parser()) == expected
    for module, names in commands.MODULES.items():
        assert named(commands.make_parser([names[-1]])) == list(names), module
    with_commands = {
        path.stem for path in (ROOT / "core/cli").glob("*.py") if "def add_parser(command" in path.read_text()
    }
    assert with_commands == set(commands.MODULES)


def test_only_the_module_that_is_asked_for_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    imported: list[str] = []
    real = importlib.import_module

    def note(name: str) -> Any:
        imported.append(name)
        return real(name)

    monkeypatch.setattr("core.cli.commands.import_module", note)
    commands.make_parser(["delete", "x"])
    assert imported == ["core.cli.runs"]


@pytest.mark.parametrize("words", [["-h"], ["nonsense"], []])
def test_help_and_a_mistake_know_every_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        commands.make_parser(words).parse_args(words)
    said = "".join(capsys.readouterr())
    assert not words or ("find-rate" in said and "import-run" in said and "restore" in said)
