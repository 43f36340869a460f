"""What a page can set going: the puzzle and a run.

No Streamlit in here: a second click cannot come between starting a run and noting that it was started.
"""

import threading
from collections.abc import Container

from core import launch
from core.admission import admit
from core.config import RunConfig, make_config
from core.data.dataset import SAMPLE
from core.errors import RunError
from core.runs import Run, RunStore

PUZZLE = {"Puzzle: bottleneck": "question-bottleneck", "Puzzle: end to end": "question-end-to-end"}
"""Name of the run -> its preset, in the order in which they train."""

_lock = threading.Lock()
_started: dict[str, str] = {}
"""Token of a filled form -> id of the run it started."""


def start_puzzle() -> Run:
    """Queues the puzzle's two runs and gives the first; one that is already under way is given instead.

    Raises:
        UserError: the sample set, the weights or a run folder cannot be used.
    """
    with _lock:
        if running := puzzle_under_way():
            return running
        configs = [admit(make_config(SAMPLE, {}, preset=preset, name=name))[0] for name, preset in PUZZLE.items()]
        runs = [RunStore().create(config) for config in configs]
        for run in runs:
            launch.start(run, parent_pipe=True)
        return runs[0]


def puzzle_under_way() -> Run | None:
    """The earliest puzzle run that is queued or training."""
    active = [run for run in active_runs() if _name(run) in PUZZLE]
    return active[-1] if active else None


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


def _name(run: Run) -> str:
    try:
        return run.config().name
    except RunError:
        return ""
