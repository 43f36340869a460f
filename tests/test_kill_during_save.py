"""A worker killed at any step of any save leaves the old record or the new one, never a half, never none."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core import files
from core.engine.train.checkpoint import CheckpointFolder
from core.store.runs import Run
from core.workers import launch
from tests.loaded_process import MARK

# Saves epoch after epoch as the engine does, and kills itself at the N-th step that reaches the disk.
PROGRAM = (
    MARK
    + """
import os, signal, sys
from pathlib import Path
import numpy as np
from core import files
from core.engine.train.checkpoint import Checkpoint, CheckpointFolder, Progress
from core.store.runs import Run, Status

folder, at, steps = Path(sys.argv[1]), int(sys.argv[2]), 0

def step():
    global steps
    steps += 1
    if steps == at:
        os.kill(os.getpid(), signal.SIGKILL)

def hook(event, arguments):
    if event in ("os.rename", "os.remove") or (event == "open" and str(arguments[0]).startswith(str(folder))):
        step()

def before(call):
    def stepping(*arguments):
        step()
        return call(*arguments)
    return stepping

run = Run(folder)
run.write_status(Status(status="running", pid=1))
checkpoints = CheckpointFolder(folder / "resume")
os.fsync, os.write = before(os.fsync), before(os.write)
sys.addaudithook(hook)
for epoch in range(1, 5):
    values = [np.full((50, 50), epoch, np.float32), np.array(epoch)]
    files.write_json(folder / "trace.json", {"epochs": list(range(epoch))})
    run.add_event("epoch", epoch=epoch, val_accuracy=epoch / 10)
    checkpoints.save(Checkpoint(Progress(epoch=epoch), values, values[:1]))
    run.write_status(Status(status="running", pid=1, epoch=epoch))
    print(epoch, flush=True)
print(steps)
"""
)


def save_until(folder: Path, step: int) -> list[str]:
    """Runs the program on a folder and kills it at a step; what it had printed until then."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), str(step)],
        cwd=launch.ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == (0 if step == 0 else -9), done.stderr
    return done.stdout.split()


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Number of steps of the whole program."""
    return int(save_until(tmp_path_factory.mktemp("whole") / "run", 0)[-1])


@pytest.mark.parametrize("share", [k / 16 for k in range(16)])
def test_at_most_one_epoch_is_lost_and_nothing_is_half_written(tmp_path: Path, steps: int, share: float) -> None:
    step = 1 + round(share * (steps - 1))
    finished = len(save_until(tmp_path / "run", step))
    run = Run(tmp_path / "run")
    stored = CheckpointFolder(run.path / "resume").load()
    epoch = stored.progress.epoch if stored else 0
    assert finished <= epoch <= finished + 1
    if stored:
        assert [float(array.flat[0]) for array in stored.arrays] == [epoch, epoch]
        assert float(stored.best[0].flat[0]) == epoch
    assert run.read_status().epoch in (finished, epoch)
    assert run.read_status().status == "running"
    assert finished <= len(run.epochs()) <= finished + 1
    assert [record.epoch for record in run.epochs()] == list(range(1, len(run.epochs()) + 1))
    trace = files.read_json(run.path / "trace.json")
    assert trace is None if finished == 0 and epoch == 0 and trace is None else len(trace["epochs"]) >= finished
    for path in run.path.glob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))


def test_what_a_killed_writer_left_is_swept_and_the_rest_stays(tmp_path: Path, steps: int) -> None:
    folder, left = tmp_path / "run", []
    for step in range(2, steps, 5):
        save_until(folder, step)
        left += list(folder.rglob(".*.tmp"))
    assert left, "no kill has left a file behind, so this test shows nothing"
    kept = {path for path in folder.rglob("*") if path not in left}
    (folder / ".model.7.tmp.keras").write_bytes(b"half a model")
    files.remove_leftovers(folder)
    assert set(folder.rglob("*")) == {path for path in kept if not path.name.endswith(".tmp")}
