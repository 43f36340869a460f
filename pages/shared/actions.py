"""What a page can set going: a run.

No Streamlit in here: a second click cannot come between starting a run and noting that it was started.
"""

import threading
from collections.abc import Container

from core import launch
from core.config import RunConfig
from core.runs import Run, RunStore

_lock = threading.Lock()
_started: dict[str, str] = {}
"""Token of a filled form -> id of the run it started."""


def active_runs() -> list[Run]:
    """Runs that are queued or training, the newest first."""
    return [run for run in RunStore().list() if run.read_status().is_active and launch.poll(run).is_active]


def start_once(token: str, config: RunConfig) -> Run:
    """Makes and starts a run; the same token again gives the same run and starts nothing.

    Raises:
        RunError: the run folder cannot be written or the worker cannot be started.
    """
    with _lock:
        if token in _started:
            return RunStore().get(_started[token])
        run = RunStore().create(config)
        launch.start(run, parent_pipe=True)
        _started[token] = run.id
        return run


def used_tokens() -> Container[str]:
    """Tokens that have started a run."""
    return _started.keys()
