"""Paired comparison of two models on the same validation images: McNemar's exact test, or its like for groups.

Test and interval agree: the interval leaves out 0 where, and only where, the gap is called more than chance.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Literal, NamedTuple, TypedDict

from core.compare.cases import Key, cases_of
from core.data.pixel_hash import pixel_hashes
from core.errors import ConfigError
from core.stats.digits import digits
from core.stats.grouped_gap import LEVEL, grouped_interval, sign_flip
from core.stats.paired_share import gap_interval, mcnemar
from core.stats.power import images_to_show
from core.store.predictions import FILE, PredictionRow, read_predictions
from core.store.runs import Run

SIGNIFICANT = LEVEL
"""A gap counts as more than chance below this probability."""

MANY_TO_SAY = 100
"""Images from which on two digits of their number say as much as is known."""

Outcome = Literal["identical", "same_right", "too_few_groups", "real", "chance"]
"""What a paired comparison says; see `outcome`."""


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
    same_answers: int
    groups: int | None
    test: str
    images_to_show: int | None
    reason: str


class Pairs(NamedTuple):
    """The same images in two runs.

    Attributes:
        a, b: dict. What the saved model of each says of every image.
        by: str. `files` or `pixels`; see `paired_test`.
        cases: list of lists of Key. Images that belong together, those of a patient and exact copies; most have one.
    """

    a: dict[Key, PredictionRow]
    b: dict[Key, PredictionRow]
    by: str
    cases: list[list[Key]]


def paired_test(a: Run, b: Run) -> Paired:
    """Compares the saved models of two runs, image by image, or group by group where images belong together.

    Args:
        a: Run. Finished or stopped, with predictions.
        b: Run. The same.

    Returns:
        `{"count", "only_a_right", "only_b_right", "p_value", "gap", "interval", "significant", "paired_by",
        "same_answers", "groups", "test", "images_to_show"}`; the gap is accuracy of `a` minus accuracy of `b`, images
        are paired by `files`, the bytes, or by `pixels` where bytes differ, `same_answers` counts the images to which
        both give one class, `groups` is None where every image stands for itself, `test` is `mcnemar` or `sign_flip`,
        of groups, and `images_to_show` is how many images would show a gap of this size (see
        `core.stats.power.images_to_show`), None where it is shown or there is none.
        `{"reason": sentence}` when they cannot be compared.

    Raises:
        RunError: the configuration of a run cannot be read.
    """
    pairs = pair(a, b)
    return {"reason": pairs} if isinstance(pairs, str) else tested(pairs)


def pair(a: Run, b: Run) -> Pairs | str:
    """The same validation images in both runs, or why they cannot be paired, in a sentence; see `paired_test`."""
    one, other, paired_by = rows_of(a), rows_of(b), "files"
    for run, found in ((a, one), (b, other)):
        if not found:
            return _without(run)
        if run.manifest() is None:
            return f"R{run.named()[1:]} has no readable manifest, so which images it was validated on is not known."
    if one.keys() != other.keys():
        names = same_pixels(a, b, "val")
        one, other, paired_by = rows_of(a, names), rows_of(b, names), "pixels"
    if one.keys() != other.keys():
        return _different(one.keys(), other.keys())
    try:
        return Pairs(one, other, paired_by, cases_of([(a, one), (b, other)]))
    except ConfigError as error:
        return f"Which images belong together cannot be told, so their accuracies cannot be tested: {error}"


def _different(one: Set[Key], other: Set[Key]) -> str:
    """Why these images cannot be paired: they are others, or have other labels."""
    first, second = one - other, other - one
    relabelled = sum((Counter(key[0] for key in first) & Counter(key[0] for key in second)).values())
    if relabelled == len(first) == len(second):
        images = "1 of which has" if relabelled == 1 else f"{relabelled} of which have"
        return (
            f"The runs were validated on the same {len(one)} images, {images} another label in the second, so their "
            "accuracies cannot be paired."
        )
    are = "is the same file" if relabelled == 1 else "are the same files"
    labels = f"; of these, {relabelled} {are} with another label" if relabelled else ""
    return (
        "The runs were validated on different images, so their accuracies cannot be paired: "
        f"{len(first)} only in the first, {len(second)} only in the second, {len(one & other)} in both{labels}."
    )


def _without(run: Run) -> str:
    if (run.path / FILE).is_file() and read_predictions(run.path) is None:
        return f"The predictions of {run.named()} are damaged: {FILE} cannot be read."
    return f"R{run.named()[1:]} has no predictions on validation images yet."


def tested(pairs: Pairs) -> Paired:
    """The test of all images; see `paired_test`."""
    keys = list(pairs.a)
    place = {key: k for k, key in enumerate(keys)}
    return {
        **paired_answers(
            [right(pairs.a[key]) for key in keys],
            [right(pairs.b[key]) for key in keys],
            [[place[key] for key in case] for case in pairs.cases],
        ),
        "paired_by": pairs.by,
        "same_answers": sum(row.predicted == pairs.b[key].predicted for key, row in pairs.a.items()),
    }


def paired_answers(a: Sequence[bool], b: Sequence[bool], cases: Sequence[Sequence[int]]) -> Paired:
    """The test of two models from whether they are right on the same images.

    Args:
        a: sequence of bool. Of each image whether the first model is right.
        b: sequence of bool. The same of the second.
        cases: sequence of sequences of int. Images that belong together; each image is in one of them.

    Returns:
        As of `paired_test`, without `paired_by` and `same_answers`.
    """
    outcomes = Counter(zip(a, b, strict=True))
    counts = [outcomes[kind] for kind in ((True, True), (True, False), (False, True), (False, False))]
    differences, sizes = [sum(a[k] - b[k] for k in case) for case in cases], [len(case) for case in cases]
    result: Paired = {**paired_result(*counts), "groups": None, "test": "mcnemar"}
    if len(cases) < len(a):
        p_value = sign_flip(differences)
        result |= {
            "p_value": p_value,
            "interval": list(_grouped_bounds(counts, differences, sizes, p_value)),
            "significant": p_value < SIGNIFICANT,
            "groups": len(differences),
            "test": "sign_flip",
        }
    return {**result, "images_to_show": None if result["significant"] else images_to_show(differences, sizes)}


def _grouped_bounds(
    counts: Sequence[int], differences: Sequence[int], sizes: Sequence[int], p_value: float
) -> tuple[float, float]:
    """The interval of the gap over groups, and at least that of so many images that each stand for themselves.

    Where few groups differ, they say too little of those that might, and each group is counted as one image.
    """
    low, high = grouped_interval(differences, sizes, p_value)
    if p_value < SIGNIFICANT:
        return low, high
    least = [gap_interval(*counts)]
    one, other = (sum(sign * value > 0 for value in differences) for sign in (1, -1))
    if _too_few(one + other):
        alike = len(sizes) - one - other
        both = round(alike * counts[0] / max(1, counts[0] + counts[3]))
        least.append(gap_interval(both, one, other, alike - both))
    return min(low, *(bound for bound, _ in least)), max(high, *(bound for _, bound in least))


def _too_few(groups: int) -> bool:
    """Whether no signs of so many groups are improbable enough."""
    return 2 * 0.5**groups >= SIGNIFICANT


def outcome(paired: Paired) -> Outcome:
    """What the comparison says of a gap.

    Returns:
        `identical`: both give the same class to every image. `same_right`: both are right on the same images.
        `too_few_groups`: no gap of so few groups could be called more than chance. `real`, or `chance`.
    """
    if paired.get("same_answers") == paired.get("count", 0):
        return "identical"
    if not paired.get("only_a_right") and not paired.get("only_b_right"):
        return "same_right"
    groups = paired.get("groups")
    if groups is not None and _too_few(groups):
        return "too_few_groups"
    return "real" if paired.get("significant") else "chance"


def what_it_takes(paired: Paired) -> str:
    """How many images would show the gap, in a sentence; empty where it is shown, or nothing can be said."""
    needed = paired.get("images_to_show")
    if not needed or outcome(paired) not in ("too_few_groups", "chance"):
        return ""
    few, groups, count = needed < MANY_TO_SAY, paired.get("groups"), paired.get("count", 0)
    images = f"{needed:,}" if few else digits(needed, 2)
    of_groups = f" of {digits(max(6, needed * groups / count), 2)} groups" if groups and count else ""
    return f"About {images} such images{of_groups} would show a gap of this size in four of five cases."


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
    low, high = gap_interval(both, only_a, only_b, neither)
    if p_value >= SIGNIFICANT:  # Newcombe's is closer to a test that is not exact, which says more often that 0 is out
        low, high = min(low, 0.0), max(high, 0.0)
    return {
        "count": count,
        "only_a_right": only_a,
        "only_b_right": only_b,
        "p_value": p_value,
        "gap": (only_a - only_b) / count,
        "interval": [low, high],
        "significant": p_value < SIGNIFICANT,
    }


def answers(run: Run, names: Mapping[str, str] | None = None) -> dict[Key, bool]:
    """Whether the saved model is right, for every validation image; see `rows_of`."""
    return {key: right(row) for key, row in rows_of(run, names).items()}


def rows_of(run: Run, names: Mapping[str, str] | None = None) -> dict[Key, PredictionRow]:
    """What the saved model says of every validation image; empty before there are predictions.

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
    found: dict[Key, PredictionRow] = {}
    for row in sorted(predictions.of("val"), key=lambda row: row.file):
        sha = hashes.get(row.file) or row.file
        content = (names.get(sha, sha), row.label)
        found[(*content, seen[content])] = row
        seen[content] += 1
    return found


def right(row: PredictionRow) -> bool:
    """Whether an image is called what it is."""
    return row.label == row.predicted
