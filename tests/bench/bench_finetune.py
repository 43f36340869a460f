"""Fine-tuning the last block: epochs on kept activations against epochs that pass the images through the whole network.

    python tests/bench/bench_finetune.py

Epochs of one run and of its plain twin alternate, the first of each left out: it computes what is kept, and traces. An
epoch is the steps and the validation, as a run has them. The plain way is that of a run whose disk is too full.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tests.bench.figures import Figure, ratio, rounds, table
from tests.bench.images import draw

ROUNDS = 5
NETWORKS = {"VGG16": (150, "block5", ">= 4"), "EfficientNetLite0": (224, "top", "")}


def measure() -> list[Figure]:
    """One figure a network; takes about two minutes."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["PARITY_HOME"] = home
        folder = draw(Path(home) / "images", side=224, train=24)
        return [figure for network in NETWORKS for figure in _against_plain(folder, network)]


def _against_plain(folder: Path, network: str) -> list[Figure]:
    size, block, target = NETWORKS[network]
    worked: dict[bool, list[float]] = {False: [], True: []}
    plain, kept = (_epoch(folder, network, worked[keep], keep=keep) for keep in (False, True))
    found = rounds(ROUNDS, plain=plain, kept=kept)
    name = f"epoch of fine-tuning {network} from {block} at {size} px on kept activations against images"
    return [
        ratio(name, found["plain"], found["kept"], target, f"load {os.getloadavg()[0]:.1f}"),
        ratio(f"{name}, seconds of the processor", worked[False][1:], worked[True][1:]),
    ]


def _epoch(folder: Path, network: str, worked: list[float], *, keep: bool) -> Callable[[], None]:
    """A call that trains and validates one epoch of a stage, and adds the processor's seconds to a list."""
    from core.config import make_config
    from core.data.dataset import open_dataset
    from core.engine.reporter import Reporter
    from core.engine.train.context import make_training_context
    from core.engine.train.frozen_activations import FrozenActivations
    from core.engine.train.phases import on_images
    from core.models import catalogue
    from core.models.unfreezing import stages
    from core.store.runs import RunStore

    size, block, _ = NETWORKS[network]
    weights = "imagenet" if catalogue.find_weights(catalogue.find(network)) else "none"
    settings: dict[str, Any] = {
        "model.backbone": network, "model.weights": weights, "data.image_size": size, "data.batch_size": 32,
        "data.augmentation": "none", "training.mode": "fine_tune", "training.unfreeze_from": block,
    }  # fmt: skip
    config = make_config(str(folder), settings)
    reporter = Reporter(RunStore().create(config))
    context = make_training_context(config, open_dataset(config.dataset, config.data), reporter)
    compute = FrozenActivations.compute
    FrozenActivations.compute = compute if keep else lambda self: False  # type: ignore[method-assign]
    phase = on_images(context, stages(config)[0])
    FrozenActivations.compute = compute  # type: ignore[method-assign]

    def call() -> None:
        started = time.process_time()
        phase.model.fit(phase.stream.of(phase.data(0)), shuffle=False, verbose=0)
        phase.observe(context.dataset.split.val)
        worked.append(time.process_time() - started)

    return call


if __name__ == "__main__":
    print(table(measure()))
