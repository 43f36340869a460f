"""How long a visitor's training may wait and train, where anybody may start one.

A visitor is a browser session: after a reload the same person is another visitor, who may not stop what was started
before. Without a limit whoever fills the queue and leaves would keep everybody else from training.
"""

import contextlib
import time
from collections.abc import Iterable
from typing import Any

from core.access.limits import Policy
from core.errors import UserError
from core.store.folder import JobFolder
from core.store.folder_store import FolderStore
from core.store.index import read_status
from core.store.parked import parked
from core.store.status import Status
from core.workers import launch

PATIENCE_SECONDS = 60.0
"""One that was asked to stop and has not stopped after so long is ended."""


def enforce(limits: Policy, stores: Iterable[FolderStore[Any]]) -> None:
    """Stops every training or search of a visitor that has waited or worked for longer than the limits allow.

    Args:
        limits: Policy. Where a limit is 0 there is none.
        stores: FolderStores. Of what a visitor may start.
    """
    seen = _begun()
    active = {run.id: (run, status) for run, status in _visitors(stores)}
    for gone in set(seen) - set(active):
        del seen[gone]
    for run, status in active.values():
        if reason := _reason(status, seen.setdefault(run.id, {}), limits):
            with contextlib.suppress(UserError):  # it has just ended, or its folder cannot be written
                _stop(run, seen[run.id], reason)


def words(limits: Policy) -> str:
    """The limits in a sentence for whoever is about to start a training; empty where there are none."""
    if not limits.training_seconds:
        return ""
    return (
        f"A training run is stopped after {limits.training_seconds / 60:.0f} minutes, and a queued one that has waited "
        f"{limits.waiting_seconds / 60:.0f} minutes is removed. After reloading the page you are a new visitor and "
        "cannot stop what you have started; these limits do."
    )


def _visitors(stores: Iterable[FolderStore[Any]]) -> list[tuple[JobFolder, Status]]:
    """What is running or waits and was started from a page; the operator's own, from the command line, has no owner."""
    runs = [run for store in stores for run in store.list() if read_status(run).is_active]
    return [(run, status) for run in runs if (status := launch.poll(run)).is_active and run.owner()]


def _reason(status: Status, seen: dict[str, float], limits: Policy) -> str:
    now = time.monotonic()
    if status.status == "queued":
        seen.pop("working", None)  # it was resumed
        if limits.waiting_seconds and now - status.queued > limits.waiting_seconds:
            return f"Removed after waiting {limits.waiting_seconds / 60:.0f} minutes, the limit of this server."
        return ""
    began = seen.setdefault("working", now)
    if limits.training_seconds and now - began > limits.training_seconds:
        minutes = limits.training_seconds / 60
        return f"Stopped after {minutes:.0f} minutes, the limit of this server; the model so far is kept."
    return ""


def _stop(run: JobFolder, seen: dict[str, float], reason: str) -> None:
    asked = seen.setdefault("asked", time.monotonic())
    if not run.stop_requested():
        seen["asked"] = time.monotonic()
        launch.stop(run, reason)
    elif time.monotonic() - asked > PATIENCE_SECONDS:
        launch.end_now(run)


def _begun() -> dict[str, dict[str, float]]:
    """When this process first saw each running training, and when it asked it to stop; by id.

    Steady time: a clock that is set ends nobody's training.
    """
    begun: dict[str, dict[str, float]] = parked("time_limits", begun=dict).begun
    return begun
