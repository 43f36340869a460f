"""Command line and environment of a worker process, shared by local processes and Ray jobs."""

import sys
from pathlib import Path

from core import paths
from core.environment import inherited
from core.store.folder import JobFolder

ROOT = Path(__file__).resolve().parent.parent.parent
"""Folder that holds `core`: a worker runs there."""

CANNOT_WRITE = 74
"""Exit code of a worker that could not write its last word (EX_IOERR of sysexits.h)."""


def worker_command(job: JobFolder, python: str = sys.executable) -> list[str]:
    """The command of a run's worker."""
    return [python, "-u", "-m", "core.worker", str(job.path)]


def worker_environment() -> dict[str, str]:
    """Environment of a worker: ours, with the home made absolute, as its working folder is another."""
    return {**inherited(), **_ours()}


def cluster_environment() -> dict[str, str]:
    """What a worker on another machine gets of our environment: what is this program's, and nothing of this machine."""
    return {**inherited(("KERAS_HOME",), prefix="PARITY_"), **_ours(), "PYTHONPATH": str(ROOT)}


def _ours() -> dict[str, str]:
    return {"PARITY_HOME": str(paths.home()), "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUTF8": "1"}
