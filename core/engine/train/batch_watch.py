"""Keras callback after every batch: progress, speed, time left, and the check for a requested stop."""

import time
from collections.abc import Sequence
from typing import Any

import keras

from core.engine.reporter import Reporter


class BatchWatch(keras.callbacks.Callback):  # type: ignore[misc]
    """Reports every batch and ends the epoch when a stop is asked for.

    Args:
        reporter: Reporter.
        batch_size: int. For the rate in images per second.
        epochs_left: int. Epochs after this one, as far as they will take about as long.
        durations: list of float. Seconds that finished epochs took.

    Attributes:
        done: int. Batches trained on.
    """

    def __init__(self, reporter: Reporter[Any], batch_size: int, epochs_left: int, durations: Sequence[float]) -> None:
        super().__init__()
        self._reporter, self._batch_size, self._left, self._durations = reporter, batch_size, epochs_left, durations
        self._started = time.monotonic()
        self.done = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Counts the batch; Keras calls this."""
        self.done = batch + 1
        elapsed = time.monotonic() - self._started
        rest = elapsed / self.done * (self._reporter.status.batches - self.done)
        an_epoch = sum(self._durations) / len(self._durations) if self._durations else elapsed + rest
        rate = self.done * self._batch_size / elapsed if elapsed else None
        self._reporter.batch(self.done, images_per_second=rate, eta_seconds=rest + an_epoch * self._left)
        if self._reporter.stop_requested():
            self.model.stop_training = True
