"""Whether a review of labels can tell right labels from wrong ones at all."""

from collections import Counter
from typing import TYPE_CHECKING

from core.stats.percent import percent

if TYPE_CHECKING:
    from core.store.job_records import ReviewResult

_WEAKEST = 0.2
"""How far the classifier agrees with the labels, from chance (0) to always (1); below it, it contradicts right
labels about as often as wrong ones. The same as where checks report a share of wrong labels."""

_FEWEST = 10
"""Images below which no review is made."""


def why_undecided(result: "ReviewResult") -> str:
    """Why no label can be called wrong; empty where labels can.

    A classifier that hardly agrees with the labels more often than chance contradicts many of them: it has not learned
    the classes.

    Args:
        result: ReviewResult.
    """
    rows, classes = result.files, len({row["label"] for row in result.files})
    if len(rows) < _FEWEST or classes < 2:
        return ""
    agreement = sum(row["suggested"] == row["label"] for row in rows) / len(rows)
    labels, answers = (Counter(row[key] for row in rows) for key in ("label", "suggested"))
    chance = max(1 / classes, sum(count * answers[name] for name, count in labels.items()) / len(rows) ** 2)
    if chance < 1 and (agreement - chance) / (1 - chance) >= _WEAKEST:
        return ""
    better = "" if result.cross_validation else ", or cross-validate other settings and give its id to --cv"
    return (
        f"These images do not show which labels are wrong: the classifier agrees with {percent(agreement)} of the "
        f"{len(rows):,} labels, and the same answers given at random would agree with {percent(chance)}. Check "
        f"whether the classes can be seen in the images and whether labels were mixed up{better}."
    )
