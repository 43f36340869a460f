"""Folders that a reading takes for classes although they may be none: a test set, a copy of the others, predictions.

What is surely no class (`unlabeled`) is left out and said. What may be one is asked about: a second reading, `fewer`,
is the first one without it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from core.data.annotation_names import HINTS, is_one_annotation, is_pure_annotation
from core.data.listing import Folder
from core.data.masks import agreement
from core.data.part_names import FILLERS, is_part, part_name, shown, words_of
from core.data.reading import TEST_SERVES, ClassFolder, Reading
from core.data.structure_readings import single_inside

_UNLABELLED = re.compile(r"unlabel\w*|unsup\w*|unannotated|(no|non|not|without)label\w*")
_NO_CLASS = re.compile(
    r"pred|preds|predict|predictions?|inference|infer|submissions?|samples?|demo|aug|augment|augmented|augmentations?"
    r"|backups?|bak|duplicates?"
)
_JOINING = {"single", "to", "for", "my", "new"}


@dataclass(frozen=True)
class Doubt:
    """A class folder that may be no class.

    Attributes:
        folder: The folder.
        why: Why it may be none, as the end of a sentence.
        sure: Whether it is surely none.
    """

    folder: Folder
    why: str
    sure: bool = False


def doubts(top: Folder, reading: Reading) -> list[Doubt]:
    """Class folders that may be none; empty where fewer than two classes would be left in their folder.

    Args:
        top: From `list_folder`.
        reading: How it is read.
    """
    paths = {folder.path for folder in reading.folders if folder.label == folder.path.rpartition("/")[2]}
    return [doubt for folder in top.walk() for doubt in _among([c for c in folder.filled if c.path in paths])]


def without(folder: Folder, paths: Iterable[str]) -> Folder:
    """A listing without some of its folders."""
    gone = set(paths)
    kept = tuple(without(child, gone) for child in folder.folders if child.path not in gone)
    return folder if kept == folder.folders else replace(folder, folders=kept)


def fewer(first: Reading, rest: Reading, found: list[Doubt]) -> Reading:
    """The reading without what is in doubt, as likely as the one with it.

    Args:
        first: The reading with it.
        rest: How the other folders are read.
        found: What is in doubt.
    """
    return replace(
        rest,
        key="fewer",
        rank=first.rank,
        notes=(*rest.notes, *told_out(found)),
        left_out=(*rest.left_out, *left_out(found)),
    )


def told_out(found: Iterable[Doubt]) -> tuple[str, ...]:
    """Sentences on folders that are left out."""
    return tuple(f"{shown([doubt.folder.path])}/ is left out: {doubt.why}." for doubt in found)


def left_out(found: Iterable[Doubt]) -> tuple[tuple[str, str], ...]:
    """`(folder, why)` of folders that are left out."""
    return tuple((doubt.folder.path, doubt.why) for doubt in found)


def beside_part(first: Reading, found: list[Doubt]) -> Reading | None:
    """Classes that train beside one folder named as the part that validates or tests, with the same classes below.

    Args:
        first: The reading in which all are classes.
        found: What is in doubt.
    """
    part = found[0].folder
    name = part_name(part.name) if len(found) == 1 and first.key == "classes" else None
    inner = single_inside(part).filled
    if name is None or name.rest or name.role not in ("val", "test") or len(inner) < 2:
        return None
    said = (TEST_SERVES.format(test=part.name),) if name.role == "test" else ()
    trains = [replace(each, split="train") for each in first.folders if each.path != part.path]
    folders = (*trains, *(ClassFolder(child.path, child.name, "val") for child in inner))
    return replace(
        first,
        key="parts",
        folders=folders,
        labels=tuple(sorted({each.label for each in folders})),
        reasons=(f"{part.name}/ has the classes of the folders beside it.",),
        notes=(*first.notes, *said),
        test_as_validation=bool(said),
    )


def _among(classes: list[Folder]) -> Iterator[Doubt]:
    """Doubts about the class folders of one folder."""
    found = [doubt for child in classes if (doubt := _doubt(child, classes))]
    if len(classes) - len(found) >= 2 or all(doubt.sure for doubt in found):
        yield from found


def _doubt(child: Folder, classes: list[Folder]) -> Doubt | None:
    others = [other for other in classes if other.path != child.path]
    words = [word for word in words_of(child.name) if not word.isdecimal() and word not in FILLERS]
    if words and re.fullmatch(_UNLABELLED, "".join(words)):
        return Doubt(child, "its name says that it has no labels", sure=True)
    if _repeats(child, others):
        return Doubt(child, "it contains folders with the names of the classes")
    if _is_other_part(child, others):
        return Doubt(child, "its name is that of a split")
    telling = [word for word in words if word not in _JOINING]
    if telling and all(map(_NO_CLASS.fullmatch, telling)):
        return Doubt(child, "its name is not that of a class")
    if _may_be_masks(child, others):
        return Doubt(child, "its name says masks or labels of the other images")
    return None


def _may_be_masks(child: Folder, others: list[Folder]) -> bool:
    """Whether a folder called masks, and none beside it (`no_mask`), has images of the names of the others.

    `mask` alone may be a thing to be seen: then its files have to be of another kind, too.
    """
    if not is_pure_annotation(child.name) or any(_tells_masks(other.name) for other in others):
        return False
    if is_one_annotation(child.name) and _kinds([child]) & _kinds(others):
        return False
    return agreement(child, others)[0] >= 0.5


def _tells_masks(name: str) -> bool:
    return any(hint in name.lower() for hint in HINTS)


def _kinds(folders: Iterable[Folder]) -> set[str]:
    """Extensions of the images of folders."""
    return {name.rpartition(".")[2].lower() for folder in folders for inner in folder.walk() for name in inner.images}


def _repeats(child: Folder, others: list[Folder]) -> bool:
    """Whether a folder holds at least two folders with the names of those beside it, and few others."""
    inner = {each.name.casefold() for each in single_inside(child).filled}
    same = inner & {other.name.casefold() for other in others}
    return len(same) >= 2 and 2 * len(same) >= len(inner)


def _is_other_part(child: Folder, others: list[Folder]) -> bool:
    """Whether a folder is named as what validates or tests, and none beside it as what trains."""
    if not is_part(child.name) or any(is_part(o.name) and _role(o) == "train" for o in others):
        return False
    return _role(child) in ("val", "test")


def _role(folder: Folder) -> str:
    name = part_name(folder.name)
    return name.role if name else ""
