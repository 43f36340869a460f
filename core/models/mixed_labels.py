"""Training metrics for labels that are mixtures (mixup): a label counts as that of its larger share.

Keras' metrics compare a label of 0.7 with 0 or 1 and find it always wrong, or call it true because it is not 0. Scripts
that repeat a run get this text as it is, so it needs nothing else of this program.
"""

from typing import Any

import keras


class ForMixedLabels(keras.metrics.Metric):  # type: ignore[misc]
    """A metric that is given the larger share of each label as the whole of it.

    Args:
        metric: One of Keras' metrics, for targets of shape `(n, outputs)`.
    """

    def __init__(self, metric: keras.metrics.Metric) -> None:
        super().__init__(name=metric.name)
        self.metric = metric

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch; Keras calls this."""
        if y_true.shape[-1] == 1:
            whole = keras.ops.cast(y_true > 0.5, "float32")
        else:
            whole = keras.ops.one_hot(keras.ops.argmax(y_true, axis=-1), y_true.shape[-1])
        self.metric.update_state(whole, y_pred, sample_weight)

    def result(self) -> Any:
        """Give the metric's value so far."""
        return self.metric.result()

    def reset_state(self) -> None:
        """Begin anew."""
        self.metric.reset_state()
