"""Checks of the values that the network gets: the backbone's own scaling, scaling twice, brighter or darker parts."""

from math import sqrt

import numpy as np

from core.checks.context import Context, named, rounded
from core.checks.finding import Finding
from core.stats.digits import digits

_DARK = 0.05 * 255
"""Grey level that a batch of proper images exceeds somewhere; scaled twice, everything lies below it."""

_FLAT = 0.01 * 255
"""Standard deviation below which there is next to nothing to see."""

_FAR_LARGER = 4.0
"""Spread of the values over that of the training on ImageNet, from which on features are others, not only larger."""


def wrong_preprocess_for_backbone(context: Context) -> Finding | None:
    """Pixels are scaled otherwise than the backbone was trained with, in training and validation alike.

    What it costs depends on the values. Measured on X-rays: 0..1 into VGG16, which has no batch normalisation, costs
    nothing (0.91 against 0.91): features are only smaller, so that the same learning rate is another one. 0..255 into
    a network of -1..1 costs 0.06 of AUC. What costs everything is a difference between training and prediction.
    """
    right, chosen = context.backbone.preprocessing, context.preprocessing
    if chosen == right or _scaled_twice(context) or context.gray_histogram is None:
        return None
    got, meant = context.gray_histogram.statistics(chosen), context.gray_histogram.statistics(right)
    far_larger = got["std"] > _FAR_LARGER * meant["std"]
    return Finding(
        "wrong-preprocess-for-backbone",
        "warning" if far_larger else "info",
        f"{context.backbone.title} gets values from {digits(got['min'], 3)} to {digits(got['max'], 3)}; it was "
        f"trained on values from {digits(meant['min'], 3)} to {digits(meant['max'], 3)} for the same images.",
        {"input": rounded(got), "as_trained": rounded(meant)},
        "Use the backbone's own scaling: data.preprocessing=backbone.",
        {"data.preprocessing": "backbone"},
    )


def double_rescale(context: Context) -> Finding | None:
    """The network gets next to nothing: pixels are scaled once more than they should be.

    Measured: accuracy at chance. Either the backbone scales by itself, or the stored images are scaled already.
    """
    if context.gray_histogram is None:
        return None
    if _scaled_twice(context):
        got = context.gray_histogram.statistics(context.preprocessing, divided_by=255)
        return Finding(
            "double-rescale",
            "error",
            f"{context.backbone.title} scales pixels itself and gets them already divided by 255: its first layers "
            f"get at most {got['max']:.4f}, where 1 is white.",
            {"after_its_own_scaling": rounded(got)},
            "Leave the scaling to the backbone: data.preprocessing=backbone.",
            {"data.preprocessing": "backbone"},
        )
    stored = context.gray_histogram.statistics()
    if stored["max"] >= _DARK and stored["std"] >= _FLAT:
        return None
    return Finding(
        "double-rescale",
        "error",
        f"The {context.gray_histogram.image_count} training images examined are nearly blank: grey levels "
        f"{stored['min']:.0f} to {stored['max']:.0f} of 255, standard deviation {stored['std']:.2g}.",
        {"pixels": rounded(stored)},
        "Store the images with the full range of grey levels; these may have been divided by 255 already.",
    )


def train_val_preprocess_mismatch(context: Context) -> Finding | None:
    """Validation images of a class are stored brighter or darker than its training images, by far.

    Both go through the same preprocessing here, so a difference lies in the files: another device, window or export.
    Measured for a difference in scaling: validation accuracy falls from 0.91 to 0.50.
    """
    if not context.is_comparable:
        return None
    for name in context.dataset.classes:
        train, val = (
            np.array([context.thumbnails[file.sha256].mean() for file in part if file.label == name])
            for part in (context.train, context.val)
        )
        if min(len(train), len(val)) < 8:
            continue
        gap = float(val.mean() - train.mean())
        within = max(float(train.std()), float(val.std()))
        if abs(gap) > max(20.0, 1.5 * within) and abs(gap) > 4 * within / sqrt(min(len(train), len(val))):
            return Finding(
                "train-val-preprocess-mismatch",
                "warning",
                f"Validation images of {named([name])} are on average {abs(gap):.0f} of 255 grey levels "
                f"{'brighter' if gap > 0 else 'darker'} than its training images, which differ by {within:.0f} "
                "among themselves.",
                {"class": name, "train_mean": round(float(train.mean()), 1), "val_mean": round(float(val.mean()), 1)},
                "Find out how the two folders were made, and make them alike.",
            )
    return None


def _scaled_twice(context: Context) -> bool:
    """Whether the backbone divides by 255 itself and gets pixels that are divided already."""
    return context.backbone.preprocessing == "raw" and context.preprocessing == "rescale"
