"""TrainingContext: settings, dataset, networks and features that every step of a training needs."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.config import RunConfig
from core.data.dataset import Dataset
from core.data.dataset_index import ImageFile
from core.data.feature_cache import FeatureCache, Features, feature_cache
from core.data.order import draw_of_epoch
from core.data.pipeline import ImageLoader, Images
from core.data.rendering import Rendering
from core.engine.cluster.shards import Extraction, is_large, over_cluster
from core.engine.features.feature_reuse import reuse_features
from core.engine.features.features import BATCH, extract, features_family, features_key, forward_function
from core.engine.features.runtime.forward import Forward, feature_forward, runtime_recipe
from core.engine.reporter import Reporter
from core.engine.train.observe import Observed, Observer
from core.estimate import measured
from core.models import catalogue
from core.models.build import base_for, head_for, weights_hash
from core.models.fetch import fetch
from core.sections.runtimes import TENSORFLOW


class StopRequested(Exception):
    """The person asked for a stop while there was no epoch to break off."""


@dataclass
class TrainingContext:
    """The parts of one training, made once and handed from step to step.

    Attributes:
        base: keras.Model. Raw pixels in, features of shape `(n, width)` out.
        head: keras.Model. Features in, probabilities out: `(n, 1)` for two classes, else `(n, classes)`.
        base_hash: str. Hash of the base's weights before training.
        seconds: dict. Time spent on features and training so far.
    """

    config: RunConfig
    dataset: Dataset
    reporter: Reporter[Any]
    base: keras.Model
    head: keras.Model
    base_hash: str
    cache: FeatureCache
    seconds: dict[str, float] = field(default_factory=lambda: {"features": 0.0, "training": 0.0})
    _keys: dict[tuple[int, str, int], str] = field(default_factory=dict)
    extracted: tuple[int, float] = (0, 0.0)
    """Images that went through the base on this machine for their features, and the seconds that took."""
    ignore_stop: bool = False
    """Set once what was learned is being kept: that must not be broken off."""

    def images(self, files: Sequence[ImageFile], *, augmented: bool) -> Images:
        """The images of one part; only training images are ever augmented."""
        data = self.config.data
        augmentation = data.augmentation if augmented else "none"
        return Images(self.dataset.root, files, data.image_size, augmentation, data.seed, self.rendering)

    @cached_property
    def rendering(self) -> Rendering:
        """How images become squares: looked up once, as a window may have to be measured."""
        return self.dataset.rendering(self.config.data)

    def train_images(self) -> Images:
        """The training images, with the run's augmentation."""
        return self.images(self.dataset.split.train, augmented=True)

    def draw(self, epoch: int) -> int:
        """Random version of the training images in an epoch (from 0)."""
        return draw_of_epoch(epoch, self.config.data.augmentation, self.config.data.augmentation_draws)

    def features(self, images: Images, draw: int, message: str, *, later: int = 0) -> Features:
        """The features of images, from the cache or computed now.

        Args:
            images: Images.
            draw: int. Random version.
            message: str. What the person reads meanwhile.
            later: int. Images that are known to follow, for the estimate of the time left.

        Raises:
            StopRequested: the person asked for a stop meanwhile; nothing is kept of the unfinished array.
        """
        key = self._key(images, draw)
        features = self.cache.open(key)
        if features is None:
            started = time.monotonic()
            self.reporter.phase("features", message, total=len(images))
            shape = (len(images), int(self.base.output_shape[-1]))
            stored = self.config.training.feature_precision
            features = self.cache.build(key, shape, lambda out: self._fill(images, draw, out, later), stored)
            family = features_family(images, draw, self._recipe())
            self.cache.keep_rows(key, family, [file.sha256 for file in images.files])
            self.seconds["features"] += time.monotonic() - started
        return features

    def missing_draws(self, epochs: int) -> list[int]:
        """Draws of the training images that the epochs need and the cache lacks."""
        images, draws = self.train_images(), {self.draw(epoch) for epoch in range(epochs)}
        return [draw for draw in draws if self._key(images, draw) not in self.cache]

    @cached_property
    def observer(self) -> Observer:
        """Base and head as they are at each call, in inference mode, with their inner values."""
        return Observer(self.base, self.head)

    def observe_frozen(self, files: Sequence[ImageFile], message: str) -> Observed:
        """What is said of images through cached features and the head, and what the layers did."""
        return self.observer.on_features(self.features(self.images(files, augmented=False), 0, message))

    def observe_images(self, files: Sequence[ImageFile]) -> Observed:
        """What is said of images through the whole network, and what the layers did."""
        images = self.images(files, augmented=False)
        batches = [np.arange(start, min(start + BATCH, len(images))) for start in range(0, len(images), BATCH)]
        return self.observer.on_images(ImageLoader(images, batches, 0))

    def key(self, images: Images, draw: int) -> str:
        """The name under which the features of images are cached."""
        return self._key(images, draw)

    def features_on_disk(self, images: Images, draw: int) -> Features | None:
        """Cached features of images, or None when there are none; computes nothing."""
        return self.cache.open(self._key(images, draw))

    def note(self, draw: int) -> Any:
        """What is kept beside the cached features of the training images; None when there is nothing."""
        return self.cache.note(self._key(self.train_images(), draw))

    def keep_note(self, draw: int, record: Any) -> None:
        """Keeps a record beside the cached features of the training images, if there are any."""
        self.cache.keep_note(self._key(self.train_images(), draw), record)

    def targets(self, labels: NDArray[np.int64]) -> NDArray[np.float32]:
        """Labels as the loss wants them: `(n, 1)` of 0 and 1 for two classes, else one-hot `(n, classes)`."""
        if len(self.dataset.classes) == 2:
            return labels.astype(np.float32)[:, None]
        return np.eye(len(self.dataset.classes), dtype=np.float32)[labels]

    def sample_weights(self, labels: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """Weight of each sample when the classes are balanced by weights: inverse to the share of its class."""
        if self.config.training.class_weight == "none":
            return None
        counts = np.bincount(labels, minlength=len(self.dataset.classes))
        return (len(labels) / (len(counts) * counts[labels])).astype(np.float32)

    def _fill(self, images: Images, draw: int, out: Features, later: int) -> None:
        def advance(done: int) -> None:
            self.reporter.advance(done, ahead=later)
            if self.reporter.stop_requested() and not self.ignore_stop:
                raise StopRequested

        if is_large(len(images)):
            self._fill_over_cluster(images, draw, out, advance)
        else:
            known = self.cache.family(features_family(images, draw, self._recipe()))
            rest = reuse_features(known, self.forward, images, draw, out, advance)
            started = time.monotonic()
            extract(self.forward, images, draw, out, advance, rest)
            count, seconds = self.extracted
            self.extracted = count + sum(map(len, rest)), seconds + time.monotonic() - started

    def _fill_over_cluster(self, images: Images, draw: int, out: Features, advance: Callable[[int], None]) -> None:
        folder = self.cache.folder / f"{self._key(images, draw)}.shards"
        extraction = Extraction(self.config, self.base_hash, self.forward, images, draw, folder)
        trouble = over_cluster(extraction, out, advance)
        self.reporter.event("features on the cluster", pictures=len(images), elsewhere=extraction.elsewhere)
        if trouble:
            self.reporter.event("cluster", message=trouble)

    @cached_property
    def forward(self) -> Forward:
        """Traced or compiled once: a network of many layers takes half a second, as long as a hundred small images."""
        return feature_forward(self.config, self.base, self.base_hash)

    @cached_property
    def live_forward(self) -> Forward:
        """As `forward`, of the base as it is at each call: a conversion has the weights of before the training."""
        return self.forward if self.config.training.runtime == TENSORFLOW else forward_function(self.base, whole=True)

    def _key(self, images: Images, draw: int) -> str:
        """Computed once for each part and draw: it hashes the name of every file."""
        known = (id(images.files), images.augmentation, draw)
        if known not in self._keys:
            self._keys[known] = features_key(images, draw, self._recipe())
        return self._keys[known]

    def _recipe(self) -> dict[str, Any]:
        model, data = self.config.model, self.config.data
        stored = self.config.training.feature_precision
        return {
            **({} if stored == "float32" else {"stored": stored}),
            **runtime_recipe(self.config),
            "backbone": model.backbone,
            "weights": self.base_hash,
            "preprocessing": data.preprocessing,
            "pooling": model.pooling,
            "precision": self.config.training.precision,
        }


def make_training_context(config: RunConfig, dataset: Dataset, reporter: Reporter[Any]) -> TrainingContext:
    """Builds base and head and opens the feature cache."""
    model = config.model
    row = catalogue.find(model.backbone)
    if model.weights == "imagenet" and catalogue.find_weights(row) is None:
        reporter.phase("data", f"Downloading the weights of {row.title}.")
        started = time.monotonic()
        fetch(row, reporter.progress)
        measured.keep([measured.Cost(measured.DOWNLOAD, (time.monotonic() - started) / row.weights_bytes)])
    reporter.phase("data", f"Building {row.title}.")
    base = base_for(config)
    head = head_for(config, int(base.output_shape[-1]), len(dataset.classes))
    return TrainingContext(config, dataset, reporter, base, head, weights_hash(base), feature_cache())
