"""Runs whose features are computed by OpenVINO: the two ways are one training, near TensorFlow's and kept apart."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from core import paths
from core.engine.features.runtime.openvino_network import OpenVinoNetwork
from core.engine.saved_network import open_network
from core.insight import reference
from core.sections.runtimes import has_openvino, openvino_version
from core.store.run_images import run_loader
from core.store.runs import Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("thin_here"),
    pytest.mark.skipif(not has_openvino(), reason="OpenVINO is not installed (requirements-openvino.txt)"),
]

TINY: dict[str, Any] = {
    "data.image_size": 32, "data.batch_size": 8, "training.epochs": 2, "training.early_stopping": 0,
    "training.runtime": "openvino",
}  # fmt: skip


def figures(run: Run) -> list[tuple[Any, ...]]:
    return [(e.loss, e.accuracy, e.val_loss, e.val_auc) for e in run.epochs()]


def arrays() -> set[str]:
    return {path.name for path in (paths.cache_folder() / "features").glob("*.npy")}


def test_bottleneck_and_end_to_end_are_the_same_bits_and_tensorflows_to_the_fifth_digit(
    image_folder: Any, train_here: Any
) -> None:
    folder: Path = image_folder(train=(11, 10), val=(6, 6))
    one = train_here(folder, TINY)
    before = arrays()
    other = train_here(folder, {**TINY, "training.mode": "end_to_end"})
    assert figures(one) == figures(other)
    assert arrays() == before, "the second has found its features cached"
    plain = train_here(folder, {**TINY, "training.runtime": "tensorflow"})
    assert len(arrays() - before) == len(before), "features of another runtime are other features"
    assert np.allclose(figures(one), figures(plain), atol=1e-4)
    traces = [run.trace() for run in (one, plain)]
    assert [trace.environment.get("runtime") for trace in traces if trace] == [f"openvino {openvino_version()}", None]


def test_what_was_fine_tuned_remembers_images_by_its_own_network(image_folder: Any, train_here: Any) -> None:
    """A conversion has the weights of before the training."""
    folder = image_folder(train=(11, 10), val=(6, 6))
    tuned = {
        **TINY,
        "training.mode": "fine_tune",
        "training.finetune_epochs": 1,
        "training.finetune_learning_rate": 0.1,
    }
    run = train_here(folder, tuned)
    base = open_network(run).get_layer("base")
    load, listed = run_loader(run), run.data().train
    pixels = np.stack([load(folder / item["path"]) for item in listed]).astype(np.float32)
    maps = keras.Model(base.input, base.get_layer("features").input)(pixels).numpy()
    remembered = reference.read(run)
    assert remembered is not None
    nearest = remembered.nearest(maps.mean(axis=(1, 2)), 1)
    assert [near.file for (near,) in nearest] == [item["path"] for item in listed]
    assert max(near.distance for (near,) in nearest) < 1e-3


def test_a_run_that_resumes_or_shares_images_takes_rows_over(
    image_folder: Any, train_here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with TensorFlow: rows of files that are known are copied, and one batch proves that they are the same bits."""
    folder = image_folder(train=(20, 20), val=(4, 4))
    train_here(folder, TINY)
    computed: list[int] = []
    network = OpenVinoNetwork.__call__

    def counted(self: OpenVinoNetwork, pixels: Any) -> Any:
        computed.append(len(pixels))
        return network(self, pixels)

    monkeypatch.setattr(OpenVinoNetwork, "__call__", counted)
    next(folder.rglob("val/**/*.*g")).unlink()
    train_here(folder, TINY)
    assert sum(computed) <= 16 + 7, computed
