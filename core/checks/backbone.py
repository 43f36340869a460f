"""What features of the backbone add to the checks of parts and classes: sharper eyes, and what a head would reach.

The same questions as before, asked once more with what the network sees; each cause stays one finding.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.checks.class_marks import class_told_by_mark, found_mark
from core.checks.class_traces import class_told_by_compression, class_told_by_looks
from core.checks.context import Context, percent
from core.checks.finding import Finding
from core.checks.parts_differ import parts_differ
from core.checks.sample import Sample
from core.stats.metrics import wilson
from core.stats.two_sample import area, balanced_right

_UNSEEN = 0.1
"""How much less a head reaches than what alone tells a class, from which on it does not see that."""

_FEWEST = 10
_CHECKS = (class_told_by_mark, class_told_by_compression, class_told_by_looks)


class Seen(NamedTuple):
    """What a network makes of images, by the SHA-256 of the file.

    Attributes:
        network: str. Its name.
        features: mapping to float32 `(width,)`.
        answers: mapping to float64 `(classes,)`. Probabilities of heads that had not seen the image nor its group;
            empty where there are none.
    """

    network: str
    features: Mapping[str, NDArray[np.float32]]
    answers: Mapping[str, NDArray[np.float64]]


def seen_findings(context: Context, seen: Seen) -> list[Finding]:
    """The findings on parts and classes with what a network sees; they stand for those of the same id without it.

    Args:
        context: Context. Its sample is evaluated, as far as the network has features of it.
        seen: Seen.
    """
    sample = context.sample
    if sample is None:
        return []
    known = np.flatnonzero([file.sha256 in seen.features for file in sample.files])
    if not len(known):
        return []
    part = sample.only(known)
    rows = np.stack([seen.features[file.sha256] for file in part.files])
    part = part._replace(features=rows, network=seen.network)
    asked = Context(context.config, context.dataset)
    asked.__dict__["sample"] = part
    found = [one for one in (parts_differ(asked),) if one]
    if not all(file.sha256 in seen.answers for file in part.files):
        return found + [one for check in _CHECKS if (one := check(asked))]
    answers = np.stack([seen.answers[file.sha256] for file in part.files])
    return found + [_compared(one, asked, part, answers) for check in _CHECKS if (one := check(asked))]


def _compared(finding: Finding, context: Context, sample: Sample, answers: NDArray[np.float64]) -> Finding:
    """A finding on a class compared to what heads on the features reach; one that these hardly show is an info only."""
    label = context.dataset.classes.index(finding.evidence["class"])
    of_class = sample.labels == label
    reached, auc = balanced_right(answers[:, label], of_class), area(answers[:, label], of_class)
    alone = float(finding.evidence["right"])
    unseen = alone - reached > _UNSEEN
    told = f" Heads on features of {sample.network} reach {percent(reached)} (AUC {auc:.2f})"
    weight = None if unseen else _weight(finding, sample, answers)
    told += ", so these features hardly show it." if unseen else weight.words() if weight else "."
    harmless = unseen or (weight is not None and weight.is_none)
    return replace(
        finding,
        severity="info" if harmless else finding.severity,
        claim=finding.claim + told,
        evidence={**finding.evidence, "network": sample.network, "backbone_right": round(reached, 4),
                  "backbone_auc": round(auc, 4)},
    )  # fmt: skip


class _Weight(NamedTuple):
    """How often heads are right where a mark and the label disagree, and on the other images.

    Attributes:
        right: int. Images on which they differ that the heads get right.
        images: int. Images on which they differ.
        elsewhere: float. Share right of the others.
    """

    right: int
    images: int
    elsewhere: float

    @property
    def is_none(self) -> bool:
        """Whether the heads do as well without the mark: then it does not change what their accuracy means."""
        low, _ = wilson(self.right, self.images)
        return self.right / self.images >= self.elsewhere - _UNSEEN and low >= self.elsewhere - 2 * _UNSEEN

    def words(self) -> str:
        """The end of a sentence."""
        without = ", so they do not depend on it" if self.is_none else ""
        return (
            f"; of the {self.images} images in which it indicates another class than the label, they classify "
            f"{percent(self.right / self.images)} correctly, of the others {percent(self.elsewhere)}{without}."
        )


def _weight(finding: Finding, sample: Sample, answers: NDArray[np.float64]) -> _Weight | None:
    """Whether the heads follow the mark where it and the label say different things; None where too few images tell."""
    mark = found_mark(sample) if finding.id == "class-told-by-mark" else None
    if mark is None:
        return None
    right = answers.argmax(axis=1) == sample.labels
    against = mark.shows != (sample.labels == mark.label)
    if min(int(against.sum()), int((~against).sum())) < _FEWEST:
        return None
    return _Weight(int(right[against].sum()), int(against.sum()), float(right[~against].mean()))
