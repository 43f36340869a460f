"""Trains a configuration in this process, as the worker would in its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.config import make_config
from core.runs import Run, RunStore

Train = Callable[..., Run]


@pytest.fixture
def train_here() -> Train:
    """A function `train_here(folder, {"data.image_size": 48, ...}, preset=...)` that gives the finished run."""

    def train_run(folder: Path, settings: dict[str, Any], preset: str = "recommended") -> Run:
        from core.engine.reporter import Reporter
        from core.engine.train import train

        run = RunStore().create(make_config(str(folder), settings, preset=preset))
        reporter = Reporter(run)
        reporter.finish(train(reporter), "")
        return run

    return train_run
