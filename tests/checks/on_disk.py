"""A context of a folder on disk, and one change for every file of a context."""

import dataclasses

from core.checks.context import Context
from core.config import make_config
from core.data.dataset import open_dataset


def each(**facts):
    return lambda file: dataclasses.replace(file, **facts)


def opened(folder, settings):
    config = make_config(str(folder), settings)
    return Context(config, open_dataset(config.dataset, config.data))
