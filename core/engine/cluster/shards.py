"""Features of a large dataset on many machines: shards as Ray tasks, merged into the array one machine would make.

A shard is some of the batches that one machine would push through the base, so its rows are those of the whole, bit for
bit, wherever the processors compute alike. (An image alone in its batch may get other last bits than among others.)
Whether a machine computes alike is tested before it is believed: it must have the same weights, and make of one batch
the very bits that the asking worker makes of it.

Each shard is a file beside the cache entry. It gets its name when it is whole, so a lost machine costs the shards it
was at, and a lost worker none that is done. The asking worker takes shards too, from the other end: it never only
waits, and where the cluster has no slot free it is as if there were none.
"""

import contextlib
import hashlib
import json
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import files
from core.config import RunConfig
from core.data.dataset_index import ImageFile
from core.data.pipeline import ImageLoader, Images
from core.data.rendering import Rendering
from core.engine.cluster.shard_tasks import NoTasks, OutOfReach, Tasks
from core.engine.features.features import BATCH
from core.engine.features.runtime.forward import feature_forward
from core.models.build import base_for, weights_hash
from core.workers import launch

SHARD = 1024
"""Images in a shard: some 10 s on 2 cores. Starting a process (6 s, once) weighs little, and so does losing one."""

REFUSALS = 3
"""After so many shards that came back undone the asking worker hands out no more: a machine that fails at once would
take them all."""

_WITNESSES = 8

_OLD_SECONDS = 7 * 86_400.0
_LOOK_SECONDS = 0.2

Rows = NDArray[np.float32]
Forward = Callable[[Any], Any]


class Extraction:
    """The features of one part of a dataset, in shards.

    Args:
        config: RunConfig. From which every machine builds the base.
        base_hash: str. Hash of the base's weights.
        forward: callable. Pixels to features of shape `(n, width)`, see core/engine/features/runtime/forward.py.
        images: Images.
        draw: int. Random version of each image.
        folder: Path. For the shards' files, on storage that all machines share; removed at the end.
        shard: int. Images in a shard, a multiple of `features.BATCH`. Defaults to `SHARD`.

    Attributes:
        elsewhere: int. Images that other machines have computed.
        refused: list of str. Why shards came back undone.
    """

    def __init__(
        self,
        config: RunConfig,
        base_hash: str,
        forward: Forward,
        images: Images,
        draw: int,
        folder: Path,
        *,
        shard: int = SHARD,
    ) -> None:
        self._forward, self._images, self._draw, self._folder, self._shard = forward, images, draw, folder, shard
        if shard % BATCH:
            raise ValueError(f"a shard of {shard} images would cut a batch of {BATCH}")
        self._order = _order(config, base_hash, forward, images, draw)
        self._starts = range(0, len(images), shard)
        self.elsewhere, self.refused = 0, list[str]()
        self._done = self._here = 0
        self._own: int | None = None
        self._open: set[int] = set()
        self._todo: deque[int] = deque()
        self._advance: Callable[[int], None] = lambda done: None

    def run(self, tasks: NoTasks, target: Rows, advance: Callable[[int], None]) -> None:
        """Fills `target`, of shape `(len(images), width)`, as `features.extract` does.

        Args:
            tasks: NoTasks. The cluster; open.
            target: float array, written in place.
            advance: callable of the number of images done; may raise to give up. Whole shards are kept then.
        """
        _remove_leftovers(self._folder)
        self._advance = advance
        for start in self._starts:
            self._open.add(start)
            if self._read(start) is None:
                self._todo.append(start)
            else:
                self._mark(start)
        while self._open:
            self._compute(tasks)
        for start in self._starts:
            target[start : start + self._size(start)] = self._read(start)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _compute(self, tasks: NoTasks) -> None:
        self._pump(tasks)
        # From the end, where no machine is yet; at last what was handed over and is not done: whoever is first counts.
        start = self._todo.pop() if self._todo else tasks.last()
        if start is None:
            time.sleep(_LOOK_SECONDS)
        elif start in self._open:
            self._compute_here(tasks, start)

    def _compute_here(self, tasks: NoTasks, start: int) -> None:
        rows: list[Rows] = []
        self._own = start
        for part in _batches(self._forward, self._part(start), self._draw):
            rows.append(part)
            self._here += len(part)
            self._pump(tasks)
            if start not in self._open:  # another machine was quicker
                return
        _write(self._path(start), np.concatenate(rows))
        self._mark(start)
        tasks.forget(start)

    def _pump(self, tasks: NoTasks) -> None:
        """Takes in what other machines have done and hands out more."""
        for start, problem in tasks.ended():
            if not problem and self._read(start) is not None:
                self.elsewhere += self._size(start) if start in self._open else 0
                self._mark(start)
            elif start in self._open:
                self.refused.append(problem or "a shard was said to be done and cannot be read")
                self._todo.append(start)
        while self._todo and len(self.refused) < REFUSALS and tasks.has_room():
            start = self._todo.popleft()
            tasks.submit(compute, start, self._ordered(start))
        self._advance(self._done + self._here)

    def _mark(self, start: int) -> None:
        if start in self._open:
            self._open.remove(start)
            self._done += self._size(start)
        if start == self._own:  # whoever computed it, its images count once
            self._here = 0

    def _part(self, start: int) -> Images:
        whole = self._images
        part = whole.files[start : start + self._shard]
        return Images(whole.root, part, whole.size, whole.augmentation, whole.seed, whole.rendering)

    def _ordered(self, start: int) -> dict[str, Any]:
        part = [dict(vars(file)) for file in self._part(start).files]  # asdict takes ten times as long
        return {**self._order, "files": part, "path": str(self._path(start))}

    def _size(self, start: int) -> int:
        return min(self._shard, len(self._images) - start)

    def _path(self, start: int) -> Path:
        return self._folder / f"{self._shard}-{start:012}.npy"

    def _read(self, start: int) -> Rows | None:
        try:
            rows: Rows = np.load(self._path(start), mmap_mode="r")
        except (OSError, ValueError, EOFError):
            return None
        return rows if len(rows) == self._size(start) else None


def over_cluster(extraction: "Extraction", target: Rows, advance: Callable[[int], None]) -> str:
    """Runs an extraction on the cluster that the environment names; without it, on this machine alone.

    Returns:
        What the person should know: why the cluster, or a machine of it, was no help. Empty where all went well.
    """
    try:
        with Tasks() as tasks:
            extraction.run(tasks, target, advance)
    except OutOfReach as error:
        extraction.run(NoTasks(), target, advance)
        return f"The cluster cannot be used for the features: {error}"
    return "; ".join(dict.fromkeys(extraction.refused))


def is_large(count: int) -> bool:
    """Whether so many images are worth being spread over a cluster, and there is one."""
    return launch.uses_cluster() and count >= 2 * SHARD


def compute(order: dict[str, Any]) -> str:
    """Computes one shard on whatever machine this is.

    Args:
        order: dict. As from `Extraction`: configuration, images, draw, path, and what proves that we compute alike.

    Returns:
        Why this machine must not; empty when the shard is done.
    """
    forward, base_hash = _base(json.dumps(order["config"], sort_keys=True))
    if base_hash != order["base_hash"]:
        return "another machine has other weights of the same network"
    if _witness(forward, _images(order, order["witness"], "none")) != order["witness_hash"]:
        return "another machine computes other features of the same images: another processor, or other libraries"
    part = _images(order, order["files"], order["augmentation"])
    _write(Path(order["path"]), np.concatenate(list(_batches(forward, part, order["draw"]))))
    return ""


def _order(config: RunConfig, base_hash: str, forward: Forward, images: Images, draw: int) -> dict[str, Any]:
    """What every machine is told."""
    plain = Images(images.root, images.files[:_WITNESSES], images.size, "none", images.seed, images.rendering)
    return {
        "config": config.to_dict(),
        "base_hash": base_hash,
        "witness": [dict(vars(file)) for file in plain.files],
        "witness_hash": _witness(forward, plain),
        "root": str(images.root),
        "size": images.size,
        "rendering": asdict(images.rendering),
        "augmentation": images.augmentation,
        "seed": images.seed,
        "draw": draw,
    }


@lru_cache(maxsize=1)
def _base(config: str) -> tuple[Forward, str]:
    """The base, once for all shards that a process computes."""
    read = RunConfig.from_dict(json.loads(config))
    base = base_for(read)
    base_hash = weights_hash(base)
    return feature_forward(read, base, base_hash), base_hash


def _images(order: dict[str, Any], records: list[dict[str, Any]], augmentation: str) -> Images:
    found = [ImageFile(**record) for record in records]
    fit, window = order["rendering"]["fit"], order["rendering"]["window"]
    rendering = Rendering(fit, "full" if window == "full" else (window[0], window[1]))
    return Images(Path(order["root"]), found, order["size"], augmentation, order["seed"], rendering)


def _witness(forward: Forward, image: Images) -> str:
    return hashlib.sha256(next(_batches(forward, image, 0)).tobytes()).hexdigest()


def _batches(forward: Forward, images: Images, draw: int) -> Iterator[Rows]:
    """Features batch by batch."""
    starts = range(0, len(images), BATCH)
    batches = [np.arange(start, min(start + BATCH, len(images))) for start in starts]
    for pixels in ImageLoader(images, batches, draw):
        yield np.asarray(forward(pixels))


def _write(path: Path, rows: Rows) -> None:
    with files.replacing(path) as file:
        np.save(file, rows)


def _remove_leftovers(folder: Path) -> None:
    """Shards of a training that was given up long ago go; of this one, what a writer that was killed has left."""
    for other in folder.parent.glob(f"*{folder.suffix}"):
        with contextlib.suppress(OSError):
            if other != folder and time.time() - other.stat().st_mtime > _OLD_SECONDS:
                shutil.rmtree(other, ignore_errors=True)
