"""Which devices a training uses: the first accelerator by itself, several together where a backbone is trained."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf

from core.config import RunConfig


@contextlib.contextmanager
def all_devices(config: RunConfig) -> Iterator[int]:
    """Within it, networks that are built and trained use every GPU of this machine, each a part of every batch.

    Only where a backbone is trained or run literally: the head on cached features is too small to be worth the
    exchange between devices, and stays bit-identical this way. Several machines cannot train one network together:
    `MultiWorkerMirroredStrategy` fails in `fit` with Keras 3 (tried with 3.15 and TensorFlow 2.21).

    Args:
        config: RunConfig.

    Yields:
        The number of devices that share a batch.
    """
    devices = shared_devices() if passes_images(config) else []
    if len(devices) < 2:
        yield 1
        return
    strategy = tf.distribute.MirroredStrategy(devices)
    with strategy.scope():
        yield int(strategy.num_replicas_in_sync)


def passes_images(config: RunConfig) -> bool:
    """Whether the run pushes images through the backbone in its training steps."""
    return not config.training.is_on_features


def shared_devices() -> list[str]:
    """Names of the GPUs; TensorFlow takes the first by itself."""
    return [device.name for device in tf.config.list_logical_devices("GPU")]
