"""Interval of a share of images where images belong together, such as those of one patient.

Ten films of one patient are right or wrong together, so they say less than ten images of ten patients, and Wilson's
interval of the images is too narrow. It is taken of as many independent images as have the same variance: the images
divided by the design effect, the variance of the share over groups as a multiple of the variance over images (Rao and
Scott, A simple method for the analysis of clustered binary data, Biometrics 48, 1992), and fewer for the variance being
an estimate (Korn and Graubard, Confidence intervals for proportions with small expected number of positive counts
estimated from survey data, Survey Methodology 24, 1998; Dean and Pagano, Evaluating confidence interval methods for
binomial proportions in clustered surveys, Journal of Survey Statistics and Methodology 3, 2015, on Wilson's interval of
that number). Where all images are right, or all are wrong, the groups count: their variance is not known.

Groups of unequal size say less than as many equal ones, so their number is 1 over the sum of their squared shares.
docs/runs.md has the coverage that was measured.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.stats.metrics import wilson
from core.stats.student_t import two_sided

_NORMAL = 1.959964


def share_interval(right: NDArray[np.bool_], groups: NDArray[np.integer[Any]] | None = None) -> tuple[float, float]:
    """95 % CI of the share that is right, for images of other groups.

    Args:
        right: bool array of shape `(n,)`.
        groups: integer array of shape `(n,)`. Images with one number, from 0 on, belong together. Defaults to each
            image for itself, which gives Wilson's interval.
    """
    count, correct = len(right), int(right.sum())
    if groups is None or count == 0 or int(groups.max()) + 1 == count:
        return wilson(correct, count)
    sizes, share = np.bincount(groups), correct / count
    number = count**2 / float((sizes.astype(np.float64) ** 2).sum())  # of equal groups that say as much
    if number < 1 + 1e-9:
        return 0.0, 1.0  # a single group says nothing of others
    effective = number
    if 0 < correct < count:
        apart = np.bincount(groups, right - share)
        over_groups = number / (number - 1) * float((apart**2).sum()) / count**2
        effective = share * (1 - share) / max(over_groups, share * (1 - share) / count)
    effective *= min(1.0, (_NORMAL / two_sided(0.05, number - 1)) ** 2)
    return wilson(share * effective, effective)
