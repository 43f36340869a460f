"""Settings on the command line, `--preset P` and `--set KEY=VALUE`, shared by all commands that take them."""

import argparse
import shlex
from collections.abc import Mapping

from core.cli.layout import add_layout, heed_layout
from core.config import PRESETS, RunConfig, make_config, merged
from core.errors import ConfigError
from core.store.runs import RunStore

DATASET_HELP = "a folder with train/, val/, ..., a folder of class folders, or the word: sample"


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Adds DATASET, `--preset` and `--set` to a command."""
    parser.add_argument("dataset", metavar="DATASET", help=DATASET_HELP)
    add_layout(parser)
    parser.add_argument("--preset", default="recommended", metavar="P", help=", ".join(PRESETS))
    parser.add_argument("--like", metavar="RUN", help="start from the settings of a run instead of a preset")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="one setting; may be repeated")


def read_config(options: argparse.Namespace, name: str = "") -> RunConfig:
    """The configuration that a command's options ask for.

    Raises:
        ConfigError: names the first setting that is unknown or outside what is allowed.
        DataError: what `--layout` says cannot be kept.
        RunError: the run whose settings are asked for does not exist, or cannot be read.
    """
    heed_layout(options)
    like = RunStore().get(options.like).config().settings() if options.like else {}
    return make_config(options.dataset, merged(like, read_settings(options.set)), preset=options.preset, name=name)


def read_settings(pairs: list[str], option: str = "--set") -> dict[str, str]:
    """`["data.batch_size=20"]` as `{"data.batch_size": "20"}`; `option` is what the pairs came with.

    Raises:
        ConfigError: a pair has no equals sign.
    """
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"{option} {pair}: KEY=VALUE is expected, for instance {option} data.batch_size=20")
        settings[key.strip()] = value.strip()
    return settings


def set_options(settings: Mapping[str, object]) -> str:
    """Settings as options of a command line, for a shell: lists of layers or steps have spaces."""
    return " ".join(f"--set {shlex.quote(f'{key}={value}')}" for key, value in settings.items())
