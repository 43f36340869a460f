"""Expected duration of a training, part by part: from what this machine has taken before, else by rules of thumb.

Every figure is an upper one: early stopping may end a phase sooner, and features that are in the cache cost nothing.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from core.config import RunConfig
from core.data.order import batches_per_epoch, draw_of_epoch
from core.estimate.measured import DOWNLOAD, FEATURES, FINISH, HEAD, IMAGES, PREPARE, Cost, costs
from core.models import unfreezing
from core.models.backbone import Backbone
from core.models.catalogue import BACKBONES, find, find_weights
from core.sections.runtimes import TENSORFLOW

_PER_CORE = 1e10
"""Multiplications and additions that a core does in a second, where nothing was measured."""

_READING = 0.09
"""Reading and scaling an image takes as long as so many billion multiplications and additions, whatever its size:
EfficientNet-Lite0 took 2.2, 3.7 and 10.4 ms for images of 48, 96 and 224 pixels."""

_STARTING_SECONDS = 4.0
"""TensorFlow's import and the network's construction, where nothing was measured."""

_EPOCH_SECONDS, _STEP_SECONDS = 0.2, 0.004
"""An epoch of the head on cached features whatever it holds, and each of its steps; where nothing was measured."""

_SCAN_SECONDS, _FINISH_SECONDS = 0.002, 0.004
"""For each image: looking through it, and evaluating and keeping what is known of it; where nothing was measured."""

_DOWNLOAD_RATE = 5e6
"""Bytes a second, where nothing was measured."""


@dataclass(frozen=True)
class Part:
    """A part of a run, in the order in which they come.

    Attributes:
        phase: str. As `Status.phase` calls it: data, features, training, finetuning, ..., evaluating.
        seconds: float. Of all of it, at most.
        epochs: int. Of how many epochs, at most; 0 for what has none.
        measured: bool. Whether it comes from a measurement of the same work on this machine.
    """

    phase: str
    seconds: float
    epochs: int = 0
    measured: bool = False

    @property
    def an_epoch(self) -> float:
        """Seconds of one epoch."""
        return self.seconds / self.epochs if self.epochs else 0.0


@dataclass(frozen=True)
class Expected:
    """What a run will take.

    Attributes:
        parts: tuple of Part.
        a_feature: float. Seconds of one image through the backbone.
    """

    parts: tuple[Part, ...]
    a_feature: float = 0.0

    @property
    def seconds(self) -> float:
        """Of the whole run, at most."""
        return sum(part.seconds for part in self.parts)

    @property
    def measured(self) -> bool:
        """Whether at least four fifths of it come from measurements of the same work on this machine."""
        known = sum(part.seconds for part in self.parts if part.measured)
        return known >= 0.8 * self.seconds

    def from_phase(self, phase: str, *, itself: bool) -> float:
        """Seconds of all that follows a phase.

        Args:
            phase: str. Its name; of one that the run does not have, nothing is said to follow.
            itself: bool. Whether the phase itself counts as well.
        """
        names = [part.phase for part in self.parts]
        if phase not in names:
            return 0.0
        first = names.index(phase) + (0 if itself else 1)
        return sum(part.seconds for part in self.parts[first:])

    def an_epoch(self, phase: str) -> float:
        """Seconds of one epoch of a phase; 0 where it has none."""
        return next((part.an_epoch for part in self.parts if part.phase == phase), 0.0)


def expected(config: RunConfig, train: int, val: int, classes: int = 2) -> Expected:
    """What a run will take on this machine.

    Args:
        config: RunConfig. Its backbone exists.
        train: int. Training images.
        val: int. Images that are held out, of validation and test.
        classes: int. Defaults to 2.
    """
    work = _Work(config, train, val, classes, costs())
    parts = [work.data()]
    training = config.training
    through_images = training.mode == "end_to_end" and (training.unfreeze_from or training.full_pass)
    if through_images:
        parts.append(work.on_images(unfreezing.HEAD, training.epochs, training.unfreeze_from))
    else:
        parts += [work.features(), work.head()]
    parts += [work.on_images(s.phase, training.finetune_epochs, s.block) for s in unfreezing.stages(config)]
    return Expected((*parts, work.finish()), work.an_image()[0])


def download_bytes(config: RunConfig) -> int:
    """Bytes of weights that the run must fetch first; 0 where they are on this machine, or none are wanted."""
    row = find(config.model.backbone)
    wanted = config.model.weights == "imagenet" and not row.built_in and find_weights(row) is None
    return row.weights_bytes if wanted else 0


def head_size(config: RunConfig, classes: int) -> int:
    """What the cost of a head depends on: its weights, rounded up to a power of two, so that alike heads share one."""
    row = find(config.model.backbone)
    side = row.map_side(config.data.image_size) if config.model.pooling == "flatten" else 1
    count = config.model.whole_head.weights(row.channels * side * side, 1 if classes == 2 else classes)
    return int(1 << max(0, count - 1).bit_length())


def count_size(images: int) -> int:
    """What the cost of work with a part independent of the images depends on: their order of magnitude."""
    return images.bit_length()


def feature_runtime(config: RunConfig) -> str:
    """What features are computed by, where it is not TensorFlow: the cost of one is no cost of the other."""
    return "" if config.training.runtime == TENSORFLOW else config.training.runtime


def draws(config: RunConfig) -> int:
    """Random versions of the training images that the epochs of the head need."""
    data = config.data
    epochs = range(config.training.epochs)
    return len({draw_of_epoch(epoch, data.augmentation, data.augmentation_draws) for epoch in epochs})


@dataclass(frozen=True)
class _Work:
    """The parts of one run, each with its cost."""

    config: RunConfig
    train: int
    val: int
    classes: int
    known: Sequence[Cost]

    @property
    def row(self) -> Backbone:
        return find(self.config.model.backbone)

    def data(self) -> Part:
        """Looking through the dataset, fetching the weights, building the network."""
        images, size = self.train + self.val, download_bytes(self.config)
        prepare = self._same(PREPARE, self.row.name, count_size(images), "")
        seconds = _STARTING_SECONDS + _SCAN_SECONDS * images if prepare is None else prepare * images
        rate = self._same(DOWNLOAD, "", 0, "")
        return Part("data", seconds + size * (rate or 1 / _DOWNLOAD_RATE), measured=prepare is not None and not size)

    def features(self) -> Part:
        cost, measured = self.an_image()
        return Part("features", cost * (self.val + draws(self.config) * self.train), measured=measured)

    def head(self) -> Part:
        """The head on cached features."""
        epochs = self.config.training.epochs
        known = self._same(HEAD, "", head_size(self.config, self.classes), "")
        if known is not None:
            return Part(unfreezing.HEAD, known * self.train * epochs, epochs, measured=True)
        data = self.config.data
        steps = batches_per_epoch(self.train, data.batch_size, data.drop_remainder)
        weights = head_size(self.config, self.classes)
        step = _STEP_SECONDS + 6 * weights * data.batch_size / _speed()
        return Part(unfreezing.HEAD, epochs * (_EPOCH_SECONDS + step * steps), epochs)

    def on_images(self, phase: str, epochs: int, block: str) -> Part:
        """Epochs in which images go through the whole network, the blocks from `block` on learning."""
        size = self.config.data.image_size
        known = self._same(IMAGES, self.row.name, size, block)
        if known is not None:
            return Part(phase, known * self.train * epochs, epochs, measured=True)
        forward, _ = self.an_image()
        learning = self._share_that_learns(block)
        cost = forward * ((1 + 2 * learning) * self.train + self.val)  # backward takes about twice as long as forward
        return Part(phase, cost * epochs, epochs)

    def finish(self) -> Part:
        images = self.train + self.val
        known = self._same(FINISH, self.row.name, count_size(images), "")
        each = _FINISH_SECONDS if known is None else known
        return Part("evaluating", each * images, measured=known is not None)

    def _share_that_learns(self, block: str) -> float:
        blocks = len(self.row.blocks)
        return (blocks - self.row.index_of(block)) / blocks if block else 0.0

    def an_image(self) -> tuple[float, bool]:
        """Seconds of an image through the backbone, and whether just that was measured.

        Another size of the same backbone, or another backbone, is the next best thing: by what they compute.
        """
        size = self.config.data.image_size
        runtime = feature_runtime(self.config)
        same = self._same(FEATURES, self.row.name, size, runtime)
        if same is not None:
            return same, True
        work = _work(self.row, size)
        features = [cost for cost in self.known if cost.kind == FEATURES]
        alike = [cost for cost in features if cost.block == runtime] or features
        own = [cost for cost in alike if cost.network == self.row.name] or alike
        if own:
            nearest = min(own, key=lambda cost: abs(_work_of(cost) - work))
            return nearest.seconds * work / max(_work_of(nearest), 1e-9), False
        return work * 1e9 / _speed(), False

    def _same(self, kind: str, network: str, size: int, block: str) -> float | None:
        for cost in self.known:
            if (cost.kind, cost.network, cost.size, cost.block) == (kind, network, size, block):
                return cost.seconds
        return None


def _work(row: Backbone, size: int) -> float:
    """Billions of multiplications and additions for an image, with what stands for reading it."""
    return row.operations * (size / 224) ** 2 + _READING


def _work_of(cost: Cost) -> float:
    return _work(BACKBONES[cost.network], cost.size) if cost.network in BACKBONES else 0.0


def _speed() -> float:
    """Multiplications and additions that this machine does in a second, by the number of its cores."""
    return (os.cpu_count() or 1) * _PER_CORE
