"""Weights that the alpha of the focal loss gives two classes, with their counts: one that hardly counts is told."""

from core.checks.context import Context, named
from core.checks.finding import Finding

MOST = 10
"""How often one class may count as much as the other, as where the images of one are ten times rarer."""


def alpha_applies(context: Context) -> bool:
    """Whether `training.focal_alpha` weights two classes; of more classes it is a factor of the whole loss."""
    training = context.config.training
    return training.focal_gamma > 0 and training.focal_alpha > 0 and len(context.dataset.classes) == 2


def unequal_by_alpha(context: Context, *, balanced: bool) -> Finding | None:
    """One of two classes hardly counts in the loss, or not at all, by its focal alpha and its number of images.

    Args:
        context: Context.
        balanced: bool. Whether class weights or sampling make the numbers of images equal.
    """
    alpha, classes = context.config.training.focal_alpha, context.dataset.classes
    numbers = [1 if balanced else context.train_counts[name] for name in classes]
    if min(numbers) == 0:
        return None
    sums = dict(zip(classes, ((1 - alpha) * numbers[0], alpha * numbers[1]), strict=True))
    strong, weak = sorted(classes, key=sums.__getitem__, reverse=True)
    if sums[strong] < MOST * sums[weak]:
        return None
    usual = round(numbers[0] / sum(numbers), 2)
    how = (
        "no weight at all, so nothing keeps the model from calling every image " + named([strong])
        if sums[weak] == 0
        else f"so little weight that all its training images count 1/{sums[strong] / sums[weak]:.0f} of those of "
        f"{named([strong])}"
    )
    return Finding(
        "class-weight-mismatch",
        "error" if sums[weak] == 0 else "warning",
        f"In the focal loss training.focal_alpha={alpha:g}, the weight of {named(classes[1:])}, gives "
        f"{named([weak])} {how}.",
        {"focal_alpha": alpha, "train": dict(context.train_counts), "weight_of_all_images": sums},
        f"Let both count the same: training.focal_alpha={usual:g}.",
        {"training.focal_alpha": usual} if 0 < usual < 1 else {},
    )
