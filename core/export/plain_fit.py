"""Training loop in plain Keras for exported scripts; see core/export/plain_script.py."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.export.plain_settings import (
    EARLY_STOPPING,
    FOCAL,
    FOCAL_ALPHA,
    FOCAL_GAMMA,
    JUDGES,
    LABEL_SMOOTHING,
    OBJECTIVE,
    REDUCE_ON_PLATEAU,
    REDUCES,
    STOPS,
    VAL,
    Array,
)
from core.models.outputs import penalty_of
from core.stats.metrics import accuracy, auc, cross_entropy, focal_objective, objective


def labels_of(part: Sequence[tuple[str, int, str]]) -> NDArray[np.int64]:
    """Class numbers of TRAIN or VAL."""
    return np.array([label for _, label, _ in part])


def figures(logs: dict[str, Any], labels: Array, answers: tuple[Array, Array], model: keras.Model) -> dict[str, Any]:
    """What an epoch has come to, on the training and on the validation images."""
    probabilities, logits = answers
    if OBJECTIVE:
        if FOCAL:
            loss = focal_objective(labels, logits, FOCAL_GAMMA, FOCAL_ALPHA, LABEL_SMOOTHING, penalty_of(model))
        else:
            loss = objective(labels, logits, LABEL_SMOOTHING, penalty_of(model))
    else:
        loss = cross_entropy(labels, probabilities)
    return {
        **{name: float(logs[name][-1]) for name in ("loss", "accuracy", "auc")},
        "val_loss": loss,
        "val_accuracy": accuracy(labels, probabilities),
        "val_auc": auc(labels, probabilities),
    }


def reduce_rate(model: keras.Model, waited: int) -> None:
    """Halve the learning rate when the validation loss has not been lower for so many epochs, and again later."""
    rate = float(str(np.float32(model.optimizer.learning_rate.numpy())))
    if waited and waited % REDUCE_ON_PLATEAU == 0 and rate > 1e-7:
        model.optimizer.learning_rate.assign(max(rate / 2, 1e-7))


def fit(
    model: keras.Model,
    learned: keras.Model,
    data: Callable[[int], keras.utils.PyDataset],
    predict: Callable[[], tuple[Array, Array]],
    epochs: int,
    history: list[dict[str, Any]],
) -> None:
    """Train epoch by epoch, one `fit` each: order and augmentation are functions of the epoch's number."""
    start, labels = len(history), labels_of(VAL)
    if JUDGES:
        best_loss, waited = float("inf"), 0
    if STOPS:
        best: list[Any] = []
    for epoch in range(start, start + epochs):
        logs = model.fit(data(epoch), initial_epoch=epoch, epochs=epoch + 1, shuffle=False, verbose=0).history
        record = figures(logs, labels, predict(), model)
        history.append(record)
        print(f"epoch {epoch + 1:>3}  " + "  ".join(f"{name} {value or 0:.4f}" for name, value in record.items()))
        if JUDGES:
            better = epoch == start or record["val_loss"] < best_loss
            best_loss, waited = (record["val_loss"], 0) if better else (best_loss, waited + 1)
        if STOPS:
            # The weights of the epoch with the lowest validation loss are kept.
            if better:
                best = [variable.numpy() for variable in learned.variables]
            if waited >= EARLY_STOPPING:
                break
        if REDUCES:
            reduce_rate(model, waited)
    if STOPS:
        put_back(learned, best)


def put_back(learned: keras.Model, values: Sequence[Array]) -> None:
    """Give a model the weights it had."""
    for variable, value in zip(learned.variables, values, strict=True):
        variable.assign(value)
