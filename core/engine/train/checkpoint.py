"""Checkpoint after every finished epoch; Resume goes on from it to the same numbers as an unbroken run.

Keras' own saves overwrite in place and its BackupAndRestore goes on silently with fresh weights when a file is
missing. Here every file is replaced whole and named by its hash in `state.json`, which also names the one before.
"""

import hashlib
import io
import re
import shutil
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from core import files
from core.errors import RunError, UserError
from core.sizes import in_words

_NAME = re.compile(r"[0-9a-f]{40}\.npz")

_SPARE = 3
"""So many times its size must be free before a checkpoint is written."""


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Attributes:
        phase: str. Its name; see core/engine/train/phases.py.
        epoch: int. Epochs finished in all.
        start: int. Epochs that were finished when the phase began.
        complete: bool. Whether the phase has come to its end.
        best_loss: float or None. Lowest validation loss of the phase.
        best_epoch: int. Number of the epoch it belongs to, from 1.
        waited: int. Epochs since then.
    """

    phase: str = "training"
    epoch: int = 0
    start: int = 0
    complete: bool = False
    best_loss: float | None = None
    best_epoch: int = 0
    waited: int = 0


@dataclass(frozen=True)
class Checkpoint:
    """Progress together with the arrays that belong to it.

    Attributes:
        progress: Progress.
        arrays: list of arrays: every variable of the model and the optimizer, dropout's seed state among them.
        best: list of arrays or empty. The variables of the best epoch, when early stopping needs them.
    """

    progress: Progress
    arrays: list[Any] = field(default_factory=list)
    best: list[Any] = field(default_factory=list)


class CheckpointFolder:
    """The `resume` folder of a run.

    Args:
        folder: Path. Made when it is first written.

    Attributes:
        fell_back: bool. Whether the newest checkpoint was damaged and `load` gave the one before it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fell_back = False
        self._state = [entry for entry in _entries(files.read_json(folder / "state.json")) if _is_whole(entry)]

    def save(self, checkpoint: Checkpoint) -> None:
        """Writes the checkpoint beside the one before; only then the one before that is removed.

        Raises:
            UserError: the disk has no room for it; nothing was written, and the one before is still there.
        """
        self._require_room(checkpoint)
        record = {
            "progress": asdict(checkpoint.progress),
            "arrays": self._write(checkpoint.arrays),
            "best": self._write(checkpoint.best),
        }
        self._state = [record, *self._state[:1]]
        files.write_json(self.folder / "state.json", self._state)
        named = {entry[part] for entry in self._state for part in ("arrays", "best")}
        for path in self.folder.glob("*.npz"):
            if path.name not in named:
                path.unlink(missing_ok=True)

    def load(self) -> Checkpoint | None:
        """The newest checkpoint that is whole; None when none was ever finished: arrays alone are of one that was
        broken off.

        Raises:
            RunError: there are checkpoints, but all of them are damaged.
        """
        for record in self._state:
            arrays, best = self._read(record["arrays"]), self._read(record["best"])
            if arrays is not None and best is not None:
                return Checkpoint(Progress(**record["progress"]), arrays, best)
            self.fell_back = True
        if (self.folder / "state.json").exists():
            raise RunError("the checkpoint in the run's resume folder is damaged, so it cannot go on; start a new run")
        return None

    def _require_room(self, checkpoint: Checkpoint) -> None:
        """Room for this checkpoint, and for the model and the results that come after it."""
        needed = _SPARE * sum(array.nbytes for array in (*checkpoint.arrays, *checkpoint.best))
        self.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise UserError(
                f"the disk is nearly full: {in_words(free)} are free, and the next checkpoint, with the model and the "
                f"results that follow, needs {in_words(needed)}; free some space and resume the run: its last epoch is "
                "kept"
            )

    def _write(self, arrays: Sequence[Any]) -> str:
        if not arrays:
            return ""
        buffer = io.BytesIO()
        np.savez(buffer, *arrays)
        name = f"{hashlib.sha256(buffer.getbuffer()).hexdigest()[:40]}.npz"
        if not (self.folder / name).exists():
            with files.replacing(self.folder / name) as file:
                file.write(buffer.getbuffer())
        return name

    def _read(self, name: str) -> list[Any] | None:
        if not name:
            return []
        if not _NAME.fullmatch(name):
            return None
        try:
            content = (self.folder / name).read_bytes()
        except OSError:
            return None
        if f"{hashlib.sha256(content).hexdigest()[:40]}.npz" != name:
            return None
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return [stored[key] for key in stored.files]


class BackgroundSaves:
    """Writes checkpoints in a thread, one at a time, while the next epoch trains.

    Args:
        folder: CheckpointFolder.
    """

    def __init__(self, folder: CheckpointFolder) -> None:
        self._folder = folder
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._pending: Future[None] | None = None

    def begin(self, checkpoint: Checkpoint) -> None:
        """Begins to write a checkpoint, whose arrays nobody changes any more.

        Raises:
            UserError: the one before could not be written.
        """
        self.wait()
        self._pending = self._pool.submit(self._folder.save, checkpoint)

    def wait(self) -> None:
        """Waits until the last one is on the disk.

        Raises:
            UserError: it could not be written.
        """
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def close(self) -> None:
        """Waits as well, and ends the thread. Raises what `wait` raises."""
        self._pool.shutdown()
        self.wait()


def _entries(state: Any) -> list[Any]:
    return state if isinstance(state, list) else []


def _is_whole(entry: Any) -> bool:
    """Whether a record of state.json can be what `save` has written."""
    if not isinstance(entry, dict) or not all(isinstance(entry.get(part), str) for part in ("arrays", "best")):
        return False
    progress = entry.get("progress")
    if not isinstance(progress, dict) or progress.keys() != {spec.name for spec in fields(Progress)}:
        return False
    return all(isinstance(progress[name], int) for name in ("epoch", "start", "best_epoch", "waited"))
