"""Groups that file names tell by no known word: a part of the name whose images are alike, on both sides of the split.

Any part of a name may say video, scene, site, slide, day, or the image that others were made from. Which one does is
asked of the images: where those that share it are more alike than others of their class, and more than with shuffled
names, they belong together.
"""

import re
import shlex
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.checks.context import NAMED, Context, named, of_each_first, percent
from core.checks.finding import Finding
from core.checks.likeness import Numbers, Sample, alike, looks
from core.data.dataset_index import ImageFile
from core.data.forms import forms
from core.data.split import AUTO, group_names

_CUT = r"[_\-. ]"
_WORD = r"[^/_\-. ]+"


def _part(number: int) -> str:
    """The pattern of the n-th part of a name, with another behind it."""
    before = f"{_WORD}{_CUT}" * (number - 1)
    return rf"(?:^|/){before}({_WORD}){_CUT}[^/]*$"


PATTERNS = {
    "folder": r"^(.+)/",
    "outer folder": r"^([^/]+)/",
    "first part of the name": _part(1),
    "first two parts of the name": rf"(?:^|/)({_WORD}{_CUT}{_WORD}){_CUT}[^/]*{_CUT}[^/]*$",
    "second part of the name": _part(2),
    "third part of the name": _part(3),
    "fourth part of the name": _part(4),
    "last part of the name": rf"{_CUT}({_WORD})\.[^./]+$",
    "name without its last part": rf"([^/]+){_CUT}{_WORD}\.[^./]+$",
    "name without its last number": r"([^/]*[A-Za-z_\-. ])\d+\.[^./]+$",
    "letters and number that begin the name": r"(?:^|/)([A-Za-z]+\d+)[A-Za-z][^/]*$",
    "date": r"((?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d)",
}
"""What may name the group, by its title: each may be set as `data.group_pattern`."""

_FEWEST, _MOST = 30, 6000
"""Fewest images that are tested, and most that are."""

_FEWEST_GROUPS, _COVERED, _LARGEST, _SHARED = 3, 0.8, 0.5, 0.1
"""Groups there must be; share of a class that has the part in its names; share that one group may have; share of the
validation images that lie in a group of training images."""

_GROUP = re.compile(
    "batch|cam|cent(er|re)|clinic|day|device|film|hospital|patient|place|plate|scan|scene|sequence|series|session|shot|site"
    "|slide|source|specimen|station|study|subject|take|video|visit",
    re.IGNORECASE,
)
"""Words for groups."""

_OF_A_KIND = 20
"""Images of a name, on average, from which on names without a number may be kinds within a class."""


class Tokens(NamedTuple):
    """A part of names that tells groups.

    Attributes:
        title: str. What it is called.
        pattern: str. For `data.group_pattern`.
        names: list of str. Of each file, training images first.
        alike: float. Chance that two images of a group and class are more alike than two of the class.
        shuffled: float. The same with shuffled names, at most.
    """

    title: str
    pattern: str
    names: list[str]
    alike: float
    shuffled: float


def leak_group(context: Context) -> Finding | None:
    """Images that share a part of their names are alike, and lie on both sides of the split: validation knows them."""
    files = [*context.train, *context.val]
    if not context.is_comparable or len(files) < _FEWEST or _is_grouped(context, files):
        return None
    found = find_tokens(context, files)
    if found is None:
        return None
    first = dict(zip(reversed(found.names[: len(context.train)]), reversed(context.train), strict=True))
    val = zip(context.val, found.names[len(context.train) :], strict=True)
    shared = of_each_first([(file, name) for file, name in val if name and name in first])
    both, count = sorted({name for _, name in shared}), len(context.val)
    regroups = context.index.layout == "classes" and not context.dataset.split_file
    return Finding(
        "leak-group",
        "warning" if _tells_groups(found.names) else "info",
        f"{len(shared)} of {count} validation images ({percent(len(shared), count)}) share the {found.title} "
        f"({named(both, 3)}) with training images, and images that share it are alike: two of them are more alike than "
        f"two others of their class in {percent(found.alike)} of comparisons, with shuffled names in "
        f"{percent(found.shuffled)} at most.",
        {
            "part": found.title, "pattern": found.pattern, "validation_images": len(shared),
            "share": round(len(shared) / count, 4), "groups": len(set(found.names) - {""}),
            "groups_in_both": len(both), "alike": round(found.alike, 4), "alike_shuffled": round(found.shuffled, 4),
            "examples": both[:NAMED], "files": [[first[name].path, file.path] for file, name in shared[:NAMED]],
        },
        _remedy(found, context, regroups=regroups),
        {"data.group_pattern": found.pattern} if regroups else {},
    )  # fmt: skip


def _tells_groups(names: Sequence[str]) -> bool:
    """Whether names are of groups rather than of kinds within a class, such as breeds: they have numbers or a word for
    groups, or there are few images of each."""
    known = sorted(set(names) - {""})
    told = sum(bool(re.search(r"\d", name) or _GROUP.search(name)) for name in known)
    return told > len(known) / 2 or sum(map(bool, names)) < _OF_A_KIND * len(known)


def _remedy(found: Tokens, context: Context, *, regroups: bool) -> str:
    where = "If they are from one scene, video, site or similar"
    if regroups:
        return f"{where}, keep them together: data.group_pattern={found.pattern}"
    root, pattern = (shlex.quote(str(text)) for text in (context.dataset.root, found.pattern))
    return (
        f"{where}, re-split the images by it: Split on the Dataset page, or python -m core split {root} "
        f"--group-pattern {pattern}"
    )


def find_tokens(context: Context, files: Sequence[ImageFile]) -> Tokens | None:
    """The part of the names whose images are alike the most, in the largest groups that are; None where none is.

    Args:
        context: Context.
        files: sequence of ImageFile. Training images, then validation images.
    """
    labels, held_out = context.dataset.labels(files), np.arange(len(files)) >= len(context.train)
    sought = {title: _read(files, pattern) for title, pattern in PATTERNS.items()}
    sought = {title: names for title, names in sought.items() if _may_group(names, labels, held_out)}
    if not sought:
        return None
    rows = np.sort(np.random.default_rng(0).permutation(len(files))[:_MOST])
    small = forms(context.dataset.root, [files[k] for k in rows], context.progress)
    sample = Sample(looks(small, held_out[rows]), labels[rows])
    numbers = {title: _numbers(names)[rows] for title, names in sought.items()}
    told = {title: one for title, groups in numbers.items() if (one := alike(sample, groups))}
    if not told:
        return None
    best = max(told, key=lambda title: told[title][0])
    for title in sorted(told, key=lambda title: -len(np.unique(numbers[title]))):
        if _holds(numbers[title], numbers[best]) and alike(sample, numbers[title], numbers[best]):
            best = title
    # Names that hold the class, too, divide a group of several classes: the part without it is the one to set.
    for title in sorted(sought, key=lambda title: len(np.unique(numbers[title]))):
        pairs = [_numbers_of_pairs(sample.labels, numbers[one]) for one in (title, best)]
        if _is_one(*pairs) and _holds(numbers[title], numbers[best]) and alike(sample, numbers[title], across=True):
            return Tokens(title, PATTERNS[title], sought[title], *(told.get(title) or told[best]))
    return Tokens(best, PATTERNS[best], sought[best], *told[best])


def _is_grouped(context: Context, files: Sequence[ImageFile]) -> bool:
    """Whether it is known already what belongs together."""
    if context.config.data.group_pattern not in ("", AUTO):
        return True
    return sum(map(bool, group_names(files, AUTO))) > len(files) / 2


def _read(files: Sequence[ImageFile], pattern: str) -> list[str]:
    """What a pattern finds in each path below the class folder, as `group_names` reads it; ours are all fast."""
    sought = re.compile(pattern)
    rests = [file.path.split("/", 2 if file.split else 1)[-1] for file in files]
    return [match[1] if (match := sought.search(rest)) else "" for rest in rests]


def _may_group(names: list[str], labels: Numbers, held_out: NDArray[np.bool_]) -> bool:
    """Whether names make several groups of several images, on both sides, in a class at least."""
    counts = Counter(name for name in names if name)
    has = np.array([bool(name) for name in names])
    number = int(has.sum())
    if len(counts) < _FEWEST_GROUPS or number < 2 * len(counts) or max(counts.values()) > _LARGEST * number:
        return False
    if max(has[labels == label].mean() for label in np.unique(labels)) < _COVERED:
        return False
    train = {name for name, out in zip(names, held_out, strict=True) if not out}
    shared = sum(name in train for name, out in zip(names, held_out, strict=True) if out and name)
    return bool(shared >= max(1.0, _SHARED * held_out.sum()))


def _numbers(names: list[str]) -> Numbers:
    """A number for each name in the order in which they come, -1 for none."""
    number = {name: k for k, name in enumerate(dict.fromkeys(filter(None, names)))}
    return np.array([number.get(name, -1) for name in names], np.int64)


def _numbers_of_pairs(labels: Numbers, groups: Numbers) -> Numbers:
    """A number for each pair of a class and a group, -1 for none."""
    pairs = np.unique(np.column_stack([labels, groups]), axis=0, return_inverse=True)[1].reshape(-1)
    return np.where(groups < 0, -1, pairs)


def _is_one(first: Numbers, second: Numbers) -> bool:
    """Whether two numberings divide images in the same way."""
    number = len(np.unique(np.column_stack([first, second]), axis=0))
    return number == len(np.unique(first)) == len(np.unique(second))


def _holds(coarse: Numbers, fine: Numbers) -> bool:
    """Whether every group of `fine` lies in one of `coarse`, which has fewer."""
    pairs = np.unique(np.column_stack([fine, coarse])[fine >= 0], axis=0)
    return len(pairs) == len(np.unique(pairs[:, 0])) and len(np.unique(coarse)) < len(np.unique(fine))
