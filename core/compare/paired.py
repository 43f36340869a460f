"""Paired comparison of two models on the same validation images: McNemar's exact test."""

import math
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import TypedDict

from core.data.pixel_hash import pixel_hashes
from core.stats.paired_share import gap_interval
from core.store.predictions import read_predictions
from core.store.runs import Run

SIGNIFICANT = 0.05
"""A gap counts as more than chance below this probability."""

Key = tuple[str, str, int]
"""An image by the hash of its file or of its pixels, its label, and its number among those of both."""


class Paired(TypedDict, total=False):
    """A paired comparison; see `paired_test`."""

    count: int
    only_a_right: int
    only_b_right: int
    p_value: float
    gap: float
    interval: list[float]
    significant: bool
    paired_by: str
    reason: str


def paired_test(a: Run, b: Run) -> Paired:
    """Compares the saved models of two runs, image by image.

    Args:
        a: Run. Finished or stopped, with predictions.
        b: Run. The same.

    Returns:
        `{"count", "only_a_right", "only_b_right", "p_value", "gap", "interval", "significant", "paired_by"}`; the gap
        is accuracy of `a` minus accuracy of `b`, and images are paired by `files`, the bytes, or by `pixels` where
        bytes differ. `{"reason": sentence}` when they cannot be compared.
    """
    one, other, paired_by = answers(a), answers(b), "files"
    for run, found in ((a, one), (b, other)):
        if not found:
            return {"reason": f"R{run.named()[1:]} has no predictions on validation images yet."}
    if one.keys() != other.keys():
        names = same_pixels(a, b, "val")
        one, other, paired_by = answers(a, names), answers(b, names), "pixels"
    if one.keys() != other.keys():
        only_a, only_b = len(one.keys() - other.keys()), len(other.keys() - one.keys())
        return {
            "reason": "The runs were validated on different images, so their accuracies cannot be paired: "
            f"{only_a} only in the first, {only_b} only in the second, {len(one.keys() & other.keys())} in both."
        }
    outcomes = Counter((one[key], other[key]) for key in one)
    counts = [outcomes[pair] for pair in ((True, True), (True, False), (False, True), (False, False))]
    return {**paired_result(*counts), "paired_by": paired_by}


def same_pixels(a: Run, b: Run, part: str) -> dict[str, str]:
    """Files of a part that only one of two runs has, by the hash of the bytes: the hash of the pixels to call them by.

    Args:
        a: Run.
        b: Run.
        part: str. `val` or `test`.
    """
    manifests = [run.data() for run in (a, b)]
    listed = [{item.get("sha256", ""): item for item in manifest.part(part)} for manifest in manifests]
    found: dict[str, str] = {}
    for own, other, manifest in zip(listed, reversed(listed), manifests, strict=True):
        alone = [item for sha, item in own.items() if sha not in other]
        found |= pixel_hashes(Path(manifest.root), alone)
    return found


def paired_result(both: int, only_a: int, only_b: int, neither: int) -> Paired:
    """McNemar's exact test and the interval of the gap from the four counts of a paired comparison.

    Args:
        both: int. Images that both models call right.
        only_a: int. Right in the first, wrong in the second.
        only_b: int. Wrong in the first, right in the second.
        neither: int. Images that both call wrong.
    """
    count = both + only_a + only_b + neither
    p_value = mcnemar(only_a, only_b)
    return {
        "count": count,
        "only_a_right": only_a,
        "only_b_right": only_b,
        "p_value": p_value,
        "gap": (only_a - only_b) / count,
        "interval": list(gap_interval(both, only_a, only_b, neither)),
        "significant": p_value < SIGNIFICANT,
    }


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p-value: the chance of a split of the disagreements at least this uneven, were it a coin's.

    Args:
        only_a: int. Images that only the first model calls right.
        only_b: int. Images that only the second calls right.
    """
    total, fewer = only_a + only_b, min(only_a, only_b)
    tail = sum(math.comb(total, k) for k in range(fewer + 1))
    return float(min(Fraction(1), Fraction(2 * tail, 2**total)))


def answers(run: Run, names: Mapping[str, str] | None = None) -> dict[Key, bool]:
    """Whether the saved model is right, for every validation image; empty before there are predictions.

    Args:
        run: Run.
        names: mapping. What to call a file instead of by the hash of its bytes; see `same_pixels`. Defaults to nothing.
    """
    names = names or {}
    hashes = {item["path"]: item.get("sha256", "") for item in run.data().val}
    predictions = read_predictions(run.path)
    if predictions is None:
        return {}  # a damaged table says nothing of its images
    seen: Counter[tuple[str, str]] = Counter()
    found: dict[Key, bool] = {}
    for row in sorted(predictions.of("val"), key=lambda row: row.file):
        sha = hashes.get(row.file, row.file)
        content = (names.get(sha, sha), row.label)
        found[(*content, seen[content])] = row.label == row.predicted
        seen[content] += 1
    return found
