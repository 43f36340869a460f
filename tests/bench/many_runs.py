"""Homes with many finished runs, as the engine leaves them."""

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_STARTED = 1_700_000_000


@contextlib.contextmanager
def home_with_runs(count: int, epochs: int, *, whole: bool = False) -> Iterator[Path]:
    """A home below the system's folder for temporary files, named by PARITY_HOME and removed in the end.

    Args:
        count: Runs in it.
        epochs: Of each.
        whole: Whether they have images, figures, findings and tags too. Defaults to no.
    """
    before, home = os.environ.get("PARITY_HOME"), Path(tempfile.mkdtemp(prefix="parity-runs-"))
    os.environ["PARITY_HOME"] = str(home)
    try:
        make_runs(home, count, epochs)
        if whole:
            _add_records(home)
        yield home
    finally:
        shutil.rmtree(home)
        if before is None:
            del os.environ["PARITY_HOME"]
        else:
            os.environ["PARITY_HOME"] = before


def make_runs(home: Path, count: int, epochs: int) -> None:
    """Finished runs with files of their own, as the engine leaves them."""
    from core.config import make_config

    events = "".join(json.dumps(epoch_record(number, epochs)) + "\n" for number in range(1, epochs + 1))
    for k in range(count):
        created = _STARTED + 60 * k
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(created))
        folder = home / "runs" / f"{stamp}-{k % 1000:03}-{k:06x}"
        folder.mkdir(parents=True)
        config = make_config("sample", {"training.epochs": epochs}, name=f"run {k}")
        status = {"status": "finished", "message": "Completed.", "created": created, "epoch": epochs,
                  "epochs": epochs, "seconds": {"total": 60.0}}  # fmt: skip
        (folder / "config.json").write_text(json.dumps(config.to_dict()), encoding="utf-8")
        (folder / "status.json").write_text(json.dumps(status), encoding="utf-8")
        (folder / "events.jsonl").write_text(events, encoding="utf-8")


def epoch_record(number: int, epochs: int) -> dict[str, Any]:
    """What events.jsonl says of an epoch."""
    far = number / epochs
    values = {"loss": 0.7 - far / 2, "accuracy": 0.5 + far / 3, "auc": 0.5 + far / 2.1}
    held_out = {f"val_{name}": value + 0.01 for name, value in values.items()}
    return {"event": "epoch", "time": 1.8e9 + number, "epoch": number, "phase": "training", "seconds": 0.0851234567,
            **values, **held_out}  # fmt: skip


def _add_records(home: Path) -> None:
    """What a finished run has besides: images, figures, findings, tags."""
    images = [{"path": f"{k}.png", "label": "ab"[k % 2], "sha256": f"{k:064x}"} for k in range(200)]
    manifest = json.dumps({"root": "/data", "classes": ["a", "b"], "train": images, "val": images[:40]})
    rates = [k / 100 for k in range(101)]
    part = {
        "accuracy": 0.9, "count": 40, "correct": 36, "auc": 0.95,
        "per_class": [{"class": c, "precision": 0.9, "recall": 0.9, "f1": 0.9, "support": 20} for c in "ab"],
        "roc": {"b": {"false_positive_rate": rates, "true_positive_rate": rates, "auc": 0.5}},
    }  # fmt: skip
    evaluation = json.dumps({"classes": ["a", "b"], "weights": "the last", "val": part})
    findings = json.dumps({"findings": [{"id": "x", "severity": "warning", "claim": "Something."}]})
    for k, run in enumerate((home / "runs").iterdir()):
        (run / "manifest.json").write_text(manifest, encoding="utf-8")
        (run / "evaluation.json").write_text(evaluation, encoding="utf-8")
        (run / "findings.json").write_text(findings, encoding="utf-8")
        (run / "note.json").write_text(json.dumps({"text": "", "tags": [f"t{k % 5}"]}), encoding="utf-8")
