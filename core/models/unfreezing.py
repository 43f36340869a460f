"""Gradual unfreezing (Howard and Ruder 2018, ULMFiT): in which stages fine-tuning lets the backbone's blocks train.

One rule for all: each stage opens one block more, from the top down, and the last one all that remain down to the
block that `training.unfreeze_from` names; where it names none, there are as many blocks as stages.
"""

import re
from dataclasses import dataclass

from core.config import RunConfig
from core.errors import ConfigError
from core.models.backbone import Backbone
from core.models.catalogue import find

HEAD = "training"
"""Name of the phase in which the head trains alone, and of the only one of a run that is not fine-tuned."""

FINETUNING = "finetuning"
"""Name of the phase that is the first stage; the later ones are `finetuning 2` and so on."""

_NAME = re.compile(rf"{FINETUNING}(?: ([2-9]|[1-9][0-9]))?")


@dataclass(frozen=True)
class Stage:
    """One stage of fine-tuning.

    Attributes:
        number: int. From 1.
        block: str. The lowest block that trains, a value of `training.unfreeze_from`.
        count: int. Blocks that train, this one and all above it.
        whole: bool. Whether these are all blocks of the backbone.
    """

    number: int
    block: str
    count: int
    whole: bool

    @property
    def phase(self) -> str:
        """Name of the phase."""
        return FINETUNING if self.number == 1 else f"{FINETUNING} {self.number}"

    @property
    def words(self) -> str:
        """What is trained besides the head, for a sentence."""
        if self.whole:
            return f"all {self.count} blocks"
        return "the last block" if self.count == 1 else f"the last {self.count} blocks"

    def beginning(self, epoch: int, stages: int) -> str:
        """What begins with the stage, in a sentence.

        Args:
            epoch: int. Its first epoch, from 1.
            stages: int. How many there are.
        """
        which = f"Stage {self.number} of {stages} of fine-tuning" if stages > 1 else "Fine-tuning"
        blocks = self.words if self.whole or self.count == 1 else f"{self.words} (from {self.block} on)"
        return f"{which} begins with epoch {epoch}: {blocks} and the head are trained."


def require_blocks(config: RunConfig) -> None:
    """Refuses settings about blocks that the backbone does not have.

    Args:
        config: RunConfig.

    Raises:
        ConfigError: there is no such backbone or block, or there are more stages than blocks.
    """
    if config.training.unfreeze_from:
        find(config.model.backbone).check_block(config.training.unfreeze_from)
    stages(config)


def stages(config: RunConfig) -> tuple[Stage, ...]:
    """The stages in which a run is fine-tuned, first to last; none for a run that is not.

    Args:
        config: RunConfig.

    Raises:
        ConfigError: there are more stages than blocks, or no such backbone or block.
    """
    training = config.training
    if training.mode != "fine_tune":
        return ()
    row, number = find(config.model.backbone), training.finetune_stages
    _require_blocks(number, training.unfreeze_from, row)
    lowest = training.unfreeze_from or row.blocks[-number]
    blocks = [*row.blocks[:-number:-1], lowest]
    counts = [len(row.blocks) - row.index_of(block) for block in blocks]
    return tuple(
        Stage(k, block, count, count == len(row.blocks))
        for k, (block, count) in enumerate(zip(blocks, counts, strict=True), start=1)
    )


def trained_blocks(config: RunConfig, phase: str) -> tuple[str, ...]:
    """Names of the backbone's blocks that a phase of a run trains, from the input to the output.

    Args:
        config: RunConfig.
        phase: str. Name of the phase.
    """
    training = config.training
    found = {stage.phase: stage.block for stage in stages(config)}
    block = found.get(phase, training.unfreeze_from if training.mode == "end_to_end" else "")
    if not block:
        return ()
    row = find(config.model.backbone)
    return row.blocks[row.index_of(block) :]


def stage_of(phase: str) -> int:
    """Number of the stage, from 1, that a phase of this name is; 0 for a phase that is none."""
    found = _NAME.fullmatch(phase)
    return int(found[1] or 1) if found else 0


def is_training(phase: str) -> bool:
    """Whether a phase of this name goes through batches: the head's or a stage of fine-tuning."""
    return phase == HEAD or stage_of(phase) > 0


def _require_blocks(number: int, named: str, row: Backbone) -> None:
    """Refuses more stages than there are blocks for them."""
    blocks = len(row.blocks) - (row.index_of(named) if named else 0)
    if number <= blocks:
        return
    there = f"{blocks} block{'s' if blocks > 1 else ''}"
    where = f"from {named} on {row.name} has" if named and blocks < len(row.blocks) else f"{row.name} has"
    lower = ", or name an earlier block in training.unfreeze_from" if blocks < len(row.blocks) else ""
    raise ConfigError(f"training.finetune_stages is {number}, but {where} {there}; ask for {blocks} at most{lower}")
