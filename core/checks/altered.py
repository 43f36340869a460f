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
_PARTS = ("train", "val", "test")


class Altered(NamedTuple):
    """A file, the file that it is an altered copy of, and how."""

    original: ImageFile
    copy: ImageFile
    how: str


def leak_altered_copy(context: Context) -> Finding | None:
    """A held-out image is an altered copy of a training image, or a test image one of a validation image.

    What is measured on it looks better than it is: early stopping and many tries choose what is right on validation.
    At least so many: what was altered beyond recognition is not among them.
    """
    pairs = _leaks(context)
    if not pairs:
        return None
    trained, validated = _of_train(context, pairs), _of_val(context, pairs)
    words = [_claim(trained, len(context.part_of) - len(context.train), "held-out", "training")] * bool(trained)
    words += [_claim(validated, len(context.parts.get("test", ())), "test", "validation")] * bool(validated)
    return Finding(
        "leak-altered-copy",
        "warning",
        " ".join(words),
        {
            "held_out": len({pair.copy.path for pair in pairs}),
            **({"test_of_validation": len({pair.copy.path for pair in validated})} if validated else {}),
            **_evidence(pairs),
        },
        f"Split first and augment afterwards, in training only; remove one of each pair, or {_DIVIDE}.",
    )


def copies_of_training(context: Context) -> tuple[set[str], str]:
    """Held-out images that are altered copies of training images, and how they were altered; as for the finding."""
    pairs = _of_train(context, _leaks(context))
    return {pair.copy.path for pair in pairs}, _how(pairs)


def _claim(pairs: Sequence[Altered], count: int, those: str, others: str) -> str:
    copies = len({pair.copy.path for pair in pairs})
    return (
        f"At least {copies} of {count} {those} images ({percent(copies, count)}) "
        f"{'is an altered copy' if copies == 1 else 'are altered copies'} of {others} images ({_how(pairs)})."
    )


def altered_copy_within_split(context: Context) -> Finding | None:
    """Altered copies within a part: its images are fewer than its files, and count more than the others."""
    pairs = [
        pair
        for pair in _pairs(context)
        if len(_parts(context, pair)) == 1 and pair.original.label == pair.copy.label  # else another check tells it
    ]
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
    """Pairs of files, the training or validation image first, without those that another check calls nearly the same.

    Of an image and its copy in one part, those of the first path come first.
    """
    if not context.is_comparable:
        return []
    found = []
    for copy in context.altered_copies:
        if not _is_near_pair(context, copy):
            pairs = ((a, b) for a in context.by_content[copy.first] for b in context.by_content[copy.second])
            found += [Altered(*_earlier_first(context, a, b), copy.how) for a, b in pairs]
    return sorted(found, key=lambda pair: (pair.copy.path, pair.original.path))


def _is_near_pair(context: Context, copy: Copy) -> bool:
    """Whether they are in two parts and look alike as they are."""
    one, other = (
        {context.part_of[file.path] for file in context.by_content[content]} for content in (copy.first, copy.second)
    )
    apart = len(one | other) > 1
    return apart and look_alike(context.thumbnails[copy.first], context.thumbnails[copy.second])


def _earlier_first(context: Context, a: ImageFile, b: ImageFile) -> tuple[ImageFile, ImageFile]:
    """By the part that is used earlier, and by path."""
    ours, theirs = (_PARTS.index(context.part_of[file.path]) for file in (a, b))
    return (b, a) if (theirs, b.path) < (ours, a.path) else (a, b)


def _parts(context: Context, pair: Altered) -> set[str]:
    return {context.part_of[pair.original.path], context.part_of[pair.copy.path]}


def _leaks(context: Context) -> list[Altered]:
    """Pairs of which the parts differ; of an image that is trained on only those, wherever else it has a copy."""
    pairs = [pair for pair in _pairs(context) if len(_parts(context, pair)) == 2]
    trained = {pair.copy.path for pair in _of_train(context, pairs)}
    return [pair for pair in pairs if pair.copy.path not in trained] + _of_train(context, pairs)


def _of_train(context: Context, pairs: Sequence[Altered]) -> list[Altered]:
    return [pair for pair in pairs if context.part_of[pair.original.path] == "train"]


def _of_val(context: Context, pairs: Sequence[Altered]) -> list[Altered]:
    return [pair for pair in pairs if context.part_of[pair.original.path] == "val"]


def _how(pairs: Sequence[Altered]) -> str:
    """`12 mirrored, 3 cut`: the three most frequent."""
    counts = Counter({pair.copy.path: pair.how for pair in pairs}.values())
    return "; ".join(f"{count} {how}" for how, count in counts.most_common(3))


def _evidence(pairs: Sequence[Altered]) -> dict[str, Any]:
    return {
        "files": [[pair.original.path, pair.copy.path] for pair in pairs[:NAMED]],
        "how": [pair.how for pair in pairs[:NAMED]],
    }
