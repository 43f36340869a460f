"""EpochFigures: what is measured of an epoch, on the training and the validation images."""

from collections.abc import Mapping
from typing import NamedTuple

from core.insight.answer import Probabilities
from core.stats import metrics


class EpochFigures(NamedTuple):
    """The figures of one epoch, in the order in which a run's events have them.

    Attributes:
        loss, accuracy, auc: float. On the training images, while the weights moved.
        learning_rate: float.
        val_loss, val_accuracy: float. On the validation images, after the epoch; a loss may be not-a-number.
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
        cls, logs: Mapping[str, float], rate: float, labels: metrics.Labels, probabilities: Probabilities
    ) -> "EpochFigures":
        """Puts them together.

        Args:
            logs: mapping. `loss`, `accuracy` and `auc` of the training, as Keras has measured them.
            rate: float. The learning rate.
            labels: integer array of shape `(n,)`, of the validation images.
            probabilities: float array of shape `(n, classes)`.
        """
        return cls(
            logs["loss"],
            logs["accuracy"],
            logs["auc"],
            rate,
            metrics.cross_entropy(labels, probabilities),
            metrics.accuracy(labels, probabilities),
            metrics.auc(labels, probabilities),
        )
