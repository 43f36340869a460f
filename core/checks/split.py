"""Checks of the split into training and validation: leaks (duplicates, patients), sizes, class shares."""

from math import erfc, sqrt

import numpy as np

from core.checks.altered import copies_of_training
from core.checks.context import NAMED, Context, named, paths_of, percent
from core.checks.finding import Finding
from core.data.dataset_index import ImageFile
from core.data.name_groups import parentheses
from core.data.split import AUTO, group_names
from core.data.thumbnails import MAX_COMPARED
from core.data.usual_groups import ORIGINAL
from core.stats.metrics import wilson

_LIKELY = 0.85
"""Accuracy for which the width of validation's interval is told."""

_WIDEST = 0.15
"""Width of that interval from which on runs can hardly be distinguished: below about 85 images."""

_DIVIDE = "re-split the images (Split on the Dataset page, or python -m core split)"


def leak_exact_duplicate(context: Context) -> Finding | None:
    """The same file is trained on and validated (or tested) on: validation looks better than it is."""
    groups = [files for files in _copies(context) if len({context.part_of[f.path] for f in files}) > 1]
    if not groups:
        return None
    held_out = [f for files in groups for f in files if context.part_of[f.path] != "train"]
    return Finding(
        "leak-exact-duplicate",
        "warning",
        f"{len(held_out)} of {len(context.part_of) - len(context.train)} held-out images "
        f"{'is a copy of an image' if len(held_out) == 1 else 'are copies of images'} in another part "
        f"({_groups(groups)}).",
        {
            "groups": len(groups),
            "held_out_copies": len(held_out),
            "files": [paths_of(files) for files in groups[:NAMED]],
        },
        "Remove the copies from one split, or " + _DIVIDE + ".",
    )


def duplicate_within_split(context: Context) -> Finding | None:
    """The same file occurs several times within one part and class: it counts more than the others.

    What lies in two classes is told as that.
    """
    groups = [
        files
        for files in _copies(context)
        if len({context.part_of[f.path] for f in files}) == 1 and len({f.label for f in files}) == 1
    ]
    if not groups:
        return None
    extra = sum(len(files) - 1 for files in groups)
    return Finding(
        "duplicate-within-split",
        "info",
        f"{extra} {'image is a copy' if extra == 1 else 'images are copies'} of another in the same part "
        f"({_groups(groups)}).",
        {"groups": len(groups), "copies": extra, "files": [paths_of(files) for files in groups[:NAMED]]},
        "Keep one of each.",
    )


def leak_near_duplicate(context: Context) -> Finding | None:
    """A held-out image looks like a training image down to its details: rescaled or saved again.

    Or a test image like a validation image. At most 5 % of 1,024 difference bits differ and small versions correlate
    above 0.99; images of one kind alone, such as two X-rays, do not come that near. At least so many: a caption over a
    copy changes more.
    """
    if not context.is_comparable:
        return _not_compared(context)
    pairs = context.near_pairs
    if not pairs:
        return None
    shown = [[p.train.path, p.other.path, p.bits, round(p.correlation, 4)] for p in pairs[:NAMED]]
    trained = {pair.other.path for pair in pairs if context.part_of[pair.train.path] == "train"}
    validated = {pair.other.path for pair in pairs} - trained
    altered, how = copies_of_training(context)
    count = len(context.part_of) - len(context.train)
    words = [
        f"At least {len(trained)} of {count} held-out images {'is' if len(trained) == 1 else 'are'} nearly the same as "
        "a training image."
    ] * bool(trained)
    if trained and altered - trained:
        every, rest = len(trained | altered), len(altered - trained)
        words = [
            f"At least {every} of {count} held-out images ({percent(every, count)}) are copies of training images: "
            f"{len(trained)} nearly the same, {rest} altered ({how})."
        ]
    words += [
        f"At least {len(validated)} of {len(context.parts.get('test', ()))} test images "
        f"{'is' if len(validated) == 1 else 'are'} nearly the same as a validation image."
    ] * bool(validated)
    return Finding(
        "leak-near-duplicate",
        "warning",
        " ".join(words),
        {
            "held_out": len(trained | validated),
            **({"with_altered_copies": len(trained | altered)} if trained and altered - trained else {}),
            **({"test_of_validation": len(validated)} if validated else {}),
            "train_held_out_bits_correlation": shown,
        },
        "Remove one of each pair, or " + _DIVIDE + ".",
    )


def leak_patient(context: Context) -> Finding | None:
    """Images of one patient (or another group that names tell) are trained on and validated on.

    A network may know the patient instead of the disease: published splits of this kind overstate accuracy by a third.
    """
    pattern = context.config.data.group_pattern or AUTO
    train = {name for name in group_names(context.train, pattern) if name}
    names = dict(zip(context.val, group_names(context.val, pattern), strict=True))
    shared = [file for file, name in names.items() if name in train]
    if not shared:
        return None
    both = sorted({names[file] for file in shared})
    every = train | {name for name in names.values() if name}
    copies = all(name.startswith(ORIGINAL) for name in both)
    word = "group" if pattern != AUTO else "original image" if copies else "patient"
    change = {"data.group_pattern": AUTO} if _can_regroup(context) else {}
    return Finding(
        "leak-patient",
        "warning",
        f"{len(shared)} of {len(context.val)} validation images ({percent(len(shared), len(context.val))}) have "
        f"their {word}, by file name, in training too: {len(both):,} of {len(every):,} {word}s are in both.",
        {
            "validation_pictures": len(shared),
            "share": round(len(shared) / len(context.val), 4),
            "groups_in_both": len(both),
            "groups": len(every),
            "examples": both[:NAMED],
            "files": paths_of(shared),
        },
        f"Keep each {word}'s images together: data.group_pattern=auto."
        if change
        else f"Keep each {word} in one split: {_DIVIDE}. Set data.group_pattern if {word}s are named differently.",
        change,
    )


def group_pattern(context: Context) -> Finding | None:
    """What a regular expression of one's own finds in the file names that it is to group.

    A pattern that is found nowhere groups nothing, and patients are then on both sides as if there were none.
    """
    pattern = context.config.data.group_pattern
    files = context.index.files
    if pattern in ("", AUTO) or not files or context.index.layout != "classes" or context.dataset.split_file:
        return None
    names = group_names(files, pattern)
    missed = [file for file, name in zip(files, names, strict=True) if not name]
    groups, more = len(set(names) - {""}), parentheses(pattern)
    counts = {"images": len(files), "groups": groups, "in_no_group": len(missed), "parentheses": more}
    several = f" It has {more} groups in parentheses; only the first one is the name." if more > 1 else ""
    if not groups:
        claim = f"data.group_pattern matches none of the {len(files):,} file names, so nothing is kept together."
        remedy = f"Change the pattern until it matches the names, or set it to auto.{several}"
        return Finding("group-pattern", "warning", claim, {**counts, "files": paths_of(missed)}, remedy)
    rest = f"; {len(missed):,} have no group" if missed else ""
    claim = f"data.group_pattern finds {groups:,} groups among the {len(files):,} images{rest}."
    return Finding("group-pattern", "info", claim, {**counts, "files": paths_of(missed)}, several.strip())


def split_after_sort(context: Context) -> Finding | None:
    """Validation holds one class while several are trained on, as when the end of a sorted list was cut off."""
    if len(context.val_counts) != 1 or len(context.train_counts) < 2:
        return None
    name = next(iter(context.val_counts))
    return Finding(
        "split-after-sort",
        "error",
        f"All {len(context.val)} validation images are {named([name])}, while {len(context.train_counts)} classes "
        "are trained on: validation accuracy is meaningless.",
        {"val": dict(context.val_counts), "train": dict(context.train_counts)},
        "Take validation images from every class.",
    )


def val_too_small(context: Context) -> Finding | None:
    """So few validation images that chance alone moves the accuracy by more than runs differ."""
    count = len(context.val)
    if not count:
        return None
    right = round(_LIKELY * count)
    low, high = wilson(right, count)
    if high - low <= _WIDEST:
        return None
    return Finding(
        "val-too-small",
        "warning",
        f"{count} validation images are few: for example, an accuracy of {100 * right / count:.0f} % would have a "
        f"95 % CI of {100 * low:.0f} to {100 * high:.0f} %.",
        {"val": count, "accuracy": round(right / count, 4), "interval": [round(low, 4), round(high, 4)]},
        "Validate on more images: 100 at least, several hundred to compare runs.",
    )


def prior_shift_val(context: Context) -> Finding | None:
    """The classes have other shares in validation than in training, by more than chance explains.

    A class that one of both lacks is told as that, and moves the shares of the others: so it does not count.
    """
    every = context.dataset.classes
    classes = [name for name in every if context.train_counts[name] and context.val_counts[name]]
    table = np.array([[counts[name] for name in classes] for counts in (context.train_counts, context.val_counts)])
    if len(classes) < 2:
        return None
    train, val = table / table.sum(axis=1, keepdims=True)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    square = float(((table - expected) ** 2 / np.where(expected > 0, expected, 1)).sum())
    distance = float(np.abs(train - val).sum()) / 2
    if distance <= 0.1 or _tail(square, len(classes) - 1) >= 1e-3:
        return None
    k = int((val - train).argmax())
    of_both = "Of the classes that are in both, " if len(classes) < len(every) else ""
    return Finding(
        "prior-shift-val",
        "info",
        f"{of_both}{named([classes[k]])} is {percent(float(train[k]))} of the training images but "
        f"{percent(float(val[k]))} of the validation images.",
        {"train": dict(context.train_counts), "val": dict(context.val_counts), "chi_square": round(square, 1)},
        "Compare runs by balanced accuracy or AUC, which do not depend on the class balance.",
    )


def test_as_validation(context: Context) -> Finding | None:
    """The test folder serves as validation: what it says after many tries is no longer a test."""
    if not context.index.test_as_validation:
        return None
    return Finding(
        "test-as-validation",
        "warning",
        "There is no val folder, so the test images are used for validation and no untouched test set is left.",
        {"pictures": sum(context.index.counts().get("val", {}).values())},
        "Create a val folder, or put all images into one folder of classes and let data.validation_split split them.",
    )


def _copies(context: Context) -> list[list[ImageFile]]:
    """Groups of identical files."""
    return [files for files in context.by_content.values() if len(files) > 1]


def _groups(groups: list[list[ImageFile]]) -> str:
    return f"{len(groups)} {'group' if len(groups) == 1 else 'groups'} of identical files"


def _can_regroup(context: Context) -> bool:
    """Whether the split is made here, and by a pattern that is not the usual one."""
    return context.index.layout == "classes" and context.config.data.group_pattern != AUTO


def _not_compared(context: Context) -> Finding | None:
    if not context.part_of:
        return None
    return Finding(
        "leak-near-duplicate",
        "info",
        f"{len(context.part_of):,} images are too many to search for near-duplicates ({MAX_COMPARED:,} at most); "
        "identical files were searched for.",
        {"pictures": len(context.part_of), "limit": MAX_COMPARED},
        "Nothing has to be changed.",
    )


def _tail(square: float, freedom: int) -> float:
    """Chance of a chi-square at least this large, by Wilson and Hilferty's cube root; exact enough at one in 1,000."""
    spread = 2 / (9 * freedom)
    z = ((square / freedom) ** (1 / 3) - (1 - spread)) / sqrt(spread)
    return 0.5 * erfc(z / sqrt(2))
