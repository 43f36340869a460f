"""Traced training step: Keras models that also give loss and gradient norm of each batch, and their callback."""

from typing import Any

import keras
import tensorflow as tf


class _WithNorms:
    """A training step that also says its own loss (Keras' is a running mean) and the norm of its gradients.

    The numbers it computes with are those of Keras' step: what is added only reads them.
    """

    def train_step(self: Any, data: Any) -> dict[str, Any]:
        """One step; Keras calls this."""
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            outputs = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=outputs, sample_weight=weights, training=True)
            scaled = self.optimizer.scale_loss(loss)
        # Where devices share a batch, Keras divides each one's loss by their number, so that the sum is the mean.
        own = loss * tf.cast(self.distribute_strategy.num_replicas_in_sync, loss.dtype)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(own, sample_weight=tf.shape(x)[0])
        variables = self.trainable_weights
        gradients = tape.gradient(scaled, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        results = self.compute_metrics(x, y, outputs, sample_weight=weights)
        return {**results, "batch_loss": own, "gradient_norm": tf.linalg.global_norm(gradients)}


class TracedModel(_WithNorms, keras.Model):  # type: ignore[misc]
    """A functional model that is only trained, never saved."""


class TracedSequential(_WithNorms, keras.Sequential):  # type: ignore[misc]
    """A chain of layers that is only trained, never saved."""


class Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Collects loss and gradient norm of every batch of an epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []
        self.norms: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Takes the figures of a batch; Keras calls this."""
        if logs and "batch_loss" in logs:
            self.losses.append(float(logs["batch_loss"]))
            self.norms.append(float(logs["gradient_norm"]))
