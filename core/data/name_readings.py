"""What names say where folders of parts do not: parts of each class (`cats/train`), classes in the names of files."""

from collections.abc import Iterable
from dataclasses import replace

from core.data.listing import Folder
from core.data.part_names import classes_in_names, is_filler, is_part, part_name
from core.data.reading import CERTAIN, OFFERED, TEST_SERVES, ClassFolder, Reading


def named_files(folder: Folder, parts: Iterable[tuple[Folder, str]] = ()) -> Reading | None:
    """Images in one folder, or in parts, whose file names tell their class; None if they tell nothing.

    Args:
        folder: The folder that holds the images or the parts.
        parts: `(folder, role)` of the parts. Defaults to none.
    """
    holders = [(part, role) for part, role in parts if part.images] or [(_flat(folder), "")]
    found, labels, left_out = [], set(), []
    for holder, role in holders:
        told = classes_in_names(holder.images)
        if told is None:
            left_out.append((holder.path, f"its {len(holder.images):,} images have no class in their names"))
        else:
            found.append(ClassFolder(holder.path, "", role, told[0], deep=False))
            labels |= set(told[1])
    if not found or ("train" not in {f.split for f in found} and any(f.split for f in found)):
        return None
    folders, notes, serves = _settled(found)
    return Reading(
        "names",
        OFFERED,
        folder.path,
        folders,
        tuple(sorted(labels)),
        ("The class is the words next to the number in the file name.",),
        tuple(f"{path.rpartition('/')[2]}/ is left out: {why}." for path, why in left_out) + notes,
        tuple((path, why) for path, why in left_out),
        test_as_validation=serves,
    )


def class_then_part(folder: Folder) -> Reading | None:
    """Classes above the parts: `cats/train`, or `cats_train` in one name; None where it is not so everywhere."""
    found = _parts_in_classes(folder) or _parts_in_names(folder)
    if not found or "train" not in {item.split for item in found} or len({item.label for item in found}) < 2:
        return None
    folders, notes, serves = _settled(found)
    return Reading(
        "parts-below",
        CERTAIN,
        folder.path,
        folders,
        tuple(sorted({item.label for item in found})),
        ("Each class has the same splits.",),
        notes,
        test_as_validation=serves,
    )


def _parts_in_classes(folder: Folder) -> list[ClassFolder]:
    found = []
    for child in folder.filled:
        roles = {inner.path: name.role for inner in child.filled if (name := part_name(inner.name)) and not name.rest}
        plain = all(_is_plain(inner) for inner in child.filled) and not child.images
        if not plain or len(roles) != len(child.filled) or is_part(child.name) or "fold" in roles.values():
            return []
        found += [ClassFolder(path, child.name, role) for path, role in roles.items()]
    return found if len({item.split for item in found}) > 1 else []


def _is_plain(folder: Folder) -> bool:
    """Whether a folder holds images, be it in an `images` folder of its own."""
    return bool(folder.images) or (is_filler(_flat(folder).name) and bool(_flat(folder).images))


def _parts_in_names(folder: Folder) -> list[ClassFolder]:
    found = []
    for child in folder.filled:
        name = part_name(child.name)
        if name is None or not name.rest or name.role == "fold" or not child.images:
            return []
        found.append(ClassFolder(child.path, name.spelt, name.role))
    pairs = {(item.label, item.split) for item in found}
    return found if len({item.split for item in found}) > 1 and len(pairs) == len(found) else []


def _settled(found: Iterable[ClassFolder]) -> tuple[tuple[ClassFolder, ...], tuple[str, ...], bool]:
    """Class folders with test as validation where there is none, and without parts where there is training alone."""
    folders = sorted(found, key=lambda item: (item.split, item.path))
    roles = {item.split for item in folders}
    if roles == {"train"}:
        return tuple(replace(item, split="") for item in folders), (), False
    if "train" in roles and "val" not in roles:
        changed = [replace(item, split="val") if item.split == "test" else item for item in folders]
        return tuple(changed), (TEST_SERVES.format(test="test"),), True
    return tuple(folders), (), False


def _flat(folder: Folder) -> Folder:
    """The folder itself, or the only one below it, where all images lie."""
    while not folder.images and len(folder.filled) == 1:
        folder = folder.filled[0]
    return folder
