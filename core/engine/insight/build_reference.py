"""Builds a run's reference: features of training images, and the out-of-distribution limit from validation images.

At the end of a training with a frozen network the features are in the cache already and cost nothing. Where the
network itself was trained, or images went through it without a cache, the images that are kept are pushed through
it once more: at most 4,000, less than one more epoch.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.data.dataset_index import ImageFile
from core.data.feature_cache import Features
from core.data.pipeline import ImageLoader, Images
from core.engine.features.features import forward_batches, forward_function
from core.engine.insight.feature_checks import add_feature_findings
from core.engine.saved_network import open_network
from core.engine.train.context import TrainingContext
from core.errors import RunError
from core.insight import reference
from core.progress import Progress
from core.store.run_images import run_rendering
from core.store.run_records import ImageRecord
from core.store.runs import Run

Advance = Callable[[int], None]

_SLICE = 256
"""Rows of cached features in memory at a time: a flattened feature map has a hundred thousand numbers."""


def keep_reference(context: TrainingContext, *, base_was_trained: bool, may_compute: bool) -> bool:
    """Writes the reference of a run that has just been trained; returns whether it could.

    Args:
        context: TrainingContext.
        base_was_trained: bool. Whether the network in front of the head has changed, so that no cache is right.
        may_compute: bool. Whether features that are not in the cache may be computed.
    """
    train, val = context.dataset.split.train, context.dataset.split.val
    positions, of_val = reference.choose(context.dataset.labels(train)), reference.choose(context.dataset.labels(val))
    if not base_was_trained and (cached := _cached(context, train, val)):
        features, validation, augmented = cached
        kept = pooled(context.base, features, positions)
        val_kept = pooled(context.base, validation, of_val)
        ood_limit = reference.measure(kept, val_kept, augmented=augmented)
        seen = [("train", [train[k] for k in positions], kept), ("val", [val[k] for k in of_val], val_kept)]
        add_feature_findings(context, seen, augmented=augmented)
    elif may_compute:
        message = "Storing features of the training images, for nearest neighbours of a new image."
        context.reporter.phase("evaluating", message, total=len(positions) + len(of_val))
        done = _Counter(context.reporter.advance)
        parts = ([files[k] for k in chosen] for files, chosen in ((train, positions), (val, of_val)))
        forward = context.live_forward if base_was_trained else context.forward
        kept, validation = (
            through(context.base, forward, context.images(part, augmented=False), done) for part in parts
        )
        ood_limit = reference.measure(kept, validation)
    else:
        return False
    reference.write(context.reporter.run, kept, positions, ood_limit)
    return True


def build_reference(run: Run, progress: Progress | None = None) -> reference.OutOfDistributionLimit:
    """Writes the reference of a run from its saved model and the images where they lie.

    Args:
        run: Run. It has a model, and its dataset is still there.
        progress: callable of (done, total) images. Defaults to none.

    Raises:
        RunError: the model is no network of this program, or the run has no list of images.
        UnreadableImage: an image has gone.
    """
    base = next((layer for layer in open_network(run).layers if layer.name == "base"), None)
    manifest, size = run.data(), run.config().data.image_size
    train, val = ([_file(item) for item in manifest.part(part)] for part in ("train", "val"))
    if base is None or not train or not val:
        raise RunError(f"run {run.id} was not trained here, so there are no training images to remember")
    root = Path(manifest.root)
    positions, of_val = (_choose(files, manifest.classes) for files in (train, val))
    total = len(positions) + len(of_val)
    done = _Counter(lambda number: progress(number, total) if progress else None)
    forward = forward_function(base)
    parts = ([files[k] for k in chosen] for files, chosen in ((train, positions), (val, of_val)))
    rendering = run_rendering(run)
    kept, validation = (through(base, forward, Images(root, part, size, "none", 0, rendering), done) for part in parts)
    ood_limit = reference.measure(kept, validation)
    reference.write(run, kept, positions, ood_limit)
    return ood_limit


def _file(item: ImageRecord) -> ImageFile:
    """As much of a file as its features take."""
    return ImageFile(item["path"], item["label"], item.get("split", ""), item.get("sha256", ""), 0, 0, 0, "", "", 1)


def through(base: keras.Model, forward: Callable[[Any], Any], images: Images, advance: Advance) -> NDArray[np.float32]:
    """Pooled features of shape `(len(images), channels)`, computed now by the base's forward pass."""
    rows = []
    for pixels in ImageLoader(images, forward_batches(len(images)), 0):
        features = np.asarray(forward(pixels))
        rows.append(pooled(base, features, np.arange(len(features))))
        advance(len(pixels))
    return np.concatenate(rows)


def pooled(base: keras.Model, features: Features, positions: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    """Rows of a base's features as the mean over the places of its feature map, shape `(len(positions), channels)`.

    Args:
        base: keras.Model. From `build_base`.
        features: float32 array of shape `(n, width)`, may be memory-mapped.
        positions: integer array. Which rows.
    """
    shape = base.get_layer("features").input.shape[1:]
    rows = []
    for start in range(0, len(positions), _SLICE):
        part = np.asarray(features[positions[start : start + _SLICE]], np.float32)
        is_flat = part.shape[1] != shape[-1]
        rows.append(part.reshape(-1, *shape).mean(axis=(1, 2)) if is_flat else part)
    return np.concatenate(rows)


def _cached(
    context: TrainingContext, train: Sequence[ImageFile], val: Sequence[ImageFile]
) -> tuple[Features, Features, bool] | None:
    """Features of training and validation images from the cache, and whether the former are augmented ones."""
    validation = context.features_on_disk(context.images(val, augmented=False), 0)
    plain = context.features_on_disk(context.images(train, augmented=False), 0)
    features = plain if plain is not None else context.features_on_disk(context.train_images(), context.draw(0))
    if features is None or validation is None:
        return None
    return features, validation, plain is None


def _choose(files: Sequence[ImageFile], classes: Sequence[str]) -> NDArray[np.int64]:
    index_of = {name: k for k, name in enumerate(classes)}
    return reference.choose(np.array([index_of[file.label] for file in files]))


class _Counter:
    """Adds up the images that were done."""

    def __init__(self, report: Callable[[int], object]) -> None:
        self._report, self._done = report, 0

    def __call__(self, count: int) -> None:
        self._done += count
        self._report(self._done)
