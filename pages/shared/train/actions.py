"""Starts a run from a page.

Nothing is drawn in here: a second click cannot come between starting a run and noting that it was started.
"""

import threading
from collections.abc import Container

from core import access, paths
from core.access import Action
from core.config import RunConfig
from core.store.recent import Recent
from core.store.runs import Run, RunStore
from core.workers import launch, predict_client
from pages.shared.run.at_work import active_runs, require_turn
from pages.shared.shell.access import guarded, person

_lock = threading.Lock()
_started: Recent[str, str] = Recent()
"""Token of a filled form -> id of the run it started."""


@guarded(Action.TRAIN)
def start_once(token: str, config: RunConfig) -> Run:
    """Makes and starts a run; the same token again gives the same run and starts nothing.

    Raises:
        AccessError: the person may not, or the mode does not allow such a training.
        RunError: the run folder cannot be written, the worker cannot be started, or too many runs wait.
    """
    limits = access.policy()
    limits.check(config, paths.data_root(), paths.uploads_folder(), paths.collections_folder())
    with _lock:
        if token in _started:
            return RunStore().get(_started[token])
        require_turn()
        if limits.mode == access.PUBLIC:
            predict_client.release()  # its memory is the training's now
        run = RunStore().create(config, owner=person().name)
        launch.start(run, parent_pipe=True)
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
