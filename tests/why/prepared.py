"""A question of two scripts whose steps end at once: what its trainings and its search say is made up."""

import dataclasses
from typing import Any

import pytest

from core import files
from core.bisect.store import Bisect
from core.engine.jobs import steps
from core.engine.jobs import why as worker
from core.engine.reporter import Reporter
from core.store.folder import JobFolder
from core.store.runs import Run, Status
from core.why.side import preset_side, read_side
from core.why.store import Why, WhySpec
from core.workers import launch

FOUND = {"verdict": "single", "factors": ["data.shuffle"], "good": "a", "sentence": "data.shuffle did it."}

ACCURACIES = {"first.py": 0.775, "second.py": 0.9, "second.py, repaired": 0.775}
"""Of one training each: the script at fault looks better, and its cure seems to do harm."""


def end_at_once(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Every step ends as it is begun; gives what the search will say, to be changed."""
    says: dict[str, Any] = dict(FOUND)

    def end(job: JobFolder, *, parent_pipe: bool) -> None:
        assert parent_pipe
        if isinstance(job, Run):
            _trained(job)
        if isinstance(job, Bisect):
            job.write_result({**job.result(), **says})
        job.write_status(dataclasses.replace(job.read_status(), status="finished", pid=None))

    monkeypatch.setattr(steps, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(launch, "start", end)
    return says


def _trained(run: Run) -> None:
    part = [{"path": f"{k}.png", "sha256": f"{k}", "label": "ab"[k % 2], "split": "train"} for k in range(8)]
    files.write_json(run.path / "manifest.json", {"classes": ["a", "b"], "train": part, "val": part})
    run.add_event("epoch", epoch=1, val_accuracy=0.5)
    accuracy = ACCURACIES.get(run.title(), 0.5)
    figures = {"count": 40, "correct": round(40 * accuracy), "accuracy": accuracy, "auc": 0.9}
    files.write_json(run.path / "evaluation.json", {"classes": ["a", "b"], "val": figures})


def ask(first: str, second: str = "") -> Why:
    a = read_side(first.encode(), "first.py", "sample")
    b = read_side(second.encode(), "second.py", "sample") if second else preset_side("sample")
    return WhySpec(a, b, 5).make("tom")


def carry_through(why: Why) -> None:
    """Has a question answered."""
    status, message = worker.explain(Reporter(why))
    assert status == "finished", message
    why.write_status(Status(status=status, message=message, created=1e9))


def trials(values: dict[tuple[str, ...], tuple[float, float]], seeds: int, key: str = "data.shuffle") -> dict[str, Any]:
    """What a search keeps: by the settings that have run B's value the mean accuracy and AUC, over seeds from 2 on."""
    rows: list[dict[str, Any]] = [
        {
            "name": "a trial", "base": "a", "settings": {}, "from_b": list(switched), "seed": seed, "run": None,
            "value": accuracy + 0.05 * (seed % 2), "auc": auc + 0.002 * (seed % 3), "interval": [0.0, 1.0],
            "status": "finished", "seconds": 1.0,
        }
        for switched, (accuracy, auc) in values.items()
        for seed in range(2, 2 + seeds)
    ]  # fmt: skip
    return {"arms": rows, "candidates": [key], "images": 40, "part": "val"}


BY_AUC = {"decided_by": "auc", **trials({(): (0.78, 0.984), ("data.shuffle",): (0.8, 0.975)}, seeds=12)}
"""Accuracy does not tell the two apart, and the AUC over 12 seeds does."""
