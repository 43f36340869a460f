"""Starts a run from a page.

Nothing is drawn in here: a second click cannot come between starting a run and noting that it was started.
"""

import threading
from collections.abc import Container

from core.access.roles import Action
from core.config import RunConfig
from core.jobs.spec import RunSpec
from core.progress import Progress
from core.store.recent import Recent
from core.store.runs import Run, RunStore
from core.workers import launch
from pages.shared.run.at_work import active_runs
from pages.shared.shell import jobs
from pages.shared.shell.access import guarded

_lock = threading.Lock()
_started: Recent[str, str] = Recent()
"""Token of a filled form -> id of the run it started."""


@guarded(Action.TRAIN)
def start_once(token: str, config: RunConfig, progress: Progress | None = None) -> Run:
    """Makes and starts a run; the same token again gives the same run and starts nothing.

    Raises:
        AccessError: the person may not, or the mode does not allow such a training.
        UserError: the dataset or a setting cannot be used, nothing can be started, or too many jobs wait.
    """
    spec = RunSpec(config).admit(progress)
    with _lock:
        if token in _started:
            return RunStore().get(_started[token])
        run = jobs.begin("run", spec)
        _started[token] = run.id
        return run


@guarded(Action.TRAIN)
def get_ready() -> None:
    """Lets a worker load TensorFlow while the form is filled; not beside a training, which needs the machine."""
    if not active_runs():
        launch.get_ready()


def used_tokens() -> Container[str]:
    """Tokens that have started a run."""
    return _started.keys()
