"""The steps of tests/gpu_check.py, each in a process of its own: what they train and measure."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

Facts = dict[str, Any]

EPOCHS = 3
RATES = {"EfficientNetLite0": (224, "top"), "VGG16": (150, "block5")}
"""Side of the images, and the first block that is fine-tuned."""

SMALL = {"EfficientNetLite0": (64, "top"), "VGG16": (32, "block5")}
"""The same where there is no GPU: only whether the step runs is seen there."""


def step(name: str) -> None:
    """In a process of its own: one step, its facts as JSON on the last line of standard output."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    title = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "a GPU") if gpus else ""
    found = _STEPS[name](Path(sys.argv[1]) / "images", bool(gpus))
    print("\n" + json.dumps({"gpu": title, **found}))


def _equivalence(folder: Path, gpu: bool) -> Facts:
    import numpy as np

    from core.engine.train.checkpoint import CheckpointFolder

    settings = {"model.pooling": "flatten", "model.dense_units": 16, "model.dropout": 0.5, "training.epochs": 2}
    ways: tuple[dict[str, Any], ...] = (
        {},
        {"training.mode": "end_to_end", "training.literal": True},
        {"training.seed": 5},
    )
    learnt = []
    for way in ways:
        stored = CheckpointFolder(_trained(folder, gpu, {**settings, **way}).path / "resume").load()
        assert stored is not None
        learnt.append(np.concatenate([np.ravel(array).astype(np.float64) for array in stored.arrays]))
    cached, literal, other = learnt
    gaps = [float(np.abs(cached - one).max() / np.abs(cached).max()) for one in (literal, other)]
    note = f"{'the same bits' if gaps[0] == 0 else 'not the same bits'}; with another seed it is {gaps[1]:.2g}"
    return {"difference": gaps[0], "note": note}


def _precision(folder: Path, gpu: bool) -> Facts:
    """How far 0 lies outside the interval of the difference of accuracy on the same images; 0 where it lies inside."""
    from core.stats.paired_share import gap_interval
    from core.store.predictions import read_predictions

    right, losses = [], []
    for precision in ("float32", "bfloat16"):
        run = _trained(folder, gpu, {"training.precision": precision, "training.epochs": EPOCHS})
        told = read_predictions(run.path)
        assert told is not None
        rows = told.of("val")
        right.append([row.predicted == row.label for row in rows])
        losses += [getattr(epoch, key) for epoch in run.epochs() for key in ("loss", "val_loss")]
    if not all(isinstance(loss, float) and abs(loss) < float("inf") for loss in losses):
        return {"failed": f"a loss is not finite: {losses}"}
    pairs = list(zip(*right, strict=True))
    low, high = gap_interval(
        *(pairs.count(kind) for kind in ((True, True), (True, False), (False, True), (False, False)))
    )
    shares = [sum(part) / len(part) for part in right]
    note = (f"accuracy {shares[0]:.3f} in float32, {shares[1]:.3f} in bfloat16 on {len(pairs)} images, interval of the "
            f"difference {low:.3f} to {high:.3f}; all losses finite")  # fmt: skip
    return {"beyond": max(0.0, low, -high), "note": note}


def _devices(folder: Path, gpu: bool) -> Facts:
    import tensorflow as tf

    from core.engine.train import devices

    kind = "GPU" if gpu else "CPU"
    first = tf.config.list_physical_devices(kind)[0]
    tf.config.set_visible_devices(first, kind)
    part = tf.config.LogicalDeviceConfiguration(memory_limit=6144 if gpu else None)
    tf.config.set_logical_device_configuration(first, [part] * 2)
    names = [device.name for device in tf.config.list_logical_devices(kind)]
    # Without dropout: each device draws masks of its own.
    settings = {"training.mode": "end_to_end", "training.unfreeze_from": "all" if gpu else "top", "training.epochs": 1,
                "training.optimizer": "sgd", "training.learning_rate": 0.01, "data.batch_size": 16,
                "model.dropout": 0.0}  # fmt: skip
    losses, shared = [], 0
    for seen in ([], names):
        devices.shared_devices = lambda seen=seen: seen  # type: ignore[misc]
        run = _trained(folder, gpu, settings)
        trace = json.loads((run.path / "trace.json").read_text(encoding="utf-8"))
        losses.append([loss for epoch in trace["epochs"] for loss in epoch["losses"]])
        shared += sum(json.loads(line).get("event") == "devices"
                      for line in (run.path / "events.jsonl").read_text(encoding="utf-8").splitlines())  # fmt: skip
    if shared != 1:
        return {"failed": f"{shared} of the two trainings were shared between devices, not 1"}
    gap = max(abs(one - other) / abs(one) for one, other in zip(*losses, strict=True))
    return {"difference": gap, "note": f"{len(losses[0])} batches, {' and '.join(names)}"}


def _rates(folder: Path, gpu: bool) -> Facts:
    return {network: _rates_of(network, *RATES[network], folder, gpu) for network in RATES}


def _small_rates(folder: Path, gpu: bool) -> Facts:
    return {network: _rates_of(network, *SMALL[network], folder, gpu) for network in SMALL}


def _rates_of(network: str, size: int, block: str, folder: Path, gpu: bool) -> Facts:
    """Images a second of extraction and of a step, the first left out; the most memory of the steps."""
    import numpy as np
    import tensorflow as tf

    from core.config import make_config
    from core.data.dataset import open_dataset
    from core.engine.features.features import extract, forward_function
    from core.engine.reporter import Reporter
    from core.engine.train.context import make_training_context
    from core.engine.train.phases import on_images
    from core.models import catalogue
    from core.models.unfreezing import stages
    from core.store.runs import RunStore

    weights = "imagenet" if catalogue.find_weights(catalogue.find(network)) else "none"
    config = make_config(str(folder), {
        "model.backbone": network, "model.weights": weights, "data.image_size": size, "data.batch_size": 32,
        "data.augmentation": "light", "training.mode": "fine_tune", "training.unfreeze_from": block,
    })  # fmt: skip
    context = make_training_context(
        config, open_dataset(config.dataset, config.data), Reporter(RunStore().create(config))
    )
    images, forward = context.images(context.dataset.split.train, augmented=False), forward_function(context.base)
    target = np.zeros((len(images), context.base.output_shape[-1]), np.float32)
    extraction = _rate(lambda: extract(forward, images, 0, target, lambda done: None), len(images))
    phase = on_images(context, stages(config)[0])
    if gpu:
        tf.config.experimental.reset_memory_stats("GPU:0")
    steps = _rate(lambda: phase.model.fit(phase.stream.of(phase.data(0)), shuffle=False, verbose=0), len(images))
    peak = tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20 if gpu else 0.0
    return {"extraction": extraction, "fine_tuning": steps, "peak_mb": peak, "note": f"weights: {weights}"}


def _rate(call: Callable[[], object], images: int) -> float:
    """Images a second, the median of three calls after one that traces."""
    took = []
    for _ in range(4):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return images / median(took[1:])


def _trained(folder: Path, gpu: bool, settings: dict[str, Any]) -> Any:
    """A finished run on the drawn images: as the network is used on a GPU, small on a CPU."""
    from core.config import make_config
    from core.engine.reporter import Reporter
    from core.engine.train.training import train
    from core.store.runs import RunStore

    fixed = {"data.image_size": 224 if gpu else 64, "data.augmentation": "none", "training.early_stopping": 0}
    run = RunStore().create(make_config(str(folder), {**fixed, **settings}))
    train(Reporter(run), with_reference=False)
    return run


_STEPS: dict[str, Callable[[Path, bool], Facts]] = {
    "equivalence": _equivalence, "precision": _precision, "devices": _devices, "rates": _rates,
    "small_rates": _small_rates,
}  # fmt: skip
