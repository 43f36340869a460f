"""TrainingRecord: epochs, hashes and order of a training so far, as the checks during training read them."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from core.checks.finding import Finding
from core.config import RunConfig
from core.course.recorded import Order
from core.models.unfreezing import stage_of, trained_blocks

if TYPE_CHECKING:
    from core.store.run_records import Recorded
    from core.store.trace_record import Hashes, Sample, TracedEpoch


MOST_EPOCHS = 1000
"""Longest patience of early stopping."""

LEARNT = 0.65
"""AUC on the training images from which on a head has learned something of them."""


@dataclass(frozen=True)
class TrainingRecord:
    """How a training has gone so far.

    Attributes:
        config: RunConfig.
        epochs: list of TracedEpoch. At least one.
        hashes: Hashes. Of weights before and after.
        samples: list of Sample. Images followed to their features.
        order: Order. What the recorded batches hold.
        classes: list of str.
        labels: list of str. Classes of the validation images.
        train_labels: list of str. Classes of the training images; empty where they are not known.
        train_aucs: mapping. Epoch to AUC on the training images while the weights moved, where it is known.
        known: mapping. Id to what was found before the training.
        recorded: Recorded or None. Of a training in somebody's own code, whose settings are known in part only.
    """

    config: RunConfig
    epochs: "list[TracedEpoch]"
    hashes: "Hashes"
    samples: "list[Sample]"
    order: Order
    classes: list[str]
    labels: list[str]
    train_labels: list[str] = field(default_factory=list)
    train_aucs: Mapping[int, float | None] = field(default_factory=dict)
    known: Mapping[str, Finding] = field(default_factory=dict)
    recorded: "Recorded | None" = None

    @property
    def count(self) -> int:
        """Number of validation images."""
        return len(self.labels)

    @property
    def train_count(self) -> int:
        """Number of training images, as far as known."""
        return len(self.train_labels) or self.last.seen

    @cached_property
    def majority(self) -> tuple[str, float]:
        """Name and share of the most frequent class of the validation images."""
        return _most_frequent(self.labels)

    @cached_property
    def train_majority(self) -> float:
        """Share of the most frequent class of the training images."""
        return _most_frequent(self.train_labels)[1] if self.train_labels else 1 / len(self.classes)

    @property
    def train_auc(self) -> float | None:
        """AUC on the training images in the newest epoch; None where it is not known."""
        return self.train_aucs.get(self.number)

    @property
    def has_learnt(self) -> bool:
        """Whether the classes of the training images are separated, by AUC; in an old run by accuracy."""
        if self.train_auc is not None:
            return self.train_auc >= LEARNT
        return (self.last.accuracy or 0.0) >= self.train_majority + 0.1

    @property
    def confusion(self) -> list[list[int]]:
        """Validation images by class and answer after the newest epoch; empty where it was not recorded."""
        return self.last.confusion

    @property
    def auc_error(self) -> float | None:
        """Standard error of the AUC of two classes if the predictions were random (Mann and Whitney); None where
        there are more classes, or fewer than eight images of one."""
        counts = Counter(self.labels)
        one, other = (counts[name] for name in self.classes) if len(self.classes) == 2 else (0, 0)
        return math.sqrt((one + other + 1) / (12 * one * other)) if min(one, other) >= 8 else None

    @property
    def is_settled(self) -> bool:
        """Whether the figures are those of two epochs, or of the only one there will be."""
        return len(self.epochs) >= 2 or self.config.training.most_epochs == 1

    @property
    def held_back(self) -> list[str]:
        """What makes training harder than validation by intent, in words that follow `are seen`."""
        dropout = self.config.model.whole_head.dropout
        found = [f"with a dropout of {dropout:g}"] if dropout >= 0.5 else []
        found += ["augmented"] if self.config.data.augmentation != "none" else []
        return [*found, *(["mixed with others"] if self.config.training.mixup else [])]

    @property
    def last(self) -> "TracedEpoch":
        """The newest epoch."""
        return self.epochs[-1]

    @property
    def number(self) -> int:
        """Its number."""
        return self.last.epoch

    @cached_property
    def kept(self) -> "TracedEpoch":
        """The epoch whose weights are kept, as far as the training has come."""
        training = self.config.training
        if training.early_stopping == 0:
            return self.last
        return self.lowest("log_loss" if training.val_loss == "log_loss" else "val_loss")

    def lowest(self, loss: Literal["log_loss", "val_loss"]) -> "TracedEpoch":
        """Of the newest phase, the epoch with the lowest loss; the newest where none is known."""
        epochs = [epoch for epoch in self.epochs if epoch.phase == self.last.phase]
        known = [epoch for epoch in epochs if getattr(epoch, loss) is not None]
        return min(known, key=lambda epoch: float(getattr(epoch, loss)), default=self.last)

    def is_over(self, most: int = MOST_EPOCHS) -> bool:
        """Whether all epochs are over, or early stopping has waited long enough for a better one to end them.

        Args:
            most: int. Epochs that are waited for at most. Defaults to early stopping's own.
        """
        patience = self.config.training.early_stopping
        if self.number >= self.config.training.most_epochs:
            return True
        return patience > 0 and self.number - self.kept.epoch >= min(patience, most)

    @property
    def chance_loss(self) -> float:
        """Loss of equal probabilities for all classes."""
        return math.log(len(self.classes))

    @property
    def rate(self) -> float:
        """Learning rate of the newest epoch."""
        if self.last.learning_rate is not None:
            return self.last.learning_rate  # it may have been reduced on the way
        training = self.config.training
        return training.finetune_learning_rate if self.stage else training.learning_rate

    @property
    def rate_key(self) -> str:
        """The setting that it comes from."""
        return "training.finetune_learning_rate" if self.stage else "training.learning_rate"

    @property
    def stage(self) -> int:
        """Stage of fine-tuning that the newest epoch belongs to, from 1; 0 outside of fine-tuning."""
        return stage_of(self.last.phase)

    @property
    def trained_blocks(self) -> tuple[str, ...]:
        """Blocks of the backbone that the phase of the newest epoch trains."""
        return trained_blocks(self.config, self.last.phase)

    @property
    def base_moved(self) -> bool:
        """Whether the backbone's weights are known to be other ones than before."""
        return self.hashes.base_after not in (None, self.hashes.base)


def _most_frequent(labels: list[str]) -> tuple[str, float]:
    """Name and share; of equals the first by name."""
    name = max(sorted(set(labels)), key=labels.count)
    return name, labels.count(name) / len(labels)
