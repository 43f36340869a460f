"""Splits a dataset into train and validation: as on disk, else stratified, seeded, whole groups kept together.

Images of one patient, or copies of one file, on both sides of a split make validation look better than it is.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.data.dataset_index import DatasetIndex, ImageFile
from core.data.file_names import display_name
from core.data.name_groups import find_groups
from core.data.undivided import why_undivided
from core.data.usual_groups import usual_group
from core.errors import ConfigError, DataError
from core.stats.components import components

AUTO = "auto"


@dataclass(frozen=True)
class Split:
    """Files by what they serve, each part in on-disk order: class by class, then by path.

    Attributes:
        train: Files to train on.
        val: Files to validate on after every epoch.
        test: Files looked at once, after training; empty unless there is a test folder.
    """

    train: tuple[ImageFile, ...]
    val: tuple[ImageFile, ...]
    test: tuple[ImageFile, ...] = ()


def split_files(index: DatasetIndex, validation_split: float, seed: int, group_pattern: str = AUTO) -> Split:
    """Splits a dataset: as it is on disk, or by class in the given proportion.

    Args:
        index: What `scan` found.
        validation_split: Share of each class's files to validate on, 0 to below 1; a class too small for one file at
            this share has none. Unused where the folder is split on disk, as are the following.
        seed: Decides which files; the place of the folder does not.
        group_pattern: How file names tell what belongs together; see `group_names`. Identical files always do.

    Raises:
        ConfigError: if the share or the pattern cannot be used.
    """
    if index.layout == "splits":
        train, val, test = (tuple(f for f in index.files if f.split == s) for s in ("train", "val", "test"))
        return Split(train, val, test)
    if not 0 <= validation_split < 1:
        raise ConfigError(f"data.validation_split is {validation_split}; it must be at least 0 and below 1.")
    groups = join_files(index.files, group_pattern)
    held_out = {f.path for group in choose_groups(groups, validation_split, seed) for f in group}
    return Split(
        train=tuple(f for f in index.files if f.path not in held_out),
        val=tuple(f for f in index.files if f.path in held_out),
    )


def group_names(files: Sequence[ImageFile], pattern: str = AUTO) -> list[str]:
    """Reads from files' names what they belong to, e.g. their patient; `""` where nothing is recognised.

    Where a table of labels says it, that counts instead.

    Args:
        files: The files; their paths below the class folder are looked at.
        pattern: `"auto"` knows `person123_...`, `patient0042_...`, `subject`, `sub-01`, `case`, `IM-0115-0001`,
            `NORMAL2-IM-0023-0001`, `CNV-1016042-1` in the class CNV, and Roboflow's `1_jpg.rf.0a1b2c3d`; `""`
            recognises nothing; else a regular expression that is searched for, whose first group (or the whole match)
            is the name.

    Raises:
        ConfigError: if the pattern is no regular expression, or takes too long.
    """
    if not pattern:
        return [""] * len(files)
    names = [file.path.split("/", 2 if file.split else 1)[-1] for file in files]
    if pattern == AUTO:
        found = [usual_group(name, file.label) for file, name in zip(files, names, strict=True)]
    else:
        found = find_groups(names, pattern)
    return [file.group or name for file, name in zip(files, found, strict=True)]


def _with_near(name: str, lacking: Iterable[str]) -> str:
    """A class that training lacks, with the one that validation lacks and that is written nearly so."""
    numbers = re.findall(r"\d+", name)  # class1 and class2 are no slips of the pen
    others = [one for one in sorted(lacking) if re.findall(r"\d+", one) == numbers]
    near = difflib.get_close_matches(name, others, n=1, cutoff=0.7)
    return display_name(name) + (f" (train/ has {display_name(near[0])}, which val/ lacks: rename one)" if near else "")


def require_trainable(index: DatasetIndex, split: Split, group_pattern: str = AUTO) -> None:
    """Refuses what cannot be trained on.

    Args:
        index: What `scan` found.
        split: How it is divided.
        group_pattern: What kept files together while it was divided. Defaults to `auto`.

    Raises:
        DataError: if validation has a class that training lacks, a class has fewer than 2 readable images to train on
            (before the split, where it is not made on disk), or training or validation is empty.
    """
    train = Counter(f.label for f in split.train)
    unknown = sorted({f.label for f in split.val} - set(train))
    if index.layout == "splits" and unknown:
        raise DataError(_not_trained_on(index, unknown, set(train) - {f.label for f in split.val}))
    _require_two_each(index, train)
    if not split.train:
        raise DataError("There are no images to train on; use a smaller data.validation_split.")
    if not split.val:
        raise DataError(_no_validation(index, group_pattern))


def _not_trained_on(index: DatasetIndex, unknown: list[str], lacking: set[str]) -> str:
    """Names the classes, and where files of them lie in the training folder, why none of those is used."""
    names = ", ".join(_with_near(name, lacking) for name in unknown)
    claim = f"The validation images have classes without training images: {names}"
    is_near = "rename one" in names
    if (
        len(lacking) >= 2
        and not is_near
        and {file.label for file in index.files if file.split != "train"} == set(unknown)
    ):
        trained = ", ".join(map(display_name, sorted(lacking)[:5])) + (", ..." if len(lacking) > 5 else "")
        return (
            f"{claim}. Those of train/ are {trained}: the two parts have no class in common, so no validation image "
            "has a class that is trained on; give the folders of one class the same name in both."
        )
    unread = [file for file in index.unreadable if file.split == "train" and file.label in unknown]
    if not unread:
        return f"{claim}; add them to train/."
    counts = Counter(file.label for file in unread)
    named = ", ".join(f"{counts[label]} of {display_name(label)}" for label in sorted(counts))
    return f"{claim}. In train/ there are image files that cannot be read: {named}. {unread[0].reason}"


def _require_two_each(index: DatasetIndex, train: Counter[str]) -> None:
    on_disk = index.layout == "splits"
    readable = train if on_disk else Counter(f.label for f in index.files)
    where = " in train/" if on_disk else ""
    for label in index.classes:
        if readable[label] >= 2:
            continue
        bad = sum(u.label == label and (u.split == "train" or not on_disk) for u in index.unreadable)
        images = "image" if readable[label] == 1 else "images"
        raise DataError(
            f"The class {display_name(label)} has {readable[label]} readable {images}{where} ({bad} unreadable); "
            "at least 2 are needed: add images or remove the class."
        )


def _no_validation(index: DatasetIndex, pattern: str) -> str:
    if index.layout == "splits":
        return "The validation folder has no readable images; add some, or remove it to split train/."
    names = {file.path: name for file, name in zip(index.files, group_names(index.files, pattern), strict=True)}
    if why := why_undivided(join_files(index.files, pattern), names, pattern):
        return why
    return (
        f"The validation split of {len(index.files)} images would be empty; "
        "add images or use a larger data.validation_split."
    )


def join_files(
    files: Sequence[ImageFile], pattern: str, alike: Iterable[Sequence[ImageFile]] = ()
) -> list[tuple[ImageFile, ...]]:
    """Joins files with one hash or one group name, or that are alike, also by way of a third.

    Args:
        files: sequence of ImageFile.
        pattern: How file names tell what belongs together; see `group_names`.
        alike: Groups of these files that belong together for another reason. Defaults to none.

    Returns:
        Groups in the order of their first file; most have a single one.

    Raises:
        ConfigError: if the pattern is no regular expression, or takes too long.
    """
    first: dict[tuple[str, str], int] = {}
    pairs: list[tuple[int, int]] = []
    for i, (file, name) in enumerate(zip(files, group_names(files, pattern), strict=True)):
        for key in [("sha256", file.sha256)] + [("name", name)] * bool(name):
            pairs.append((first.setdefault(key, i), i))
    index_of = {file.path: i for i, file in enumerate(files)}
    pairs += [(index_of[group[0].path], index_of[file.path]) for group in alike for file in group]
    return [tuple(files[i] for i in group) for group in components(len(files), pairs)]


def choose_groups(groups: list[tuple[ImageFile, ...]], share: float, seed: int) -> list[tuple[ImageFile, ...]]:
    """Takes whole groups in random order as long as each brings every class's count closer to its target.

    A class that is left without any then gets its smallest group. Training always keeps a file of each class.

    Args:
        groups: Groups of files that must not be parted.
        share: Part of each class's files to take, 0 to below 1.
        seed: Decides which.
    """
    total = Counter(f.label for group in groups for f in group)
    target = {label: int(n * share + 0.5) for label, n in total.items()}  # half up: Python's round goes to even
    order = [groups[i] for i in np.random.default_rng(seed).permutation(len(groups))]
    taken: Counter[str] = Counter()
    chosen = []

    def take(group: tuple[ImageFile, ...]) -> bool:
        more = _labels(group)
        if any(taken[c] + n >= total[c] for c, n in more.items()):
            return False
        taken.update(more)
        chosen.append(group)
        return True

    for group in order:
        if sum(abs(taken[c] + n - target[c]) - abs(taken[c] - target[c]) for c, n in _labels(group).items()) < 0:
            take(group)
    for label in sorted(target):
        if target[label] and not taken[label]:
            candidates = sorted((g for g in order if any(f.label == label for f in g)), key=len)
            next(filter(take, candidates), None)
    return chosen


def _labels(group: Iterable[ImageFile]) -> Counter[str]:
    return Counter(f.label for f in group)
