"""Whether a network of each family survives ONNX and LiteRT: how far the converted model's answers are off.

    python tests/bench/bench_exports.py [NETWORK ...] [--formats onnx,litert] [--side PIXELS] [--noise]

Without names a few that are small; `all` names one of each family, a quarter of an hour. Weights are those of ImageNet
where their file is here, else random. Batch normalisation then has the statistics of drawn images, as a trained network
has those of its images, and the head begins with one, so that answers are spread as those of a trained network are.
With `--noise` the statistics are those of four images of noise, which differ so little that deep layers divide by next
to nothing: numbers that no trained network has. Keras' own answers in float64 say whose rounding a difference is.
"""

import argparse
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
from tests.bench.images import draw
from tests.models.families import FAMILIES, LARGE, with_statistics

QUICK = ("EfficientNetLite0", "MobileNetV2")
SIDE, IMAGES = 96, 16
"""Pixels a side where the network has no larger least size, and drawn images a class."""

FORMATS = ("onnx", "litert")
SMALL_LIMIT = {"litert-float16": "<= 0.01", "litert-int8": ""}
"""What a smaller format may change of a probability: 11 bits of every weight; of int8 nothing is asked, it is shown."""


def measure(
    names: tuple[str, ...] = QUICK, formats: tuple[str, ...] = FORMATS, side: int = SIDE, noise: bool = False
) -> list[Figure]:
    """Converts each network to each format; the two small ones take two minutes."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PARITY_HOME"] = str(Path(folder) / "home")
        return [figure for name in names for figure in _figures(name, formats, side, noise, Path(folder))]


def measure_long() -> list[Figure]:
    """One network of each family: a quarter of an hour and more."""
    return measure((*FAMILIES, *LARGE))


def _figures(name: str, formats: tuple[str, ...], side: int, noise: bool, folder: Path) -> list[Figure]:
    import keras

    run, model, what = _run(name, side, noise, folder)
    figures = []
    for kind in formats:
        path, began = folder / f"{name}-{kind}{'.onnx' if kind == 'onnx' else '.tflite'}", time.perf_counter()
        found, errors = _converted(run, model, kind, path)
        size = f"{path.stat().st_size / 1e6:.0f} MB in {time.perf_counter() - began:.0f} s"
        path.unlink()
        limit = SMALL_LIMIT.get(kind, "<= 0.0001")
        figures.append(Figure(f"{name} as {kind}", found["difference"], limit, "", f"{errors}{size}; {what}"))
        print(table(figures[-1:]), file=sys.stderr, flush=True)
    keras.backend.clear_session()
    return figures


def _converted(run: Any, model: Any, kind: str, path: Path) -> tuple[dict[str, Any], str]:
    """What the export says, and how far both models are from float64; what it would refuse is a figure as well."""
    import numpy as np

    from core.engine.jobs import export
    from core.engine.jobs.exact import in_float64

    with unittest.mock.patch.object(export, "TOLERANCE", float("inf")):
        found = export.convert(run, kind, path, lambda words, share: None)
    if kind not in FORMATS:
        return found, ""
    pixels = export._images(run, model.input_shape[1])
    exact = np.asarray(in_float64(model)(pixels, training=False))
    answers = export._READERS[kind](path, pixels)
    errors = [np.abs(np.asarray(given) - exact).max() for given in (answers, model(pixels, training=False))]
    return found, f"from float64 {errors[0]:.1e}, Keras' float32 {errors[1]:.1e}; "


def _run(name: str, side: int, noise: bool, folder: Path) -> tuple[Any, Any, str]:
    """A run with such a model on drawn images, the model, and what it is."""
    import numpy as np

    from core import files
    from core.config import make_config
    from core.data.images import load
    from core.models.build import build_base, build_layers, join
    from core.models.catalogue import find, find_weights
    from core.notation.head import read_head
    from core.store.runs import RunStore

    row = find(name)
    size = max(side, row.min_size)
    weights = "imagenet" if find_weights(row) else "none"
    base = build_base(row, size, weights=weights, seed=1)
    drawn = draw(folder / "images", side=size, train=IMAGES, val=4)
    pixels = np.stack([load(path, size) for path in sorted((drawn / "train").glob("*/*.jpg"))]).astype(np.float32)
    if noise:
        pixels = np.random.default_rng(0).integers(0, 256, (8, size, size, 3)).astype(np.float32)
    if weights == "none":
        with_statistics(base, None if noise else pixels)
    head = build_layers(int(base.output_shape[-1]), 2, read_head("batch_norm")[0], seed=1)
    _normalize(head, np.asarray(base(pixels)))
    model = join(base, head)
    config = make_config(str(drawn), {"data.image_size": size, "model.backbone": name, "model.weights": weights})
    run = RunStore().create(config)
    files.write_json(run.path / "manifest.json", _manifest(drawn, noise))
    model.save(run.path / "model.keras")
    answers = np.asarray(model(pixels))
    return run, model, f"{size} px, weights {weights}, {'noise, ' * noise}spread of the answers {answers.std():.2f}"


def _normalize(head: Any, features: Any) -> None:
    """Gives the head's normalisation the statistics of these features."""
    import keras

    layer = next(layer for layer in head.layers if isinstance(layer, keras.layers.BatchNormalization))
    layer.set_weights([*layer.get_weights()[:2], features.mean(axis=0), features.var(axis=0)])


def _manifest(drawn: Path, noise: bool) -> dict[str, Any]:
    parts = {
        part: [{"path": path.relative_to(drawn).as_posix(), "label": path.parent.name}
               for path in sorted((drawn / part).glob("*/*.jpg"))]
        for part in ("train", "val")
    }  # fmt: skip
    return {"root": str(drawn), "classes": ["a", "b"], **({"train": [], "val": []} if noise else parts)}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", metavar="NETWORK")
    parser.add_argument("--formats", default=",".join(FORMATS), help=", ".join((*FORMATS, *SMALL_LIMIT)))
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--noise", action="store_true")
    options = parser.parse_args()
    names = (*FAMILIES, *LARGE) if options.networks == ["all"] else tuple(options.networks) or QUICK
    print(table(measure(names, tuple(options.formats.split(",")), options.side, options.noise)))


if __name__ == "__main__":
    main()
