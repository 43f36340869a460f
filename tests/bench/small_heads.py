"""Heads on features in plain numpy, by the update rules of Keras' optimizers: many small trainings in little time.

For the learning rates of docs/checks.md. The numbers are not those of a run to the last digit (order and first
weights are drawn otherwise), but what learns and what does not is the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
EPSILON = np.float32(1e-7)
RHO = 0.9
DECAY = {"adamw": 0.004}
"""Weight decay that Keras has for default."""


class Settings(NamedTuple):
    """One training.

    Attributes:
        optimizer: str. `adam`, `adamw`, `rmsprop` or `sgd`.
        rate: float. Learning rate.
        units: int. Of the hidden layer with relu; 0 for none.
        dropout: float. Share dropped before each layer.
        epochs: int.
        batch: int. Images a step.
        momentum: float. Of sgd.
        smoothing: float. Of the labels.
        shuffle: bool. Whether the order is drawn anew every epoch; else as it is.
        seed: int.
    """

    optimizer: str = "adam"
    rate: float = 1e-3
    units: int = 0
    dropout: float = 0.2
    epochs: int = 20
    batch: int = 32
    momentum: float = 0.0
    smoothing: float = 0.0
    shuffle: bool = True
    seed: int = 1


class Epoch(NamedTuple):
    """What an epoch gave: batches as they were trained on, losses while the weights moved, answers after it."""

    order: list[NDArray[np.int64]]
    losses: list[float]
    training: Floats
    validation: Floats
    dead_units: float | None


@dataclass
class Optimizer:
    """Steps of one of Keras' optimizers, with its defaults."""

    settings: Settings
    step: int = 0
    kept: dict[int, list[Floats]] = field(default_factory=dict)

    def move(self, weights: list[Floats], gradients: list[Floats]) -> None:
        """Moves the weights in place."""
        self.step += 1
        left, rate = 1 - self.settings.rate * DECAY.get(self.settings.optimizer, 0.0), np.float32(self.settings.rate)
        for k, (weight, gradient) in enumerate(zip(weights, gradients, strict=True)):
            kept = self.kept.setdefault(k, [np.zeros_like(weight), np.zeros_like(weight)])
            weight[...] = weight * np.float32(left) - rate * self._direction(gradient, *kept)

    def _direction(self, gradient: Floats, first: Floats, second: Floats) -> Any:
        name = self.settings.optimizer
        if name == "sgd":
            first *= np.float32(self.settings.momentum)
            first += gradient
            return first
        if name == "rmsprop":
            second += (np.float32(1 - RHO)) * (gradient * gradient - second)
            return gradient / np.sqrt(second + EPSILON)
        first += np.float32(0.1) * (gradient - first)
        second += np.float32(0.001) * (gradient * gradient - second)
        corrected = np.float32(np.sqrt(1 - 0.999**self.step) / (1 - 0.9**self.step))
        return corrected * first / (np.sqrt(second) + EPSILON)


def train(
    features: Floats, labels: NDArray[np.int64], validation: Floats, classes: int, settings: Settings
) -> Iterator[Epoch]:
    """Trains a head, epoch by epoch; two classes have one sigmoid unit, more a softmax.

    Args:
        features: float32 `(n, width)`.
        labels: int `(n,)`.
        validation: float32 `(m, width)`.
        classes: int.
        settings: Settings.
    """
    rng = np.random.default_rng(settings.seed)
    outputs = 1 if classes == 2 else classes
    sizes = [features.shape[1], *([settings.units] if settings.units else []), outputs]
    weights = [part for a, b in pairwise(sizes) for part in (_glorot(rng, a, b), np.zeros(b, "f4"))]
    targets = labels[:, None].astype("f4") if outputs == 1 else np.eye(classes, dtype="f4")[labels]
    targets = targets * np.float32(1 - settings.smoothing) + np.float32(settings.smoothing / classes)
    optimizer = Optimizer(settings)
    for _ in range(settings.epochs):
        order = rng.permutation(len(labels)) if settings.shuffle else np.arange(len(labels))
        batches = [order[k : k + settings.batch] for k in range(0, len(order), settings.batch)]
        losses, seen = [], np.zeros((len(labels), classes), "f4")
        for batch in batches:
            scores, gradients = gradients_of(weights, features[batch], targets[batch], rng, settings.dropout)
            losses.append(_loss(scores, targets[batch]))
            seen[batch] = _both(_answers(scores))
            optimizer.move(weights, gradients)
        hidden, answers = forward(weights, validation)
        dead = float((hidden <= 0).all(axis=0).mean()) if settings.units else None
        yield Epoch(batches, losses, seen, _both(answers), dead)


def forward(weights: list[Floats], inputs: Floats) -> tuple[Floats, Floats]:
    """Inputs of the last layer, and the answers, without dropout."""
    with np.errstate(all="ignore"):
        for k in range(0, len(weights) - 2, 2):
            inputs = np.maximum(inputs @ weights[k] + weights[k + 1], np.float32(0))
        return inputs, _answers(inputs @ weights[-2] + weights[-1])


def gradients_of(
    weights: list[Floats], inputs: Floats, targets: Floats, rng: np.random.Generator, dropout: float
) -> tuple[Floats, list[Floats]]:
    """Scores of a batch with dropout, and the gradients of the mean cross-entropy."""
    with np.errstate(all="ignore"):
        layers, masks = [], []
        for k in range(0, len(weights), 2):
            mask = (rng.random(inputs.shape, dtype=np.float32) >= dropout) / np.float32(1 - dropout)
            masks.append(mask.astype("f4"))
            layers.append(inputs * masks[-1])
            inputs = layers[-1] @ weights[k] + weights[k + 1]
            if k + 2 < len(weights):
                inputs = np.maximum(inputs, np.float32(0))
        delta = (_answers(inputs) - targets) / np.float32(len(targets))
        gradients: list[Floats] = []
        for k in range(len(weights) - 2, -1, -2):
            layer = layers[k // 2]
            gradients[:0] = [layer.T @ delta, delta.sum(axis=0)]
            if k:
                delta = (delta @ weights[k].T) * masks[k // 2] * (layer > 0)
    return inputs, gradients


def _answers(scores: Floats) -> Floats:
    if scores.shape[1] == 1:
        return np.asarray(1 / (1 + np.exp(-np.clip(scores, -80, 80))), np.float32)
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


def _both(answers: Floats) -> Floats:
    return np.concatenate([1 - answers, answers], axis=1) if answers.shape[1] == 1 else answers


def _loss(scores: Floats, targets: Floats) -> float:
    """Mean cross-entropy, from the scores in front of sigmoid or softmax as Keras computes it in a graph."""
    if scores.shape[1] == 1:
        return float((np.logaddexp(np.float32(0), scores) - scores * targets).mean())
    highest = scores.max(axis=1, keepdims=True)
    logs = scores - highest - np.log(np.exp(scores - highest).sum(axis=1, keepdims=True))
    return float(-(targets * logs).sum(axis=1).mean())


def _glorot(rng: np.random.Generator, inputs: int, outputs: int) -> Floats:
    limit = np.sqrt(6 / (inputs + outputs))
    return rng.uniform(-limit, limit, (inputs, outputs)).astype("f4")
