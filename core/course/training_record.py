"""TrainingRecord: epochs, hashes and order of a training so far, as the checks during training read them."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.config import RunConfig
from core.course.recorded import Order
from core.models.unfreezing import stage_of, trained_blocks

if TYPE_CHECKING:
    from core.store.run_records import Recorded
    from core.store.trace_record import Hashes, Sample, TracedEpoch


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
        majority: tuple of (name, share) of the most frequent class of the validation images.
        count: int. Validation images.
        recorded: Recorded or None. Of a training in somebody's own code, whose settings are known in part only.
    """

    config: RunConfig
    epochs: "list[TracedEpoch]"
    hashes: "Hashes"
    samples: "list[Sample]"
    order: Order
    classes: list[str]
    majority: tuple[str, float]
    count: int
    recorded: "Recorded | None" = None

    @property
    def last(self) -> "TracedEpoch":
        """The newest epoch."""
        return self.epochs[-1]

    @property
    def number(self) -> int:
        """Its number."""
        return self.last.epoch

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
