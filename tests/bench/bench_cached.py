"""Training on cached features against a literal Keras `fit` of the same frozen model on the same files.

    python tests/bench/bench_cached.py

The literal training is Keras alone: base and head in one model, images decoded by the same threads, `fit` with the
same order and draws, validation after each epoch. Two epochs of it are measured; the others are taken to last as long
as the second. A run of two epochs must have learned the same head, bit for bit: checked here too. The time is that of
`core.engine.train.training.train`; of a later run, from its first batch to its last.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from core.config import RunConfig
from tests.bench.figures import Figure, middle, table
from tests.bench.images import draw

EPOCHS, LITERAL_EPOCHS = 10, 2
CASES = {
    ("VGG16", "none"): (150, 30),
}
"""Training and validation images per class: as few as leave what a run does besides a small part of its time."""

LONG_CASES = {
    ("VGG16", "none"): (600, 120),
    ("VGG16", "question"): (90, 18),
    ("EfficientNetLite0", "none"): (150, 30),
    ("EfficientNetLite0", "question"): (150, 30),
}
"""The same of the long form."""

NETWORKS = ("VGG16", "EfficientNetLite0")

TARGETS = {  # network, augmentation -> first time, later; the network of which they are asked is VGG16
    ("VGG16", "none"): (">= 8", ">= 50"),
    ("VGG16", "question"): (">= 1", ">= 50"),
}


def measure() -> list[Figure]:
    """The question's network without augmentation; about four minutes on two cores."""
    return _measure(CASES, NETWORKS)


def measure_long(networks: tuple[str, ...] = NETWORKS) -> list[Figure]:
    """A second network, more images, and with augmentation, too, of which VGG16 takes the most: ten versions of each
    go through it."""
    return _measure(LONG_CASES, networks)


def _measure(cases: dict[tuple[str, str], tuple[int, int]], networks: tuple[str, ...]) -> list[Figure]:
    figures = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["PARITY_HOME"] = str(Path(home) / "home")
        for (network, augmentation), (train, val) in cases.items():
            if network in networks:
                folder = draw(Path(home) / f"{train}", side=224, train=train, val=val)
                figures += _compare(network, folder, augmentation)
    return figures


def _compare(network: str, folder: Path, augmentation: str) -> list[Figure]:
    literal, head = _literal(_config(network, folder, augmentation))
    first = _run(_config(network, folder, augmentation))
    short = _run(_config(network, folder, augmentation, **{"training.epochs": LITERAL_EPOCHS}))
    apart = max(float(np.abs(a - b).max()) for a, b in zip(head, short["learnt"][: len(head)], strict=True))
    later = [
        _run(_config(network, folder, augmentation, **{"training.seed": seed, "training.learning_rate": rate}))
        for seed, rate in ((5, 1e-3), (6, 3e-4), (7, 7e-4))
    ]
    ratios = [literal / run["span"] for run in later]
    what = f"{network} at 150 px, the question's head, {EPOCHS} epochs, augmentation {augmentation}"
    first_target, later_target = TARGETS.get((network, augmentation), ("", ""))
    return [
        Figure(
            f"largest difference of a weight from the literal fit's, {what}", apart, "<= 0", "",
            f"after {LITERAL_EPOCHS} epochs; 0 is the same head, bit for bit",
        ),
        Figure(
            f"first run against literal fit, {what}", round(literal / first["total"], 2), first_target, "x",
            f"{literal:.1f} s against {first['total']:.1f} s",
        ),
        middle(
            f"later runs against literal fit, {what}", ratios, later_target, "x",
            "other seeds and rates, from first batch to last",
        ),
        middle(
            f"later run: start to first batch, {what}", [run["wait"] for run in later], "<= 3", "s",
            "TensorFlow is loaded",
        ),
    ]  # fmt: skip


def _config(network: str, folder: Path, augmentation: str, **settings: Any) -> RunConfig:
    from core.config import make_config
    from core.models import catalogue

    return make_config(
        str(folder),
        {
            "model.backbone": network,
            "model.weights": "imagenet" if catalogue.find_weights(catalogue.find(network)) else "none",
            "data.augmentation": augmentation,
            "data.shuffle": "samples",
            "training.epochs": EPOCHS,
            **settings,
        },
        preset="question-end-to-end",
    )


def _literal(config: RunConfig) -> tuple[float, list[Any]]:
    """Seconds of a plain Keras `fit` with validation, and the head's weights after the epochs that were measured."""
    import keras

    from core.data.dataset import open_dataset
    from core.data.pipeline import EpochStream, ImageBatches
    from core.engine.reporter import Reporter
    from core.engine.train.context import make_training_context
    from core.engine.train.phases import compile_model, order
    from core.models.build import train_model
    from core.store.runs import RunStore

    context = make_training_context(
        config, open_dataset(config.dataset, config.data), Reporter(RunStore().create(config))
    )
    model = train_model(context.base, context.head)
    assert isinstance(model, keras.Model)
    compile_model(context, model)
    parts = {}
    for name, files in (("train", context.dataset.split.train), ("val", context.dataset.split.val)):
        images = context.images(files, augmented=name == "train")
        parts[name] = images, context.targets(context.dataset.labels(files))
    stream, validation = EpochStream(), EpochStream()
    moments = [time.perf_counter()]
    for epoch in range(LITERAL_EPOCHS):
        data = ImageBatches(*parts["train"], order(context, epoch), context.draw(epoch))
        model.fit(stream.of(data), shuffle=False, verbose=0)
        held_out = ImageBatches(*parts["val"], _in_order(len(parts["val"][0])), 0)
        model.evaluate(validation.of(held_out), verbose=0)
        data.close()
        held_out.close()
        moments.append(time.perf_counter())
    whole = moments[1] - moments[0] + (EPOCHS - 1) * (moments[2] - moments[1])
    return whole, [variable.numpy() for variable in context.head.variables]


def _in_order(count: int) -> list[Any]:
    return [np.arange(start, min(start + 20, count)) for start in range(0, count, 20)]


def _run(config: RunConfig) -> dict[str, Any]:
    """A run as a worker makes it: seconds in all, before the first batch, from it to the last; what it learned."""
    from core.engine.reporter import Reporter
    from core.engine.train import epochs
    from core.engine.train.batch_watch import BatchWatch
    from core.engine.train.checkpoint import CheckpointFolder
    from core.engine.train.training import train
    from core.store.runs import RunStore

    moments: list[float] = []

    class Watch(BatchWatch):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            moments.append(time.perf_counter())

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            super().on_train_batch_end(batch, logs)
            moments.append(time.perf_counter())

    run = RunStore().create(config)
    reporter, started = Reporter(run), time.perf_counter()
    reporter.start_heartbeat()
    with mock.patch.object(epochs, "BatchWatch", Watch):
        try:
            train(reporter)
        finally:
            reporter.close()
    total = time.perf_counter() - started
    stored = CheckpointFolder(run.path / "resume").load()
    assert stored is not None
    wait, span = moments[0] - started, moments[-1] - moments[0]
    return {"total": total, "wait": wait, "span": span, "learnt": stored.arrays}


if __name__ == "__main__":
    print(table(measure_long(tuple(sys.argv[1:]) or NETWORKS)))
