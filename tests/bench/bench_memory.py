"""Memory and time over the number of images, and an epoch over features larger than memory.

    python tests/bench/bench_memory.py

Each run is a process of its own, which notes its anonymous memory (RssAnon: mapped cache pages do not count, the system
takes them back whenever others need the room) every few milliseconds. Linux only. The last figure needs the right to
make a memory control group (root); where that is not given it is left out.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tests.bench.figures import Figure, table
from tests.bench.images import draw

SIDE, FEW, MANY = 64, 1_000, 6_000
GROUPS = Path("/sys/fs/cgroup")
SMALL_MEMORY, LARGE_FEATURES = 1.2e9, 2.4e9


def measure() -> list[Figure]:
    """Every figure, each measured once; about two minutes."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["PARITY_HOME"] = str(Path(home) / "home")
        return [*_over_the_number(Path(home)), *_over_memory(Path(home))]


def _over_the_number(home: Path) -> list[Figure]:
    few, many = (_child("train", draw(home / str(n), side=SIDE, train=n // 2, val=50)) for n in (FEW, MANY))
    figures = []
    for part in ("extraction", "training"):
        low, high = few[part]["memory_mb"], many[part]["memory_mb"]
        figures.append(
            Figure(
                f"peak anonymous memory of {part}, {MANY:,} images against {FEW:,}", round(high / low, 3), "<= 1.1",
                "x", f"{high:.0f} MB against {low:.0f} MB; EfficientNet-Lite0, {SIDE} px",
            )
        )  # fmt: skip
        one, other = few[part]["seconds"] / FEW, many[part]["seconds"] / MANY
        figures.append(
            Figure(
                f"time an image of {part}, {MANY:,} images against {FEW:,}", round(other / one, 2), "<= 1.1",
                "x", f"{1000 * other:.2f} ms against {1000 * one:.2f} ms: linear is 1",
            )
        )  # fmt: skip
    return figures


def _over_memory(home: Path) -> list[Figure]:
    with _memory_group(int(SMALL_MEMORY)) as join:
        if join is None:
            return []
        facts = _child("epoch", home, join)
    name = f"an epoch over {LARGE_FEATURES / 1e9:.1f} GB of features in {SMALL_MEMORY / 1e9:.1f} GB of memory"
    return [
        Figure(
            name,
            round(facts["seconds"], 1),
            "",
            "s",
            f"{facts['rate']:.0f} MB/s; it ends, with a loss of {facts['loss']:.2f}",
        )
    ]


@contextlib.contextmanager
def _memory_group(limit: int) -> Iterator[Path | None]:
    """A control group that holds its processes to so many bytes: the file to write a process number into."""
    old = (GROUPS / "memory").is_dir()
    folder = (GROUPS / "memory" if old else GROUPS) / f"parity-bench-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / ("memory.limit_in_bytes" if old else "memory.max")).write_text(str(limit))
    except OSError:
        yield None
        return
    try:
        yield folder / "cgroup.procs"
    finally:
        folder.rmdir()


def _child(what: str, folder: Path, group: Path | None = None) -> dict[str, Any]:
    command = [sys.executable, __file__, what, str(folder), str(group or "")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{what} failed with {done.returncode}: {done.stderr[-2000:]}")
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


class Peak:
    """Notes the greatest anonymous memory while it is open, and the seconds."""

    def __enter__(self) -> "Peak":
        self.memory_mb, self._open, self._started = 0.0, True, time.perf_counter()
        self._thread = threading.Thread(target=self._measure)
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._open = False
        self._thread.join()
        self.seconds = time.perf_counter() - self._started

    def _measure(self) -> None:
        from core.workers.process_info import own_memory

        while self._open:
            self.memory_mb = max(self.memory_mb, own_memory() or 0)
            time.sleep(0.005)

    def to_dict(self) -> dict[str, float]:
        return {"memory_mb": self.memory_mb, "seconds": self.seconds}


def train(folder: Path) -> None:
    """In a process of its own: extracts the features, then trains; prints both peaks."""
    from core.config import make_config
    from core.data.dataset import open_dataset
    from core.engine.reporter import Reporter
    from core.engine.train.context import make_training_context
    from core.engine.train.epochs import Training
    from core.engine.train.phases import plan
    from core.engine.train.run_costs import RunCosts
    from core.engine.train.tracking import Tracking
    from core.store.runs import RunStore

    settings = {"data.image_size": SIDE, "data.augmentation": "none", "training.epochs": 3}
    config = make_config(str(folder), settings, preset="question-bottleneck")
    reporter = Reporter(RunStore().create(config))
    context = make_training_context(config, open_dataset(config.dataset, config.data), reporter)
    context.features(context.images(context.dataset.split.val, augmented=False), 0, "")  # whatever is made once
    with Peak() as extraction:
        context.features(context.train_images(), context.draw(0), "")
    made = Training(context, Tracking(reporter), RunCosts(context.config, context.dataset))
    phase = plan(context)[0].make()
    made._begin(phase, None)
    made._fit_epoch(phase, 0, 3, 0)  # traces the graph
    with Peak() as training:
        for epoch in (1, 2):
            made._validate(phase, made._fit_epoch(phase, epoch, 3, 0))
    made.saves.close()
    print(json.dumps({"extraction": extraction.to_dict(), "training": training.to_dict()}))


def epoch(folder: Path) -> None:
    """In a process of its own, in a small memory: one epoch of a head over a large file of features."""
    import keras
    import numpy as np

    from core.data.feature_cache import FeatureCache
    from core.data.order import epoch_batches
    from core.data.pipeline import EpochStream, FeatureBatches

    width = 8192
    count = int(LARGE_FEATURES / 4 / width)
    rng = np.random.default_rng(0)

    def fill(out: Any) -> None:
        for start in range(0, count, 1024):
            rows = min(1024, count - start)
            out[start : start + rows] = rng.random((rows, width), np.float32)

    features = FeatureCache(folder / "large").build("f" * 40, (count, width), fill)
    targets = rng.integers(0, 2, (count, 1)).astype(np.float32)
    model = keras.Sequential([keras.Input((width,)), keras.layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    batches = FeatureBatches(features, targets, epoch_batches(count, 32, "samples", seed=0, epoch=0))
    started = time.perf_counter()
    history = model.fit(EpochStream().of(batches), shuffle=False, verbose=0).history
    took = time.perf_counter() - started
    print(json.dumps({"seconds": took, "rate": LARGE_FEATURES / 1e6 / took, "loss": history["loss"][-1]}))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        if sys.argv[3]:
            Path(sys.argv[3]).write_text(str(os.getpid()))
        {"train": train, "epoch": epoch}[sys.argv[1]](Path(sys.argv[2]))
    else:
        print(table(measure()))
