"""Finding on the share of labels that look wrong, from answers of a classifier that has not seen the images."""

from collections.abc import Sequence

from core.checks.context import NAMED, percent
from core.checks.finding import Finding
from core.stats.label_noise import WrongShare

TELLING = 0.03
"""Lower end of the interval from which on it is a warning."""

SURE = 3.3
"""Least evidence against 1 % or less; see `WrongShare`. Of what right labels reach: see docs/checks.md."""

LIKELY, MUCH = 1.92, 0.1
"""Evidence, and lower end of the interval, from which on it is an info: much may be wrong, with less evidence.
Of 900 simulated sets with right labels and classes that overlap widely at most 8 reached it."""

FEWEST = 60
"""Labels of a split below which nothing is reported."""

_WEAKEST = 0.2
"""How far the predictions agree with the labels, from chance (0) to always (1): below it a classifier cannot decide.

Chance is what the same answers given at random would reach, so that naming a frequent class most of the time is no
agreement (Cohen's kappa). With 1 over the number of classes, a classifier that knew nothing of right labels of 9 to 1
called 8 % of them wrong in 45 % of simulated sets of 200 images, and in all of 1,000; now in none of 60."""

_MOST = 0.45
"""From here on classes are exchanged, which the checks of a training tell."""

_WORDS = {"train": "training", "val": "validation"}


def labels_look_wrong(part: str, found: WrongShare, classes: int, files: Sequence[str]) -> Finding | None:
    """More labels contradict sure answers than images that hardly show their class explain.

    Args:
        part: str. `train` or `val`.
        found: WrongShare.
        classes: int.
        files: sequence of str. Those whose label contradicts the answer, the surest answer first.

    Returns:
        None where it may be 1 % or less, the classifier is too weak to say, or images are too few.
    """
    chance = max(found.chance, 1 / classes)
    better_than_lot = (found.agreement - chance) / (1 - chance)
    if found.labels < FEWEST or better_than_lot < _WEAKEST or not _is_worth(found) or found.share >= _MOST:
        return None
    bounds = (
        "That limits what can be learned" if part == "train" else "That limits every figure, even a perfect model's"
    )
    return Finding(
        f"{part}-labels-look-wrong",
        "warning" if found.low >= TELLING and found.evidence >= SURE else "info",
        f"About {percent(found.share)} of the {_WORDS[part]} labels look wrong (95 % CI {percent(found.low)} to "
        f"{percent(found.high)}): heads not trained on an image contradict its label, even with high confidence, "
        f"more often than ambiguous images explain. {bounds}.",
        {
            "share": round(found.share, 4), "interval": [round(found.low, 4), round(found.high, 4)],
            "labels": found.labels, "agreement": round(found.agreement, 4), "files": list(files[:NAMED]),
        },
        "Review the likely label errors, most likely first (Labels on the Dataset page, or python -m core labels), "
        "and correct those that are.",
    )  # fmt: skip


def _is_worth(found: WrongShare) -> bool:
    return found.evidence >= SURE or (found.evidence >= LIKELY and found.low >= MUCH)
