"""Expected memory of a training's process, and how much this machine, or the container it is in, has."""

import os
from dataclasses import dataclass
from pathlib import Path

from core.config import RunConfig
from core.environment import environment
from core.models.catalogue import find
from core.models.unfreezing import stages

MEGABYTE = 2**20
_MEASURED_SIZE, _MEASURED_BATCH = 224, 16
_EMPTY_MB = 640
"""What a process with TensorFlow takes before it has a network, measured."""

_LEARNING = 2.5
"""How many times as much the activations of trainable layers take (kept for the backward pass, with gradients)."""

_PER_WEIGHT = 16
"""Bytes of a trainable weight: itself, its gradient and the optimizer's two numbers."""

_CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@dataclass(frozen=True)
class Memory:
    """Memory that is needed, and that there is, in MB of 2**20 bytes.

    Attributes:
        needed: float. By rule of thumb, from what the backbone's forward pass was measured to take.
        there: float or None. None where the system does not say.
    """

    needed: float
    there: float | None

    @property
    def fits(self) -> bool | None:
        """Whether it fits; None where nobody knows."""
        return None if self.there is None else self.needed <= self.there


def memory(config: RunConfig, classes: int = 2) -> Memory:
    """What a training needs, and what is there.

    Args:
        config: RunConfig. Its backbone exists.
        classes: int. Defaults to 2.
    """
    row, size = find(config.model.backbone), config.data.image_size
    blocks = [config.training.unfreeze_from] if config.training.mode == "end_to_end" else []
    learning = any(blocks) or bool(stages(config))
    through = learning or config.training.full_pass
    batch = max(_MEASURED_BATCH, config.data.batch_size) if through else _MEASURED_BATCH
    weights = row.parameters * 4 / MEGABYTE
    activations = max(0.0, row.memory - _EMPTY_MB - weights) * (size / _MEASURED_SIZE) ** 2 * batch / _MEASURED_BATCH
    side = row.map_side(size) if config.model.pooling == "flatten" else 1
    head = config.model.whole_head.weights(row.channels * side * side, 1 if classes == 2 else classes)
    trained = head + (row.parameters if learning else 0)
    needed = _EMPTY_MB + weights + activations * (_LEARNING if learning else 1) + trained * _PER_WEIGHT / MEGABYTE
    return Memory(needed, machine_memory())


def machine_memory() -> float | None:
    """What a training may take: `PARITY_MEMORY`, else the memory of this machine, or of the container this process is
    in where that has less; None where nobody says."""
    if environment().memory_gb:
        return environment().memory_gb * 1024
    found = [one for one in (_of_the_system(), *map(_of_a_group, _CGROUPS)) if one]
    return min(found, default=None)


def _of_the_system() -> float | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / MEGABYTE
    except (AttributeError, OSError, ValueError):  # Windows has none of this
        return None


def _of_a_group(path: Path) -> float | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return int(text) / MEGABYTE if text.isdecimal() and int(text) < 2**60 else None
