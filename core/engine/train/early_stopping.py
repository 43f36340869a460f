"""Early stopping and the reduction of the learning rate on a plateau: what an epoch's validation loss leads to."""

import dataclasses

from core.engine.train.checkpoint import Progress

REDUCTION = 0.5
"""What the learning rate is multiplied by on a plateau."""

LOWEST_RATE = 1e-7
"""Smallest learning rate that a setting may be."""


def reduced(rate: float, progress: Progress, patience: int) -> float:
    """The learning rate of the next epoch.

    Args:
        rate: float. That of the epoch before.
        progress: Progress. After it; its count of epochs without a lower loss is all that is needed, as it only goes
            back to 0 with a lower loss: the rate is halved at `patience`, twice `patience`, and so on.
        patience: int. Epochs without a lower validation loss; 0 for never.
    """
    if not patience or not progress.waited or progress.waited % patience:
        return rate
    return max(rate * REDUCTION, LOWEST_RATE) if rate > LOWEST_RATE else rate


def judge(progress: Progress, loss: float, patience: int, last: int) -> Progress:
    """Progress after one more epoch with this validation loss.

    Args:
        progress: Progress. Before it.
        loss: float. Validation loss of the epoch; not a number never counts as better.
        patience: int. Epochs without a lower loss after which the phase is complete; 0 for never.
        last: int. Number of the phase's last epoch.
    """
    epoch = progress.epoch + 1
    better = progress.best_loss is None or loss < progress.best_loss
    waited = 0 if better else progress.waited + 1
    return dataclasses.replace(
        progress,
        epoch=epoch,
        waited=waited,
        best_loss=loss if better else progress.best_loss,
        best_epoch=epoch if better else progress.best_epoch,
        complete=epoch >= last or (patience > 0 and waited >= patience),
    )
