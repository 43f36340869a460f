"""Checks of altered copies (turned, mirrored, cut, brightened, ...): across parts, within a part, across classes."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from core.checks.context import NAMED, Context, percent
from core.checks.copies import Copy
from core.checks.duplicates import look_alike
from core.checks.finding import Finding
from core.data.dataset_index import ImageFile

_DIVIDE = "re-split the images (Split on the Dataset page, or python -m core split)"


class Altered(NamedTuple):
    """A file, the file that it is an altered copy of, and how."""

    original: ImageFile
    copy: ImageFile
    how: str


def leak_altered_copy(context: Context) -> Finding | None:
    """A held-out image is an altered copy of a training image: validation looks better than it is.

    At least so many: what was altered beyond recognition is not among them.
    """
    pairs = [pair for pair in _pairs(context) if _parts(context, pair) == {"train", "other"}]
    if not pairs:
        return None
    held_out = {pair.copy.path for pair in pairs}
    count = len(context.part_of) - len(context.train)
    return Finding(
        "leak-altered-copy",
        "warning",
        f"At least {len(held_out)} of {count} held-out images ({percent(len(held_out), count)}) "
        f"{'is an altered copy' if len(held_out) == 1 else 'are altered copies'} of training images "
        f"({_how(pairs)}).",
        {"held_out": len(held_out), **_evidence(pairs)},
        f"Split first and augment afterwards, in training only; remove one of each pair, or {_DIVIDE}.",
    )


def altered_copy_within_split(context: Context) -> Finding | None:
    """Altered copies within a part: its images are fewer than its files, and count more than the others."""
    pairs = [pair for pair in _pairs(context) if len(_parts(context, pair)) == 1]
    if not pairs:
        return None
    extra = {pair.copy.path for pair in pairs}
    return Finding(
        "altered-copy-within-split",
        "info",
        f"At least {len(extra)} {'image is an altered copy' if len(extra) == 1 else 'images are altered copies'} of "
        f"another in the same part ({_how(pairs)}).",
        {"copies": len(extra), **_evidence(pairs)},
        "Keep one of each; data.augmentation creates new variants in every epoch.",
    )


def altered_copy_in_two_classes(context: Context) -> Finding | None:
    """An image and its altered copy lie in two classes: at least one of their labels is wrong."""
    pairs = [pair for pair in _pairs(context) if pair.original.label != pair.copy.label]
    if not pairs:
        return None
    count = len({pair.copy.path for pair in pairs})
    return Finding(
        "altered-copy-in-two-classes",
        "warning",
        f"At least {count} {'image lies' if count == 1 else 'images lie'} in one class and, altered, in another "
        f"({_how(pairs)}).",
        {"copies": count, **_evidence(pairs)},
        "Choose one class for each and remove the other copies.",
    )


def _pairs(context: Context) -> list[Altered]:
    """Pairs of files, the training image first, without those that another check calls nearly the same."""
    if not context.is_comparable:
        return []
    found = []
    for copy in context.altered_copies:
        if not _is_near_pair(context, copy):
            pairs = ((a, b) for a in context.by_content[copy.first] for b in context.by_content[copy.second])
            found += [Altered(*_training_first(context, a, b), copy.how) for a, b in pairs]
    return sorted(found, key=lambda pair: (pair.copy.path, pair.original.path))


def _is_near_pair(context: Context, copy: Copy) -> bool:
    """Whether one is trained on, the other is not, and they look alike as they are."""
    one, other = (
        {context.part_of[file.path] == "train" for file in context.by_content[content]}
        for content in (copy.first, copy.second)
    )
    apart = (True in one and False in other) or (False in one and True in other)
    return apart and look_alike(context.thumbnails[copy.first], context.thumbnails[copy.second])


def _training_first(context: Context, a: ImageFile, b: ImageFile) -> tuple[ImageFile, ImageFile]:
    ours, theirs = (context.part_of[file.path] != "train" for file in (a, b))
    return (b, a) if (theirs, b.path) < (ours, a.path) else (a, b)


def _parts(context: Context, pair: Altered) -> set[str]:
    """`train` and `other`, or the one part that both are in."""
    parts = {context.part_of[pair.original.path], context.part_of[pair.copy.path]}
    return {"train", "other"} if "train" in parts and len(parts) == 2 else parts


def _how(pairs: Sequence[Altered]) -> str:
    """`12 mirrored, 3 cut`: the three most frequent."""
    counts = Counter({pair.copy.path: pair.how for pair in pairs}.values())
    return "; ".join(f"{count} {how}" for how, count in counts.most_common(3))


def _evidence(pairs: Sequence[Altered]) -> dict[str, Any]:
    return {
        "files": [[pair.original.path, pair.copy.path] for pair in pairs[:NAMED]],
        "how": [pair.how for pair in pairs[:NAMED]],
    }
