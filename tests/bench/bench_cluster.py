"""How extraction and a bisect of 12 arms scale from one node to two, on a Ray cluster inside this machine.

    python tests/bench/bench_cluster.py [PICTURES]

All nodes share this machine's processors: the figures say what Ray and the program add, not what more machines would
give. Needs requirements-cluster.txt.
"""

import contextlib
import os
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

SMALL = {"object_store_memory": 80 * 2**20}
ARMS = 12


def make_pictures(root: Path, per_class: int, side: int = 64) -> Path:
    """Two classes told apart by their brightness."""
    rng = np.random.default_rng(0)
    for split, count in (("train", per_class), ("val", 40)):
        for k in range(2):
            folder = root / split / "ab"[k]
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = np.clip(rng.normal(60 + 120 * k, 40, (side, side, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{number:06}.png")
    return root


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at the moment."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("", 0))
        return [int(one.getsockname()[1]) for one in held]


def cluster(nodes: int) -> Any:
    """A head without places and so many nodes of one processor."""
    from ray.cluster_utils import Cluster

    # The usual ports may be another cluster's.
    ports = dict(zip(("dashboard_port", "dashboard_agent_listen_port"), free_ports(2), strict=True))
    head = {"num_cpus": 0, "include_dashboard": True, **ports, **SMALL}
    made = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(nodes):
        made.add_node(num_cpus=1, **SMALL)
    made.wait_for_nodes()
    os.environ["RAY_ADDRESS"] = made.address
    sys.modules.pop("_parity_ray", None)  # what this process knows of the cluster before
    return made


def extraction(pictures: Path) -> tuple[float, int, int]:
    """Seconds of one extraction, pictures in all, and pictures that the asking process did not compute itself.

    The asking process computes too: with n nodes there are n + 1 at work.
    """
    from core.config import make_config
    from core.data.dataset import open_dataset
    from core.data.pipeline import Pictures
    from core.engine.features import forward_function
    from core.engine.shard_tasks import Tasks
    from core.engine.shards import Extraction
    from core.models.build import base_for, weights_hash

    config = make_config(str(pictures), {"data.image_size": 224})
    files = open_dataset(config.dataset, config.data).split.train
    base = base_for(config)
    part = Pictures(pictures, files, 224, "none", 1)
    with tempfile.TemporaryDirectory() as folder:
        spread = Extraction(config, weights_hash(base), forward_function(base), part, 0, Path(folder) / "k.shards",
                            shard=256)  # fmt: skip
        target = np.zeros((len(files), int(base.output_shape[-1])), np.float32)
        began = time.perf_counter()
        with Tasks() as tasks:
            spread.run(tasks, target, lambda done: None)
        return time.perf_counter() - began, len(files), spread.elsewhere


def arms(pictures: Path) -> float:
    """Seconds until twelve trainings, such as the arms of a bisect, have ended, each a job of its own."""
    from core import launch
    from core.config import make_config
    from core.runs import RunStore

    began, runs = time.perf_counter(), []
    for seed in range(ARMS):
        settings = {"data.image_size": 64, "training.epochs": 10, "training.seed": seed}
        runs.append(RunStore().create(make_config(str(pictures), settings)))
        launch.start(runs[-1], parent_pipe=False)
    while any(launch.poll(run).is_active for run in runs):
        time.sleep(0.2)
    assert {run.read_status().status for run in runs} == {"finished"}
    return time.perf_counter() - began


def nothing(order: dict[str, Any]) -> str:
    """A shard that costs its machine nothing."""
    return ""


def handing_out(count: int) -> tuple[float, float]:
    """What one shard of 1,024 pictures costs the coordinator: milliseconds by the clock, and of its processor."""
    from core.data.scan import ImageFile
    from core.engine.shard_tasks import Tasks

    file = ImageFile("train/a/000001.png", "a", "train", "0" * 64, 10_000, 224, 224, "RGB", "PNG", 1)
    with Tasks() as tasks:
        began, used, submitted, ended = time.perf_counter(), time.process_time(), 0, 0
        while ended < count:
            while submitted < count and tasks.has_room():
                tasks.submit(nothing, submitted, {"files": [dict(vars(file)) for _ in range(1024)]})
                submitted += 1
            ended += sum(1 for _ in tasks.ended())
        wall, processor = time.perf_counter() - began, time.process_time() - used
    return 1000 * wall / count, 1000 * processor / count


def main() -> None:
    """Prints the figures."""
    per_class = int(sys.argv[1]) // 2 if len(sys.argv) > 1 else 1024
    with tempfile.TemporaryDirectory(prefix="parity-cluster-") as folder:
        os.environ |= {"PARITY_HOME": f"{folder}/home", "PARITY_EXECUTOR": "ray"}
        pictures = make_pictures(Path(folder) / "pictures", per_class)
        print(f"{os.cpu_count()} processors; load before: {os.getloadavg()[0]:.1f}", flush=True)
        for nodes in (1, 2):
            made = cluster(nodes)
            try:
                seconds, count, elsewhere = extraction(pictures)
                print(
                    f"{nodes} node(s): {count} pictures in {seconds:.1f} s, {elsewhere} of them by the nodes",
                    flush=True,
                )
                handing_out(50)  # starts the processes
                wall, processor = handing_out(500)
                print(
                    f"{nodes} node(s): an empty shard {wall:.1f} ms, {processor:.1f} of the coordinator's processor",
                    flush=True,
                )
                print(f"{nodes} node(s): {ARMS} arms in {arms(pictures):.1f} s", flush=True)
            finally:
                import ray

                ray.shutdown()
                made.shutdown()
        print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
