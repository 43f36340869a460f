"""What structure alone says of a folder where no name does: which folders are classes, and what is only around them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.data.annotation_names import is_pure_annotation
from core.data.listing import Folder
from core.data.part_names import is_filler, is_part, shown, words_of
from core.data.reading import CERTAIN, OFFERED, POSSIBLE, ClassFolder, Reading

_MAX_WRAPPERS = 8
_PERSON = re.compile(r"(person|patient|subject|subj|sub|case|pat|pid)[ _-]?\d+", re.IGNORECASE)


def unwrapped(folder: Folder) -> Folder:
    """Goes down while there is nothing but one folder with images in it, which itself holds folders and no images."""
    for _ in range(_MAX_WRAPPERS):
        if folder.images:
            break
        one = folder.folders[0] if len(folder.folders) == 1 else _only_filled(folder)
        if one is None or not one.holds_folders_only:
            break
        folder = one
    return folder


def _only_filled(folder: Folder) -> Folder | None:
    """The only sub-folder with images, beside others that hold none and are no parts: `images` beside `annotations`."""
    if len(folder.filled) != 1 or any(is_part(child.name) for child in folder.folders):
        return None
    return folder.filled[0] if len(single_inside(folder.filled[0]).filled) > 1 else None


def class_folders(folder: Folder) -> Reading:
    """Every sub-folder of a folder as a class, whatever lies below it."""
    return Reading(
        "classes",
        CERTAIN,
        folder.path,
        tuple(ClassFolder(child.path, child.name, "") for child in folder.folders),
        tuple(child.name for child in folder.folders),
        ("Every folder is a class.",),
        outside=beside(folder),
    )


def inner_classes(folder: Folder, rank: int) -> Reading | None:
    """The innermost folders as classes, those above them joined; None where there are no two such classes."""
    leaves = [leaf for leaf in folder.walk() if leaf.images and leaf is not folder]
    if all(leaf.path.count("/") == folder.path.count("/") + bool(folder.path) for leaf in leaves):
        return None
    # An `images` folder in each class says nothing: the name above it does.
    named = [(leaf, _telling(leaf.path)) for leaf in leaves]
    labels = tuple(sorted({label for _, label in named}))
    if len(labels) < 2:
        return None
    return Reading(
        "inner",
        rank,
        folder.path,
        tuple(ClassFolder(leaf.path, label, "", deep=False) for leaf, label in named),
        labels,
        ("The innermost folders are the classes; the folders above them are merged.",),
        outside=beside(folder),
    )


def structure_readings(folder: Folder) -> list[Reading]:
    """What structure alone says where no name does: classes, or the same folders below others."""
    unnamed = bool(folder.filled) and all(
        is_filler(child.name) or _is_plain_mask(child.name) for child in folder.filled
    )
    if unnamed and not _same_below(folder.filled):
        return []  # images/ and masks/ are no classes
    if not folder.filled and all(is_part(child.name) for child in folder.folders):
        return []  # train/ and val/, and nothing in them
    return with_inner(class_folders(folder), inner_classes(folder, OFFERED), [folder.filled])


def with_inner(plain: Reading, inner: Reading | None, groups: Iterable[Sequence[Folder]]) -> list[Reading]:
    """A reading and the one by the innermost folders: both possible where all class folders hold the same folders.

    Args:
        plain: Takes the outer folders for the classes.
        inner: Takes the innermost ones; None where there are none.
        groups: The class folders with images, those of each part for themselves.
    """
    listed = list(groups)
    inside = [child for group in listed for child in map(single_inside, group)]
    nested = [child for child in inside if len(child.filled) > 1]
    if not nested or inner is None:
        mixed = [grand.name for child in inside for deep in child.walk() if deep.images for grand in deep.filled]
        return (
            [replace(plain, notes=(*plain.notes, _MIXED.format(names=shown(dict.fromkeys(mixed)))))]
            if mixed
            else [plain]
        )
    if _same_below([child for group in listed for child in group]) and not (
        plain.kind == "splits" and _are_people(nested)
    ):
        alone = len(plain.labels) == 1  # train/photos/cat: what is no two classes is no other way to read it
        ranks = (plain.rank, OFFERED) if alone else (POSSIBLE, POSSIBLE)
        return [replace(inner, rank=ranks[0], reasons=(*inner.reasons, _SAME)), replace(plain, rank=ranks[1])]
    names = shown(dict.fromkeys(grand.name for child in nested for grand in child.filled))
    note = (
        f"Images in sub-folders ({names}) belong to the class above them; --layout {inner.key} uses the sub-folders "
        "as classes."
    )
    more = (_PATIENTS,) if _are_numbered(nested) else ()
    return [replace(plain, notes=(*plain.notes, note, *more)), inner]


def inner_of_parts(reading: Reading, folders: Mapping[str, Folder]) -> Reading | None:
    """The innermost folders of each part as classes; None where they are the class folders, or no two classes.

    Args:
        reading: Takes the outer folders of each part for the classes.
        folders: By path.
    """
    found = [
        ClassFolder(leaf.path, _telling(leaf.path), each.split, deep=False)
        for each in reading.folders
        for leaf in folders[each.path].walk()
        if leaf.images
    ]
    labels = tuple(sorted({each.label for each in found}))
    if len(labels) < 2 or {each.path for each in found} <= {each.path for each in reading.folders}:
        return None
    reasons = (*reading.reasons, "The innermost folders are the classes; the folders above them are merged.")
    return replace(reading, key="parts-inner", rank=OFFERED, folders=tuple(found), labels=labels, reasons=reasons)


def _are_people(folders: Iterable[Folder]) -> bool:
    """Whether all that folders hold are folders of images, named as patients: they are no classes."""
    return all(inner.images and _PERSON.fullmatch(inner.name) for folder in folders for inner in folder.filled)


def _are_numbered(folders: Iterable[Folder]) -> bool:
    """Whether all that folders hold are folders of images with a number in their name that `auto` does not know."""
    inner = [each for folder in folders for each in folder.filled]
    return all(each.images and any(map(str.isdigit, each.name)) and not _PERSON.fullmatch(each.name) for each in inner)


def _is_plain_mask(name: str) -> bool:
    """`masks`, not `label_1`, which has a number that tells it from others."""
    return is_pure_annotation(name) and not any(word.isdecimal() for word in words_of(name))


_PATIENTS = "If each sub-folder is one patient, data.group_pattern=^([^/]+)/ keeps it in one split."
_MIXED = "Images in sub-folders ({names}) belong to the class above them, as do the images next to the sub-folders."
_SAME = "All of these folders contain only folders with the same names."


def _same_below(filled: Sequence[Folder]) -> bool:
    """Whether all folders hold folders only, two at least, and mostly of the same names."""
    inside = [single_inside(child) for child in filled]
    if len(filled) < 2 or any(child.images or len(child.filled) < 2 for child in inside):
        return False
    names = [{inner.name for inner in child.filled} for child in inside]
    common, every = set.intersection(*names), set.union(*names)
    return 2 * len(common) >= len(every)


def single_inside(folder: Folder) -> Folder:
    """The folder itself, or what it wraps: a single folder that holds folders only."""
    while not folder.images and len(folder.filled) == 1 and folder.filled[0].holds_folders_only:
        folder = folder.filled[0]
    return folder


def beside(folder: Folder) -> tuple[str, ...]:
    """Paths of the images that lie directly in a folder."""
    return tuple(f"{folder.path}/{name}".lstrip("/") for name in folder.images)


def _telling(path: str) -> str:
    """The innermost name of a path that says something."""
    names = [name for name in path.split("/") if not is_filler(name)]
    return names[-1] if names else path.rpartition("/")[2]
