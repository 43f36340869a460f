"""Features and predictions by OpenVINO against TensorFlow: time, memory, and how far the numbers are apart.

    python tests/bench/bench_runtime.py

Both alternate in one run, from files to the array of features, as a run extracts them. A prediction is the first one
of a process that has just been started: its import, the model, one image.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tests.bench.figures import Figure, middle, ratio, rounds, table
from tests.bench.images import draw

ROUNDS = 5
NETWORKS = {"EfficientNetLite0": (224, 48, ">= 1.7"), "VGG16": (150, 24, ""), "MobileNetV2": (224, 48, "")}
"""Size of the images, how many in a round, and what is wanted. The last is measured with `--long` alone."""

SETTINGS = {"data.augmentation": "none", "training.epochs": 1}


def measure() -> list[Figure]:
    """What a run gains by it; about two minutes."""
    return _measured(tuple(NETWORKS)[:2])


def measure_long() -> list[Figure]:
    """The same with another network, and one network of each family: some minutes more."""
    return [*_measured(tuple(NETWORKS)), *_families()]


def _measured(networks: tuple[str, ...]) -> list[Figure]:
    with tempfile.TemporaryDirectory() as home:
        os.environ["PARITY_HOME"] = home
        folder = draw(Path(home) / "images", side=224, train=50, val=10)
        extraction = [figure for name in networks for figure in _extraction(folder, name)]
        return [*extraction, *_first_prediction(folder)]


def _extraction(folder: Path, name: str) -> list[Figure]:
    import numpy as np

    size, count, target = NETWORKS[name]
    worked: dict[str, list[float]] = {"tensorflow": [], "openvino": []}
    calls, targets = {}, {}
    for runtime, seconds in worked.items():
        calls[runtime], targets[runtime] = _extract(folder, name, runtime, seconds)
    found = rounds(ROUNDS, **calls)
    a, b = targets["tensorflow"], targets["openvino"]
    label = f"features of 224 px JPEGs, {name} at {size} px, OpenVINO against TensorFlow"
    rates = ", ".join(f"{key} {count / median(value):.1f} images/s" for key, value in found.items())
    return [
        ratio(label, found["tensorflow"], found["openvino"], target, f"{rates}; load {os.getloadavg()[0]:.1f}"),
        ratio(f"{label}, seconds of the processor", worked["tensorflow"][1:], worked["openvino"][1:]),
        Figure(f"largest difference of these features, of the largest, {name}",
               float(np.abs(a - b).max() / np.abs(a).max()), "<= 0.0001", "", f"{count} images"),
    ]  # fmt: skip


def _extract(folder: Path, name: str, runtime: str, worked: list[float]) -> tuple[Callable[[], None], Any]:
    """A call that extracts the features of some images and adds the processor's seconds to a list; and their array."""
    import numpy as np

    from core.config import make_config
    from core.data.pipeline import Images
    from core.data.scan import scan
    from core.engine.features.features import extract
    from core.engine.features.runtime.forward import feature_forward
    from core.models import catalogue
    from core.models.build import base_for, weights_hash

    size, count, _ = NETWORKS[name]
    weights = "imagenet" if catalogue.find_weights(catalogue.find(name)) else "none"
    given = {"data.image_size": size, "model.backbone": name, "model.weights": weights, "training.runtime": runtime}
    config, index = make_config(str(folder), given), scan(folder)
    base = base_for(config)
    forward = feature_forward(config, base, weights_hash(base))
    images = Images(index.root, index.files[:count], size, "none", 0)
    target = np.zeros((count, base.output_shape[-1]), np.float32)

    def call() -> None:
        started = time.process_time()
        extract(forward, images, 0, target, lambda done: None)
        worked.append(time.process_time() - started)

    return call, target


def _first_prediction(folder: Path) -> list[Figure]:
    """The first answer of a process that has just been started, and what the process holds then."""
    from core.config import make_config
    from core.data.conversion_cache import ConversionCache
    from core.engine.insight.keep_converted import keep_converted
    from core.engine.insight.predict import load_model
    from core.engine.reporter import Reporter
    from core.engine.train.training import train
    from core.store.runs import RunStore

    run = RunStore().create(make_config(str(folder), SETTINGS))
    train(Reporter(run))
    network = load_model(run).network
    image = next(folder.rglob("*.jpg"))
    found: dict[str, list[tuple[float, float, float, float]]] = {"TensorFlow": [], "OpenVINO": []}
    for _ in range(4):
        ConversionCache().empty()
        found["TensorFlow"].append(_ask(run, image, "TensorFlow"))
        keep_converted(run, network)
        found["OpenVINO"].append(_ask(run, image, "OpenVINO"))
    clock, processor, memory, answers = (
        {k: [row[n] for row in rows[1:]] for k, rows in found.items()} for n in range(4)
    )
    gap = max(abs(a - b) for a, b in zip(*answers.values(), strict=True))
    label = "first prediction of a new process, EfficientNetLite0 at 224 px"
    load = f"load {os.getloadavg()[0]:.1f}"
    rows = [ratio(f"{label}, TensorFlow against OpenVINO", clock["TensorFlow"], clock["OpenVINO"], "", load)]
    for name in found:
        note = f"processor {median(processor[name]):.2f} s, {load}"
        rows.append(middle(f"{label}, {name}", clock[name], "<= 1" * (name == "OpenVINO"), "s", note))
        limit = "<= 250" * (name == "OpenVINO")
        rows.append(middle(f"most memory of that process, {name}", memory[name], limit, "MB"))
    return [*rows, Figure("largest difference of its probability", gap, "<= 0.0001", "", "")]


def _ask(run: Any, image: Path, wanted: str) -> tuple[float, float, float, float]:
    """Seconds by the clock and of the processor, MB at most, and the probability."""
    from core.workers import predict_client
    from tests.load.client import cpu_seconds

    started = time.perf_counter()
    answer = predict_client.predict(run, [("one.jpg", image)])[0]
    taken = time.perf_counter() - started
    process = predict_client._service()._process
    assert process is not None
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024
    processor = cpu_seconds(process.pid)
    predict_client.release()
    assert answer.runtime.startswith(wanted), answer
    return taken, processor, memory, answer.probability


def _families() -> list[Figure]:
    """One network of each family: the difference of its last map, of the largest number in it; random weights."""
    import numpy as np

    from core.engine.features.runtime.convert import converted, trunk_of
    from core.models import catalogue
    from core.models.build import build_base
    from tests.models.families import FAMILIES, with_statistics

    figures = []
    for name in FAMILIES:
        row = catalogue.find(name)
        base = with_statistics(build_base(row, max(96, row.min_size), "none"))
        pixels = np.random.default_rng(0).integers(0, 256, (3, *base.input_shape[1:]), np.uint8)
        expected = trunk_of(base)(pixels.astype(np.float32), training=False).numpy()
        gap = float(np.abs(converted(base)(pixels) - expected).max() / np.abs(expected).max())
        figures.append(Figure(f"difference of the last map, of its largest, {name}", gap, "", "", "random weights"))
    return figures


if __name__ == "__main__":
    print(table(measure()))
