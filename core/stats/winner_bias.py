"""Bias-corrected score of the best of several models (BBC-CV).

The bootstrap bias correction of Tsamardinos, Greasidou and Borboudakis (Bootstrapping the out-of-sample predictions for
efficient and accurate cross-validation, 2018): the choice is repeated on images drawn with replacement, and what was
chosen is measured on those that were not drawn. No network is trained again.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.stats.metrics import wilson

ROUNDS = 2000

Scores = NDArray[np.bool_] | NDArray[np.float64]


@dataclass(frozen=True)
class Corrected:
    """What to expect of the chosen one on other images.

    Attributes:
        value: float. Accuracy to be expected.
        interval: tuple of (low, high). 95 % of the repeated choices lie in it; on the wide side, as each is measured on
            about a third of the images. It is never narrower than Wilson's interval of the value, counted in what was
            drawn: where no answer is wrong, or only one, drawing again shows no error that was not seen.
        optimism: float. By how much the accuracy on the images of the choice is too high.
    """

    value: float
    interval: tuple[float, float]
    optimism: float


def best_of(correct: Scores, loss: NDArray[np.float64]) -> int:
    """The row with the most right answers; of equals the one with the lowest loss.

    Args:
        correct: array of shape `(candidates, images)`. Whether an answer is right, or in what share of repeats it is.
        loss: float array of the same shape.
    """
    return _best(correct.sum(axis=1), loss.sum(axis=1))


def _best(hits: NDArray[Any], loss: NDArray[np.float64]) -> int:
    return int(np.lexsort((loss, -hits))[0])


def correct_for_choice(
    correct: Scores, loss: NDArray[np.float64], seed: int = 0, groups: NDArray[np.int64] | None = None
) -> Corrected:
    """What the best of several candidates may be expected to do on other images.

    Args:
        correct: array of shape `(candidates, images)`. Whether each answer is right, or in what share of repeats it is.
        loss: float array of the same shape. Decides between equals.
        seed: int. Decides what is drawn. Defaults to `0`.
        groups: integer array of shape `(images,)`. Images with one number, from 0 on, are drawn together. Defaults to
            each image for itself.
    """
    rng, (_, images) = np.random.default_rng(seed), correct.shape
    right = correct.astype(np.float64)  # how often an image was drawn is its weight in a sum: a product of matrices
    drawn = images if groups is None else int(groups.max()) + 1
    found: list[float] = []
    for _ in range(ROUNDS):
        times = np.bincount(rng.integers(0, drawn, drawn), minlength=drawn)
        times = times if groups is None else times[groups]
        left = times == 0
        if left.any():
            found.append(float(correct[_best(right @ times, loss @ times)][left].mean()))
    chosen = float(correct[best_of(correct, loss)].mean())
    if not found:  # one image: nothing is ever left out
        return Corrected(chosen, (0.0, 1.0), 0.0)
    low, high = np.percentile(found, (2.5, 97.5))
    value = float(np.mean(found)) if len(correct) > 1 else chosen  # of one, nothing was chosen
    least, most = wilson(value * drawn, drawn)
    return Corrected(value, (min(float(low), least), max(float(high), most)), chosen - value)
