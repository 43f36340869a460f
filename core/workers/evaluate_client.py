"""Evaluates a model from elsewhere on a dataset, in a process of its own."""

import json

from core.errors import ModelError, RunError
from core.store.runs import Run
from core.workers.predict_client import require_model
from core.workers.run_module import run_module
from core.workers.try_model_client import is_imported

SECONDS = 1800.0
"""Longest that it may take: some 20,000 images of a small network."""


def evaluate_on(run: Run, reference: str) -> int:
    """Keeps the model's answers to a dataset's images, and their figures, with its run.

    Args:
        run: Run. A model from elsewhere; of one that was trained here the held-out images stay what they are.
        reference: str. The dataset, whose classes are the model's.

    Returns:
        Number of images.

    Raises:
        ModelError: its classes are not the model's, or it cannot be asked.
        RunError: it was trained here, or has no model.
    """
    if not is_imported(run):
        raise RunError(f"run {run.id} was trained here and has held-out images of its own; this is for imported models")
    require_model(run)
    done = run_module("core.engine.jobs.evaluate_on", run.path.resolve(), reference, seconds=SECONDS)
    if not done.in_time:
        raise ModelError(f"the evaluation took more than {SECONDS / 60:.0f} minutes; give fewer images")
    if done.code or not done.out.strip():
        raise ModelError(f"the evaluation failed: {done.last_line[:200] or 'its process ended'}")
    record = json.loads(done.out.splitlines()[-1])
    if "error" in record:
        raise ModelError(str(record["error"]))
    return int(record["images"])
