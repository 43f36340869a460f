"""Smaller LiteRT exports, float16 and int8, each measured on the validation images before it is offered."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from core.errors import RunError, UnreadableImage
from core.export.small import measured
from core.insight.answer import class_probabilities
from core.progress import StepProgress
from core.store.run_images import run_loader
from core.store.run_records import ImageRecord
from core.store.runs import Run

Array = NDArray[np.float32]

MOST_VALIDATION = 1000
"""Most validation images that both models are asked about: 224 pixels a side are 150 MB then."""

CALIBRATION = 100
"""Training images by which int8 measures the range of every activation; TensorFlow's guide says 100 to 500."""

_BATCH, _TIMED = 32, 30


def convert_small(run: Run, model: keras.Model, kind: str, path: Path, report: StepProgress) -> dict[str, Any]:
    """Writes a smaller LiteRT model and measures what it loses.

    Args:
        run: Run. Its training and validation images are there.
        model: Keras model of plain layers (see `plain_layers`).
        kind: str. `litert-float16` or `litert-int8`.
        path: Path. The file to write.
        report: callable of (what it is at, share done).

    Returns:
        See `core.export.small.measured`, with `calibration`: number of training images that int8 was measured by.

    Raises:
        RunError: the images are gone.
    """
    pixels, labels = _labelled(run, "val", MOST_VALIDATION)
    settings: dict[str, Any] = {"target_spec": {"supported_types": [tf.float16], "supported_ops": [_OPS]}}
    calibration = 0
    if kind == "litert-int8":
        samples, _ = _labelled(run, "train", CALIBRATION)
        calibration = len(samples)
        settings = {"representative_dataset": _representative(samples),
                    "target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, _OPS]}}  # fmt: skip
    report("Converting it, once plain for comparison and once smaller.", 0.35)
    plain = path.with_name(f"{path.stem}.plain.tflite")
    try:
        _export(model, plain, target_spec={"supported_ops": [_OPS]})
        _export(model, path, optimizations=[tf.lite.Optimize.DEFAULT], **settings)
        sizes = {
            "bytes": path.stat().st_size,
            "plain_bytes": plain.stat().st_size,
            "own_bytes": (run.path / "model.keras").stat().st_size,
            "milliseconds": _milliseconds(path, pixels),
            "plain_milliseconds": _milliseconds(plain, pixels),
        }
    finally:
        plain.unlink(missing_ok=True)
    report(f"Comparing both on {len(pixels)} validation images.", 0.6)
    own = np.concatenate([np.asarray(model(part, training=False)) for part in _batches(pixels)])
    ask = _interpreter(path)
    small = np.concatenate([ask(part) for part in _batches(pixels)])
    return {**measured(labels, class_probabilities(own), class_probabilities(small), sizes), "calibration": calibration}


_OPS = tf.lite.OpsSet.TFLITE_BUILTINS


def _export(model: keras.Model, path: Path, **settings: Any) -> None:
    model.export(path, format="litert", verbose=False, **settings)


def _labelled(run: Run, part: str, most: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images of a part of the run as its model takes them, evenly out of all, and their classes."""
    manifest, load = run.data(), run_loader(run)
    root, classes = Path(manifest.root), list(manifest.classes)
    found, labels = [], []
    for item in _evenly(manifest.part(part), most):
        with contextlib.suppress(UnreadableImage, OSError):
            found.append(load(root / item["path"]))
            labels.append(classes.index(item["label"]))
    if not found:
        name = {"val": "validation", "train": "training"}[part]
        raise RunError(
            f"run {run.id} has no {name} images in {manifest.root or 'its records'}, and a smaller model is only made "
            "with what it loses measured on them; bring them back, or take the format litert"
        )
    return np.stack(found), np.array(labels)


def _evenly(items: Sequence[ImageRecord], most: int) -> list[ImageRecord]:
    """At most so many, spread over all, so that every class that stands together is among them."""
    if len(items) <= most:
        return list(items)
    return [items[k * len(items) // most] for k in range(most)]


def _representative(samples: NDArray[np.uint8]) -> Callable[[], Iterator[list[Array]]]:
    def images() -> Iterator[list[Array]]:
        for image in samples:
            yield [image[None].astype(np.float32)]

    return images


def _batches(pixels: NDArray[np.uint8]) -> Iterator[Array]:
    for start in range(0, len(pixels), _BATCH):
        yield pixels[start : start + _BATCH].astype(np.float32)


def _interpreter(path: Path) -> Callable[[Array], Array]:
    serve = tf.lite.Interpreter(str(path)).get_signature_runner()
    name = next(iter(serve.get_input_details()))

    def ask(image: Array) -> Array:
        return np.asarray(next(iter(serve(**{name: image}).values())), np.float32)

    return ask


def _milliseconds(path: Path, pixels: NDArray[np.uint8]) -> float:
    """Median time of one image, one at a time, on one thread, the first calls left out."""
    ask, image = _interpreter(path), pixels[:1].astype(np.float32)
    times = []
    for _ in range(_TIMED):
        began = time.perf_counter()
        ask(image)
        times.append(time.perf_counter() - began)
    return float(np.median(times[3:]) * 1000)
