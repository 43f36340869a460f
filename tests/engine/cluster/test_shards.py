"""Shards without a cluster: who computes what, what is kept, whom one believes. The cluster is played by a list."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.config import make_config
from core.data.dataset import open_dataset
from core.data.pipeline import Images
from core.engine.cluster import shards
from core.engine.cluster.shard_tasks import NoTasks
from core.engine.cluster.shards import REFUSALS, Extraction, compute, is_large
from core.engine.features.features import BATCH


def forward(pixels: Any) -> Any:
    """A base that is cheap: mean and deviation of each channel."""
    values = pixels.astype(np.float32)
    return np.concatenate([values.mean((1, 2)), values.std((1, 2))], axis=1)


class Machines(NoTasks):
    """A cluster whose machines do what they are told as soon as one looks."""

    def __init__(self, answer: Callable[[dict[str, Any]], str] = compute, room: int = 3) -> None:
        self.answer, self.room = answer, room
        self.calls: dict[int, dict[str, Any]] = {}
        self.submitted: list[int] = []

    def has_room(self) -> bool:
        return len(self.calls) < self.room

    def submit(self, call: Any, key: int, order: dict[str, Any]) -> None:
        self.submitted.append(key)
        self.calls[key] = order

    def ended(self) -> Iterator[tuple[int, str]]:
        while self.calls:
            key, order = self.calls.popitem()
            yield key, self.answer(order)

    def last(self) -> int | None:
        return next(reversed(self.calls), None)

    def forget(self, key: int) -> None:
        self.calls.pop(key, None)


@pytest.fixture
def images(image_folder: Any) -> Images:
    folder = image_folder(train=(80, 70), val=(2, 2), size=16)
    config = make_config(str(folder), {})
    return Images(folder, open_dataset(str(folder), config.data).split.train, 16, "light", 1)


@pytest.fixture
def extraction(images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Extraction]:
    monkeypatch.setattr(shards, "_base", lambda config: (forward, "hash"))
    config = make_config("x", {})
    return lambda: Extraction(config, "hash", forward, images, 2, tmp_path / "k.shards", shard=BATCH)


@pytest.fixture
def expected(images: Images) -> Any:
    return forward(np.stack([images.one(k, 2) for k in range(150)]))


def filled(extraction: Extraction, tasks: NoTasks, advance: Callable[[int], None] = lambda done: None) -> Any:
    target = np.full((150, 6), np.nan, np.float32)
    extraction.run(tasks, target, advance)
    return target


def test_without_a_cluster_it_is_computed_here(extraction: Any, expected: Any, tmp_path: Path) -> None:
    seen: list[int] = []
    found = extraction()
    assert (filled(found, NoTasks(), seen.append) == expected).all()
    assert (found.elsewhere, found.refused, seen[-1]) == (0, [], 150)
    assert seen == sorted(seen)
    assert list(tmp_path.glob("*.shards")) == []


def test_other_machines_compute_the_same(extraction: Any, expected: Any) -> None:
    found, machines = extraction(), Machines()
    assert (filled(found, machines) == expected).all()
    assert found.elsewhere > 0
    assert len(machines.submitted) == len(set(machines.submitted)), "nothing was handed out twice"


def test_a_machine_that_computes_otherwise_is_not_believed(
    extraction: Any, expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(pixels: Any) -> Any:
        return forward(pixels) * np.float32(1 + 2**-23)

    for base, reason in (((other, "hash"), "other features of the same images"), ((forward, "x"), "other weights")):
        monkeypatch.setattr(shards, "_base", lambda config, base=base: base)
        found = extraction()
        assert (filled(found, Machines()) == expected).all()
        assert found.elsewhere == 0
        assert reason in found.refused[0]


def test_a_cluster_that_fails_at_once_is_given_up(extraction: Any, expected: Any) -> None:
    machines, found = Machines(lambda order: "no such folder", room=1), extraction()
    assert (filled(found, machines) == expected).all()
    assert len(found.refused) == REFUSALS
    assert len(machines.submitted) == REFUSALS


def test_a_shard_that_was_not_written_is_not_believed_either(extraction: Any, expected: Any) -> None:
    found = extraction()
    assert (filled(found, Machines(lambda order: "")) == expected).all()
    assert found.refused[0] == "a shard was said to be done and cannot be read"


def test_what_is_done_is_not_computed_again_after_a_stop(extraction: Any, expected: Any, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(done: int) -> None:
        if done > 70:
            raise Stop

    with pytest.raises(Stop):
        filled(extraction(), NoTasks(), stop)
    kept = sorted((tmp_path / "k.shards").glob("*.npy"))
    assert len(kept) >= 2
    kept[0].write_bytes(kept[0].read_bytes()[:-8])
    seen: list[int] = []
    assert (filled(extraction(), NoTasks(), seen.append) == expected).all()
    assert seen[0] > 0


def test_a_shard_is_made_of_whole_batches(extraction: Any, images: Images, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="would cut a batch"):
        Extraction(make_config("x", {}), "hash", forward, images, 2, tmp_path / "k.shards", shard=BATCH + 1)
    assert shards.SHARD % BATCH == 0


def test_only_a_large_data_set_on_a_cluster_is_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_large(10**9)
    monkeypatch.setenv("PARITY_EXECUTOR", "ray")
    assert not is_large(2 * shards.SHARD - 1)
    assert is_large(2 * shards.SHARD)


def test_shards_that_nobody_came_back_for_go(extraction: Any, tmp_path: Path) -> None:
    import os

    for name, age in (("old", 8 * 86_400), ("young", 86_400)):
        folder = tmp_path / f"{name}.shards"
        folder.mkdir()
        when = folder.stat().st_mtime - age
        os.utime(folder, (when, when))
    filled(extraction(), NoTasks())
    assert [path.name for path in tmp_path.glob("*.shards")] == ["young.shards"]
