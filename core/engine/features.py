"""Bottleneck features: what the frozen base makes of every picture, computed once and kept on disk.

A cache entry is one array of shape `(pictures, width)` for one draw of the augmentation. Its name is the hash of
all that decides its numbers, so a changed file, weight or setting can never meet stale features. A note may lie beside
it, `<key>.json`: what else was learnt of the pictures while they were decoded; it goes with the array.
"""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from core import files
from core.data.pipeline import PictureLoader, Pictures
from core.errors import UserError

Features = NDArray[np.float32]

FORMAT = 1
"""Part of every key: to be raised when decoding, resizing or augmentation change their numbers."""

BATCH = 32
"""Pictures per forward pass. The features do not depend on it (measured: bitwise equal for 1, 7, 20 and 140)."""

SPARE_BYTES = 2**30
"""Disk left free for checkpoints, models and everybody else."""


class FeatureCache:
    """Arrays of features on disk, by key; the least recently used go first when the limit is reached.

    Args:
        folder: Path. Made when it is absent.
        limit_bytes: int. Most the cache may hold. Defaults to `PARITY_CACHE_GB` (in GB of 2**30 bytes), else 20 GB.
    """

    def __init__(self, folder: Path, limit_bytes: int | None = None) -> None:
        self.folder = folder
        self.limit_bytes = _limit_from_environment() if limit_bytes is None else limit_bytes
        folder.mkdir(parents=True, exist_ok=True)

    def open(self, key: str) -> Features | None:
        """The array of that key, memory-mapped, read-only; None when it is not there or damaged."""
        path = self._path(key)
        try:
            features: Features = np.load(path, mmap_mode="r")
        except (OSError, ValueError, EOFError):
            return None
        os.utime(path)
        return features

    def __contains__(self, key: str) -> bool:
        return self._path(key).exists()

    def note(self, key: str) -> Any:
        """What `keep_note` kept beside an array that is there; else None."""
        return files.read_json(self._path(key).with_suffix(".json")) if key in self else None

    def keep_note(self, key: str, record: Any) -> None:
        """Keeps a record beside the array of that key; does nothing where there is none."""
        if key in self:
            with contextlib.suppress(OSError):  # it only saves time
                files.write_json(self._path(key).with_suffix(".json"), record)

    def build(self, key: str, shape: tuple[int, int], fill: Callable[[Features], None]) -> Features:
        """Makes the array of that key: `fill` writes it into a memory map, and it gets its name when it is whole.

        Raises:
            UserError: the disk is too full.
        """
        self.make_room(shape[0] * shape[1] * 4)
        path, partial = self._path(key), self.folder / f"{key}.{secrets.token_hex(4)}.partial"
        try:
            target = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float32, shape=shape)
            _reserve(partial)
            fill(target)
            target.flush()
            del target
            with partial.open("rb+") as file:
                os.fsync(file.fileno())  # a power cut after the rename must not leave zeros under a valid name
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return np.load(path, mmap_mode="r")  # type: ignore[no-any-return]

    def make_room(self, size: int) -> None:
        """Removes the least recently used entries until `size` bytes fit under the limit and on the disk.

        Raises:
            UserError: the disk is too full even so.
        """
        entries = sorted((p.stat().st_mtime, p.stat().st_size, p) for p in self.folder.glob("*.npy"))
        held = sum(size for _, size, _ in entries)
        while entries and (held + size > self.limit_bytes or self._free() < size + SPARE_BYTES):
            _, freed, oldest = entries.pop(0)
            _remove(oldest)
            held -= freed
        self._sweep()
        if self._free() < size + SPARE_BYTES:
            raise UserError(
                f"the features need {size / 2**30:.1f} GB, but only {self._free() / 2**30:.1f} GB are free in "
                f"{self.folder}; free some space, or set model.pooling to average, which makes them much smaller"
            )

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npy"

    def _free(self) -> int:
        return shutil.disk_usage(self.folder).free

    def _sweep(self) -> None:
        """A worker that was killed leaves its unfinished array behind."""
        for partial in self.folder.glob("*.partial"):
            if time.time() - partial.stat().st_mtime > 3600:
                partial.unlink(missing_ok=True)


def features_key(pictures: Pictures, draw: int, recipe: dict[str, Any]) -> str:
    """The name under which the features of these pictures are kept.

    Args:
        pictures: Pictures. Their hashes, size and augmentation are part of it.
        draw: int. Random version of each picture.
        recipe: dict. What else decides the numbers: backbone, hash of its weights, preprocessing, pooling, precision.
    """
    facts = {
        "format": FORMAT,
        "size": pictures.size,
        "augmentation": pictures.augmentation,
        "files": [file.sha256 for file in pictures.files],
        **recipe,
    }
    if pictures.augmentation != "none":
        facts |= {"seed": pictures.seed, "draw": draw}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:40]


def extract(base: keras.Model, pictures: Pictures, draw: int, target: Features, advance: Callable[[int], None]) -> None:
    """Pushes every picture through the base, batch by batch, into `target`.

    Args:
        base: keras.Model. Pixels in, features of shape `(n, width)` out.
        pictures: Pictures.
        draw: int. Random version of each picture.
        target: float32 array of shape `(len(pictures), width)`, written in place.
        advance: callable of the number of pictures done; may raise to give up.
    """
    forward = forward_function(base)
    starts = range(0, len(pictures), BATCH)
    batches = [np.arange(start, min(start + BATCH, len(pictures))) for start in starts]
    for start, pixels in zip(starts, PictureLoader(pictures, batches, draw), strict=True):
        target[start : start + len(pixels)] = forward(tf.constant(pixels)).numpy()
        advance(start + len(pixels))


def forward_function(model: keras.Model) -> Callable[[Any], Any]:
    """A model in inference mode as one graph from uint8 pixels; without XLA, which would round differently."""
    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)]

    @tf.function(input_signature=signature, jit_compile=False)  # type: ignore[untyped-decorator]
    def forward(pixels: Any) -> Any:
        return model(tf.cast(pixels, tf.float32), training=False)

    return forward  # type: ignore[no-any-return]


def _remove(path: Path) -> None:
    """Removes an array and its note."""
    path.with_suffix(".json").unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _reserve(path: Path) -> None:
    """Takes the file's room on the disk now: a map whose page finds none later ends the process by a signal."""
    with path.open("rb+") as file, contextlib.suppress(AttributeError):  # the call is not there on Windows and macOS
        os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)


def _limit_from_environment() -> int:
    try:
        gigabytes = float(os.environ.get("PARITY_CACHE_GB", "20"))
    except ValueError:
        gigabytes = 20.0
    return int(gigabytes * 2**30)
