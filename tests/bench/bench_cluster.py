"""How extraction and a bisect scale from one machine to two, on a Ray cluster inside this machine.

Every machine of the cluster is one processor: the asking worker has the first, the node beside it the second. Real
machines have a network between them, which this one has not. Needs requirements-cluster.txt and two processors.
"""

import contextlib
import importlib.util
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.bench.figures import Figure

SMALL = {"object_store_memory": 80 * 2**20}
IMAGES, SIDE = 4096, 224
GOOD = {
    "data.image_size": 32, "data.batch_size": 10, "data.augmentation": "light", "data.augmentation_draws": 2,
    "training.epochs": 40, "training.early_stopping": 0, "training.optimizer": "sgd", "training.learning_rate": 0.1,
}  # fmt: skip
BAD = {
    **GOOD, "data.preprocessing": "rescale", "data.augmentation": "question", "data.augmentation_draws": 3,
    "training.epochs": 1,
}  # fmt: skip
"""Four differences, two of which ruin it: eight trials with one of them, four repeats, then pairs."""


Row = Figure | dict[str, Any]


def measure() -> list[Row]:
    """What handing out a shard costs; none where Ray or a second processor is missing. About a minute."""
    return _measured(lambda folder, processors: [_handing_out(processors)])


def measure_long() -> list[Row]:
    """An extraction and a bisect on one node and on two as well: ten minutes. Fewer images would be computed before the
    other node has loaded TensorFlow."""
    return _measured(
        lambda folder, processors: [
            _handing_out(processors),
            _extraction(folder, processors),
            *_bisects(folder, processors),
        ]
    )


def _measured(figures: Callable[[Path, list[int]], Iterable[Figure]]) -> list[Row]:
    processors = sorted(os.sched_getaffinity(0))
    if importlib.util.find_spec("ray") is None or len(processors) < 2:
        why = "it needs requirements-cluster.txt and two processors"
        return [{"name": "scaling over a cluster", "value": None, "note": why}]
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="parity-cluster-") as folder:
        os.environ |= {"PARITY_HOME": f"{folder}/home", "TF_CPP_MIN_LOG_LEVEL": "2"}
        try:
            return list(figures(Path(folder), processors))
        finally:
            os.environ.clear()
            os.environ |= before


def _handing_out(processors: list[int]) -> Figure:
    with cluster([processors[1:2]]):
        cost = _apart(processors[0], handing_out, 500)
        empty = _apart(processors[0], handing_out, 500, 1)
    note = f"of the asking worker's processor, mean of 500 that cost nothing else; {empty:.1f} ms for one image"
    return Figure("handing out a shard of 1,024 images", round(cost, 1), "", "ms", note)


def _extraction(folder: Path, processors: list[int]) -> Figure:
    images = make_images(folder / "large", IMAGES // 2, 64)
    alone, _ = _apart(processors[0], extraction, images, spread=False)
    with cluster([processors[1:2]]):
        together, elsewhere = _apart(processors[0], extraction, images, spread=True)
    note = f"{IMAGES} images at {SIDE} px: {alone:.1f} s, then {together:.1f} s, {elsewhere} on the other"
    return Figure("extraction, one machine against two", round(alone / together, 2), "", "x", note)


def _bisects(folder: Path, processors: list[int]) -> Iterator[Figure]:
    from core.bisect.store import BisectStore
    from core.workers import launch

    images = make_images(folder / "small", 30, 32)
    pair = [_trained(images, settings) for settings in (GOOD, BAD)]
    seconds, trials, verdicts = [], 0, set()
    os.environ["PARITY_EXECUTOR"] = "ray"
    for nodes in (1, 2):
        with cluster([processors[:1], processors[1:2]][:nodes]):
            bisect = BisectStore().create(pair[0], pair[1], 30)
            seconds.append(_seconds_of(bisect))
            assert launch.poll(bisect).status == "finished", (bisect.path / "worker.log").read_text(encoding="utf-8")
            result = bisect.result()
            trials = sum(bool(trial["seconds"]) for trial in result["arms"])
            verdicts.add((result["verdict"], tuple(result["factors"])))
    assert len(verdicts) == 1, verdicts
    note = f"{trials} trials: {seconds[0]:.1f} s, then {seconds[1]:.1f} s; the same verdict"
    yield Figure("bisect, one node against two", round(seconds[0] / seconds[1], 2), "", "x", note)


def _apart(processor: int, call: Any, *arguments: Any, **options: Any) -> Any:
    """A call in a process of its own that has one processor from the start: TensorFlow counts them once."""
    held = (0, {processor})
    with ProcessPoolExecutor(1, get_context("spawn"), os.sched_setaffinity, held) as pool:
        return pool.submit(call, *arguments, **options).result()


@contextlib.contextmanager
def cluster(nodes: list[list[int]]) -> Iterator[None]:
    """A head without places, and a node of one place for each list of the processors it may use."""
    from ray.cluster_utils import Cluster

    # The usual ports may be another cluster's.
    ports = dict(zip(("dashboard_port", "dashboard_agent_listen_port"), free_ports(2), strict=True))
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": True, **ports, **SMALL})
    everything = os.sched_getaffinity(0)
    try:
        for processors in nodes:
            os.sched_setaffinity(0, processors)  # the node's processes inherit it
            made.add_node(num_cpus=1, **SMALL)
        os.sched_setaffinity(0, everything)
        made.wait_for_nodes()
        os.environ["RAY_ADDRESS"] = made.address
        sys.modules.pop("_parity_ray", None)  # what this process knows of the cluster before
        yield
    finally:
        os.sched_setaffinity(0, everything)
        made.shutdown()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at the moment."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("", 0))
        return [int(one.getsockname()[1]) for one in held]


def make_images(root: Path, per_class: int, side: int) -> Path:
    """Two classes told apart by their brightness."""
    rng = np.random.default_rng(0)
    for split, count in (("train", per_class), ("val", 60)):
        for k in range(2):
            folder = root / split / "ab"[k]
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = np.clip(rng.normal(60 + 120 * k, 40, (side, side, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{number:06}.png")
    return root


def extraction(images: Path, *, spread: bool) -> tuple[float, int]:
    """Seconds of one extraction, and images that the asking process did not compute itself."""
    from core.config import make_config
    from core.data.dataset import open_dataset
    from core.data.pipeline import Images
    from core.engine.cluster.shard_tasks import NoTasks, Tasks
    from core.engine.cluster.shards import Extraction
    from core.engine.features.features import forward_function
    from core.models.build import base_for, weights_hash

    config = make_config(str(images), {"data.image_size": SIDE})
    files = open_dataset(config.dataset, config.data).split.train
    base = base_for(config)
    part = Images(images, files, SIDE, "none", 1)
    with tempfile.TemporaryDirectory() as folder, Tasks() if spread else contextlib.nullcontext(NoTasks()) as tasks:
        work = Extraction(config, weights_hash(base), forward_function(base), part, 0, Path(folder) / "k.shards",
                          shard=256)  # fmt: skip
        target = np.zeros((len(files), int(base.output_shape[-1])), np.float32)
        began = time.perf_counter()
        work.run(tasks, target, lambda done: None)
        return time.perf_counter() - began, work.elsewhere


def handing_out(count: int, images: int = 1024) -> float:
    """Milliseconds of the asking worker's processor for a shard, without the computing."""
    from core.data.dataset_index import ImageFile
    from core.engine.cluster.shard_tasks import Tasks

    file = ImageFile("train/a/000001.png", "a", "train", "0" * 64, 10_000, 224, 224, "RGB", "PNG", 1)
    with Tasks() as tasks:
        used, submitted, ended = time.process_time(), 0, 0
        while ended < count:
            while submitted < count and tasks.has_room():
                tasks.submit(nothing, submitted, {"files": [dict(vars(file)) for _ in range(images)]})
                submitted += 1
            ended += sum(1 for _ in tasks.ended())
        return 1000 * (time.process_time() - used) / count


def nothing(order: dict[str, Any]) -> str:
    """A shard that costs its machine nothing."""
    return ""


def _trained(images: Path, settings: dict[str, Any]) -> Any:
    """A run that was trained on this machine."""
    from core.config import make_config
    from core.store.runs import RunStore
    from core.workers import launch

    run = RunStore().create(make_config(str(images), settings))
    launch.start(run, parent_pipe=False)
    while launch.poll(run).is_active:
        time.sleep(0.2)
    assert run.read_status().status == "finished", run.read_status()
    return run


def _seconds_of(bisect: Any) -> float:
    from core.workers import launch

    began = time.perf_counter()
    launch.start(bisect, parent_pipe=False)
    while launch.poll(bisect).is_active:
        time.sleep(0.2)
    return time.perf_counter() - began
