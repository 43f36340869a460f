"""Short hashes of arrays, weights and of this program itself: equal where, and only where, the content is equal."""

import hashlib
import os
import platform
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import PIL
import tensorflow as tf

from core.models.backbone import Backbone
from core.models.build import backbone_layers

_CORE = Path(__file__).resolve().parents[1]

_STATISTICS = ("moving_mean", "moving_variance")


def digest(values: Iterable[Any]) -> str:
    """Hash of numpy arrays or Keras variables one after the other, 16 hexadecimal digits.

    Args:
        values: iterable of arrays or variables. Shape and type are part of it.
    """
    result = hashlib.sha256()
    for value in values:
        array = np.ascontiguousarray(value.numpy() if hasattr(value, "numpy") else value)
        result.update(f"{array.dtype.str}{array.shape}".encode())
        result.update(array.reshape(-1).view(np.uint8).data)
    return result.hexdigest()[:16]


def weights_only_hash(model: keras.Model) -> str:
    """Hash of a network's weights without the statistics of batch normalisation."""
    return digest(weight for weight in model.weights if weight.name not in _STATISTICS)


def statistics_hash(model: keras.Model) -> str | None:
    """Hash of the moving statistics of batch normalisation; None where there is none."""
    found = [weight for weight in model.weights if weight.name in _STATISTICS]
    return digest(found) if found else None


def block_hashes(base: keras.Model, backbone: Backbone) -> dict[str, str]:
    """Hash of the weights of each block of a base, without the statistics of batch normalisation.

    Args:
        base: keras.Model. From `build_base`.
        backbone: Backbone. Its row of the catalogue.
    """
    layers = backbone_layers(base)
    starts = backbone.block_starts([layer.name for layer in layers])
    blocks = dict(zip(starts, backbone.blocks, strict=True))
    name = backbone.blocks[0]
    found: dict[str, list[Any]] = {block: [] for block in backbone.blocks}
    for layer in layers:
        name = blocks.get(layer.name, name)
        found[name] += [weight for weight in layer.weights if weight.name not in _STATISTICS]
    return {block: digest(weights) for block, weights in found.items()}


@cache
def environment() -> dict[str, Any]:
    """What a run's numbers may depend on besides its settings and data."""
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "parity": code_version(),
    }


@cache
def code_version() -> str:
    """Hash of this program's core: every Python file of it, by its place and content."""
    result = hashlib.sha256()
    for path in sorted(_CORE.rglob("*.py")):
        result.update(path.relative_to(_CORE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return result.hexdigest()[:16]


def _processor() -> str:
    """The processor's name; Linux has it in a file, elsewhere the platform knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration, IndexError):
        return platform.processor() or platform.machine()
