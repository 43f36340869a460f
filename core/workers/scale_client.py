"""Finds the scale of pixels of a model from elsewhere by labelled images; the model runs in a limited process."""

import json
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.images import load
from core.data.rendering import Rendering
from core.errors import ModelError, UnreadableImage
from core.models.inspector import parsed
from core.models.legacy import Origin, is_hdf5, model_config
from core.models.scales import Scales, find_scale
from core.workers.labelled_images import labelled_images
from core.workers.run_module import bare_environment, run_module

MOST_IMAGES, MOST_SIDE, SECONDS = 100, 1024, 180.0
"""Images that every candidate is asked about, the largest side, and the longest that all of it may take."""


def scale_of(path: Path, origin: Origin, classes: Sequence[str], reference: str, fit: str) -> Scales:
    """Tries every scale of pixels on labelled images.

    Args:
        path: Path. A model's file that was let through.
        origin: Origin. What a look into it has shown.
        classes: sequence of str. In the order of its outputs.
        reference: str. The dataset with the images.
        fit: str. How they become squares.

    Raises:
        DataError: the reference is no dataset.
        ModelError: the scale cannot be found.
    """
    side = _side(path)
    chosen = labelled_images(reference, classes).some(MOST_IMAGES)
    pixels, labels = [], []
    for file, label in zip(chosen.files, chosen.labels, strict=True):
        with suppress(UnreadableImage, OSError):
            pixels.append(load(chosen.root / file.path, side, Rendering(fit)))
            labels.append(label)
    if not pixels:
        raise ModelError("none of the labelled images can be read; give others")
    answers = _asked(path, origin, np.stack(pixels), len(classes))
    return find_scale(np.array(labels), answers, list(classes))


def _asked(path: Path, origin: Origin, pixels: NDArray[np.uint8], classes: int) -> dict[str, NDArray[np.float64]]:
    with tempfile.TemporaryDirectory() as scratch:
        images = Path(scratch) / "images.npy"
        np.save(images, pixels)
        done = run_module(
            "core.engine.jobs.try_scales", path, images, "rebuild" if origin.rebuild else "either",
            seconds=SECONDS, folder=scratch,
            environment=bare_environment(HOME=scratch, KERAS_HOME=scratch, TF_CPP_MIN_LOG_LEVEL="3"),
        )  # fmt: skip
    if not done.in_time or done.code or not done.out.strip():
        why = (
            f"it took more than {SECONDS:.0f} s" if done.is_over_time else done.last_line[:200] or "its process failed"
        )
        raise ModelError(f"the pixel scale could not be determined: {why}; set it (--pixels)")
    record = json.loads(done.out.splitlines()[-1])
    if "error" in record:
        raise ModelError(f"this model cannot be used here: {record['error']}")
    found = {name: np.array(rows, np.float64) for name, rows in record.items()}
    if any(rows.shape != (len(pixels), classes) for rows in found.values()):
        raise ModelError(f"the model does not have {classes} classes; give as many names as it has classes")
    return found


def _side(path: Path) -> int:
    """The side of the model's images, from its configuration."""
    todo = [_config(path)]
    for value in _inside(todo):
        shape = value.get("batch_input_shape") or value.get("batch_shape")
        if isinstance(shape, list) and len(shape) == 4 and isinstance(shape[1], int) and 0 < shape[1] <= MOST_SIDE:
            return shape[1]
    raise ModelError(f"it does not state its image size, or one above {MOST_SIDE}; set the scale with --pixels")


def _config(path: Path) -> Any:
    if is_hdf5(path):
        import h5py  # a page does without it

        with h5py.File(path, "r") as file:
            return model_config(file)[0]
    with zipfile.ZipFile(path) as archive:
        return parsed(archive.read("config.json"), "config.json")


def _inside(todo: list[Any]) -> Iterator[dict[str, Any]]:
    """Every dictionary of a configuration, outer ones and earlier ones first."""
    while todo:
        value = todo.pop(0)
        if isinstance(value, dict):
            yield value
            todo = [*value.values(), *todo]
        elif isinstance(value, list):
            todo = [*value, *todo]
