"""Sweeps on disk: one folder a sweep, beside the runs, with the same files for status, stop and lock.

sweeps/<id>/config.json   {"kind": "sweep", "config": what is not varied, "arms": [{key: value}], "budget_minutes"}
            result.json   replaced whole whenever an arm starts or ends; see `sweep_arms.SweepLedger`
            status.json  worker.log  stop  lock     as in a run
"""

import math
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import files, launch, paths
from core.config import RunConfig
from core.errors import ConfigError, RunError
from core.runs import RESUMABLE, Run, RunStore, Status
from core.sweep_plan import Arm, arm_name

KIND = "sweep"

BUDGET_MINUTES = 30.0
"""What a sweep may take unless the person says otherwise."""


class Sweep(Run):
    """One sweep folder: a job with a worker, like a run; what it trains are run folders of their own.

    Args:
        path: Path. The folder; it exists.
    """

    def config(self) -> RunConfig:
        """What is not varied.

        Raises:
            RunError: the file is absent or damaged.
        """
        try:
            return RunConfig.from_dict(self._settings()["config"])
        except (KeyError, ConfigError) as error:
            raise RunError(f"sweep {self.id} cannot be read: {error}") from error

    def arms(self) -> list[Arm]:
        """The values of the varied settings, arm by arm."""
        return [arm for arm in self._settings().get("arms", []) if isinstance(arm, dict)]

    def budget_minutes(self) -> float:
        """What it may take in all, waiting for its turn not counted."""
        return float(self._settings().get("budget_minutes", BUDGET_MINUTES))

    def result(self) -> dict[str, Any]:
        """What result.json says; empty before there is one."""
        record = files.read_json(self.path / "result.json")
        return record if isinstance(record, dict) else {}

    def write_result(self, record: dict[str, Any]) -> None:
        """Replaces result.json."""
        files.write_json(self.path / "result.json", record)

    def write_budget(self, minutes: float) -> None:
        """Replaces the budget in config.json."""
        files.write_json(self.path / "config.json", {**self._settings(), "budget_minutes": minutes})

    def _settings(self) -> dict[str, Any]:
        record = files.read_json(self.path / "config.json")
        return record if isinstance(record, dict) else {}


class SweepStore:
    """All sweeps below one folder.

    Args:
        root: Path. Defaults to the folder the environment says.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or paths.home() / "sweeps"

    def create(
        self, base: RunConfig, arms: Sequence[Arm], budget_minutes: float = BUDGET_MINUTES, owner: str = ""
    ) -> Sweep:
        """Makes the folder of a new sweep, queued.

        Args:
            base: RunConfig. What is not varied.
            arms: sequence of dict. From `sweep_plan.plan`.
            budget_minutes: float. What it may take.
            owner: str. Who starts it. Defaults to nobody in particular.

        Raises:
            RunError: the folder cannot be written.
            ConfigError: the budget is no positive number.
        """
        check_budget(budget_minutes)
        now = time.time()
        stamp = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{int(now * 1000) % 1000:03}"
        sweep = Sweep(self.root / f"{stamp}-{secrets.token_hex(3)}")
        record = {"kind": KIND, "config": base.to_dict(), "arms": list(arms), "budget_minutes": budget_minutes}
        try:
            sweep.path.mkdir(parents=True)
            files.write_json(sweep.path / "config.json", record)
            if owner:
                files.write_json(sweep.path / "owner.json", owner)
            sweep.write_result(empty_result(sweep))
            sweep.write_status(Status.in_queue(now))
        except OSError as error:
            raise RunError(f"no sweep can be made in {self.root}: {error.strerror}") from error
        return sweep

    def find(self, sweep_id: str) -> Sweep | None:
        """The sweep of that id; None when there is none."""
        return next((sweep for sweep in self.list() if sweep.id == sweep_id), None)

    def list(self) -> list[Sweep]:
        """All sweeps, the newest first."""
        return [Sweep(run.path) for run in RunStore(self.root).list()]


def is_sweep(path: Path) -> bool:
    """Whether a job's folder is that of a sweep."""
    record = files.read_json(path / "config.json")
    return isinstance(record, dict) and record.get("kind") == KIND


def empty_result(sweep: Sweep) -> dict[str, Any]:
    """The result before anything was trained; every key that it will ever have."""
    arms = sweep.arms()
    rows = [
        {
            "name": arm_name(arm), "settings": arm, "run": None, "status": "waiting", "value": None, "interval": None,
            "loss": None, "auc": None, "epochs": None, "seconds": 0.0,
        }
        for arm in arms
    ]  # fmt: skip
    return {
        "id": sweep.id,
        "metric": "val_accuracy of the weights that were kept",
        "varied": list(dict.fromkeys(key for arm in arms for key in arm)),
        "arms": rows,
        "best": None,
        "sentence": "",
        "cost": {"spent_minutes": 0.0, "budget_minutes": sweep.budget_minutes()},
    }


def start_sweep(sweep: Sweep, parent_pipe: bool) -> None:
    """Starts the worker of a queued sweep; see `launch.start`."""
    launch.start(sweep, parent_pipe=parent_pipe)


def stop_sweep(sweep: Sweep) -> None:
    """Asks the worker to stop after the batch it is at; what was tried is kept.

    Raises:
        RunError: it is not at work.
    """
    status = launch.poll(sweep)
    if not status.is_active:
        raise RunError(f"sweep {sweep.id} is not at work: it is {status.status}")
    sweep.request_stop()


def resume_sweep(sweep: Sweep, parent_pipe: bool, more_minutes: float | None = None) -> None:
    """Goes on with a sweep that has ended early; arms that have finished are not trained again.

    Args:
        sweep: Sweep.
        parent_pipe: bool. See `launch.start`.
        more_minutes: float. What it may take beyond what it has taken. Defaults to its whole budget once more.

    Raises:
        RunError: it is at work, or has come to its end.
        ConfigError: the budget is no positive number.
    """
    status = launch.poll(sweep)
    if status.status not in RESUMABLE:
        state = "is still at work" if status.is_active else "has come to its end"
        raise RunError(f"sweep {sweep.id} {state}; only one that has ended early can be resumed")
    more = sweep.budget_minutes() if more_minutes is None else more_minutes
    check_budget(more)
    sweep.write_budget(float(sweep.result().get("cost", {}).get("spent_minutes", 0.0)) + more)
    launch.resume(sweep, parent_pipe=parent_pipe)


def check_budget(minutes: float) -> None:
    """Raises ConfigError for a budget that is no positive number of minutes."""
    if not (math.isfinite(minutes) and minutes > 0):
        raise ConfigError(f"the budget is {minutes} minutes; give a number above 0")
