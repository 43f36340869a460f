"""EpochFigures: what is measured of an epoch, on the training and the validation images."""

from collections.abc import Mapping
from typing import NamedTuple

import keras

from core.config import TrainConfig
from core.engine.train.observe import Observed
from core.insight.answer import Probabilities
from core.models.outputs import penalty_of
from core.stats import metrics


class EpochFigures(NamedTuple):
    """The figures of one epoch, in the order in which a run's events have them.

    Attributes:
        loss, accuracy, auc: float. On the training images, while the weights moved.
        learning_rate: float.
        val_loss, val_accuracy: float. On the validation images, after the epoch; see `validation_loss`.
        val_auc: float or None. None where the validation images are of one class.
    """

    loss: float
    accuracy: float
    auc: float
    learning_rate: float
    val_loss: float
    val_accuracy: float
    val_auc: float | None

    @classmethod
    def of(
        cls,
        logs: Mapping[str, float],
        rate: float,
        labels: metrics.Labels,
        probabilities: Probabilities,
        val_loss: float,
    ) -> "EpochFigures":
        """Puts them together.

        Args:
            logs: mapping. `loss`, `accuracy` and `auc` of the training, as Keras has measured them.
            rate: float. The learning rate.
            labels: integer array of shape `(n,)`, of the validation images.
            probabilities: float array of shape `(n, classes)`.
            val_loss: float. See `validation_loss`.
        """
        return cls(
            logs["loss"],
            logs["accuracy"],
            logs["auc"],
            rate,
            val_loss,
            metrics.accuracy(labels, probabilities),
            metrics.auc(labels, probabilities),
        )


def validation_loss(training: TrainConfig, labels: metrics.Labels, observed: Observed, model: keras.Model) -> float:
    """The validation loss of an epoch as the settings define it; it may be not-a-number.

    Args:
        training: TrainConfig.
        labels: integer array of shape `(n,)`, of the validation images.
        observed: Observed. What is said of them.
        model: keras.Model. What is trained: its penalties are part of the objective.
    """
    if training.val_loss == "log_loss":
        return metrics.cross_entropy(labels, observed.probabilities)
    smoothing, penalty = training.label_smoothing, penalty_of(model)
    if training.focal_gamma:
        gamma, alpha = training.focal_gamma, training.focal_alpha
        return metrics.focal_objective(labels, observed.logits, gamma, alpha, smoothing, penalty)
    return metrics.objective(labels, observed.logits, smoothing, penalty)
