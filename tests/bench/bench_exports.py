"""Whether a network of each family survives ONNX and LiteRT: how far the converted model's answers are off.

    python tests/bench/bench_exports.py [NETWORK] ...

Without names the smallest of each family, a quarter of an hour. Weights are random; batch normalisation has the
statistics of images, and the head begins with one, so that answers are spread as those of a trained network are.
"""

import os
import sys
import tempfile
import time
import unittest.mock
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tests.bench.figures import Figure, table
from tests.models.families import FAMILIES, LARGE

FORMATS = {"onnx": ".onnx", "litert": ".tflite"}


def measure(*names: str) -> list[Figure]:
    """Converts each network to both formats."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PARITY_HOME"] = folder
        return [figure for name in names or (*FAMILIES, *LARGE) for figure in _figures(name, Path(folder))]


def _figures(name: str, folder: Path) -> list[Figure]:
    import keras

    run, spread = _run(name)
    figures = []
    for kind, suffix in FORMATS.items():
        path, began = folder / f"{name}{suffix}", time.perf_counter()
        found = _converted(run, kind, path)
        took = time.perf_counter() - began
        note = f"{path.stat().st_size / 1e6:.0f} MB in {took:.0f} s, spread of the answers {spread:.2f}"
        path.unlink()
        figures.append(Figure(f"{name} as {kind}", found["difference"], "<= 0.0001", "", note))
        print(figures[-1], file=sys.stderr, flush=True)
    keras.backend.clear_session()
    return figures


def _converted(run: Any, kind: str, path: Path) -> dict[str, Any]:
    """What the export says; a difference that it refuses is a figure as well."""
    from core.engine.jobs import export

    with unittest.mock.patch.object(export, "TOLERANCE", float("inf")):
        return export.convert(run, kind, path, lambda words, share: None)


def _run(name: str) -> tuple[Any, float]:
    """A run with such a model, and how far its answers to noise are spread."""
    import keras
    import numpy as np

    from core import files
    from core.config import make_config
    from core.models.build import build_base, build_layers, join
    from core.models.catalogue import find
    from core.notation.head import read_head
    from core.store.runs import RunStore
    from tests.models.families import with_statistics

    row = find(name)
    base = with_statistics(build_base(row, row.min_size, weights="none", seed=1))
    head = build_layers(int(base.output_shape[-1]), 2, read_head("batch_norm")[0], seed=1)
    pixels = np.random.default_rng(0).integers(0, 256, (8, *base.input_shape[1:])).astype(np.float32)
    features = np.asarray(base(pixels))
    normal = next(layer for layer in head.layers if isinstance(layer, keras.layers.BatchNormalization))
    normal.set_weights([*normal.get_weights()[:2], features.mean(axis=0), features.var(axis=0)])
    model = join(base, head)
    run = RunStore().create(make_config("/data", {"data.image_size": row.min_size, "model.backbone": name}))
    files.write_json(run.path / "manifest.json", {"root": "/data", "classes": ["a", "b"], "train": [], "val": []})
    model.save(run.path / "model.keras")
    return run, float(np.asarray(model(pixels)).std())


if __name__ == "__main__":
    print(table(measure(*sys.argv[1:])))
