"""Settings as options of a command line."""

import shlex

from core.cli.settings import read_settings, set_options


def test_what_a_shell_reads_of_printed_options_are_the_settings() -> None:
    settings = {"model.head": "batch_norm, dense 4 tanh", "training.epochs": 3, "data.group_pattern": r"(\d+)_'$x"}
    words = shlex.split(set_options(settings))
    assert words[::2] == ["--set"] * 3
    assert read_settings(words[1::2]) == {key: str(value) for key, value in settings.items()}
    assert set_options({"training.epochs": 3}) == "--set training.epochs=3", "nothing is quoted without need"
