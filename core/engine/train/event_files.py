"""TensorBoard event files beside the run, so that `tensorboard --logdir` reads any of them."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from core.engine.train.epoch_figures import EpochFigures


class EventFiles:
    """Two writers, `train` and `validation`, so that TensorBoard draws both curves of a metric into one chart.

    Args:
        folder: Path. Made with the first epoch.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, Any] = {}

    def write(self, epoch: int, record: EpochFigures) -> None:
        """Adds the metrics of one epoch (from 1)."""
        for name, value in record._asdict().items():
            if value is None:
                continue
            part = "validation" if name.startswith("val_") else "train"
            if part not in self._writers:
                self._writers[part] = tf.summary.create_file_writer(str(self._folder / part))
            with self._writers[part].as_default():
                tf.summary.scalar(f"epoch_{name.removeprefix('val_')}", value, step=epoch)
        for writer in self._writers.values():
            writer.flush()

    def close(self) -> None:
        """Closes the files."""
        for writer in self._writers.values():
            writer.close()
