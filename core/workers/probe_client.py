"""Client for probes of two runs: another process computes them, for callers that must not import TensorFlow."""

from pathlib import Path
from typing import TYPE_CHECKING

from core.compare.compare import probe_path, stored_probe
from core.errors import RunError
from core.store.runs import Run
from core.workers.run_module import run_module

if TYPE_CHECKING:
    from core.store.job_records import ProbeStage

SECONDS = 300.0
"""Most a probe may take: TensorFlow's import and 16 images through two networks take about 20."""


def probe(a: Run, b: Run) -> "list[ProbeStage]":
    """The largest difference of two saved models at every stage, on the same images; measured once and kept.

    Args:
        a: Run. With a model.
        b: Run. With a model.

    Returns:
        What was found at each stage, in the order of the computation.

    Raises:
        RunError: a run has no model, the runs have no image in common, or the process failed.
    """
    for run in (a, b):
        if not run.has_model():
            raise RunError(f"run {run.id} has no model yet, so no images can be passed through it")
    if (known := stored_probe(a, b)) is None:
        _measure(a, b, probe_path(a, b))
        known = stored_probe(a, b)
    if known is None:
        raise RunError("comparing the activations of the two runs gave no result")
    return known


def _measure(a: Run, b: Run, out: Path) -> None:
    try:
        ended = run_module("core.engine.jobs.probe", a.path.resolve(), b.path.resolve(), out, seconds=SECONDS)
    except OSError as error:
        raise RunError(f"comparing the activations of the two runs could not be started: {error.strerror}") from error
    if not ended.in_time:
        raise RunError(
            f"comparing the activations of the two runs timed out: 16 images were not through both models after "
            f"{SECONDS:.0f} "
            "s, perhaps because the machine is busy; try again later"
        )
    if ended.code == 1:
        raise RunError(ended.last_line or "comparing the activations of the two runs failed")
    if ended.code:
        raise RunError(f"comparing the activations of the two runs failed (exit code {ended.code})")
