"""Layouts that a folder can have as a dataset (readings), ranked: a pure function from a listing to a list of them.

How it decides. Names alone are not enough (`Testing` may be a class, `siteA` may be a part), so each reading needs the
names *and* the structure that goes with it:

* `parts`: folders named as parts (`train`, `Training`, `seg_train`, `fold_2`, in several languages), class folders
  below. A word in front must be the same for all (`seg_train`, `seg_test`), so that `freight_train` stays a class.
* `parts-below`: the other way round, `cats/train` or `cats_train`.
* `classes`: every folder is a class, whatever lies below it.
* `inner`: the innermost folders are the classes, those above them are joined.
* `names`: images in one folder (or in parts), the class in the file's name.

Each reading that is possible has a rank: `CERTAIN`, `POSSIBLE` (names or structure speak for another one too) or
`OFFERED` (never taken unless it is chosen). One reading at the highest rank is taken if it is more than `OFFERED`; two
are asked about. The same function serves a folder, an unpacked zip and an upload.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from core.data.listing import Folder
from core.data.part_names import (
    class_in_name,
    classes_in_names,
    is_annotation,
    is_filler,
    is_part,
    part_name,
    shown,
)

CERTAIN, POSSIBLE, OFFERED = 3, 2, 1
_MAX_WRAPPERS = 8


@dataclass(frozen=True)
class ClassFolder:
    """One folder of images: its path, its class, and its split (`""` if not split on disk).

    Attributes:
        path: Relative to the root.
        label: The class; `""` where each file's name tells it.
        split: `train`, `val`, `test` or `""`.
        names: Where in a file's name the class stands, `before` or `behind` the number; `""` if the folder tells it.
        deep: Whether images in its sub-folders belong to it.
    """

    path: str
    label: str
    split: str
    names: str = ""
    deep: bool = True

    def label_of(self, file: str) -> str:
        """The class of a file in this folder, by the file's name; `""` if it has none."""
        return self.label or class_in_name(file, self.names)


@dataclass(frozen=True)
class Reading:
    """One way to read a folder; all paths are relative to the top of the listing.

    Attributes:
        key: The word for `--layout`.
        rank: `CERTAIN`, `POSSIBLE` or `OFFERED`.
        root: The folder that holds the parts or the classes.
        folders: Every class folder of every part.
        labels: The classes.
        reasons: Why it can be read so, as sentences.
        notes: What is decided by it and worth saying, as sentences.
        left_out: `(folder, why)` of folders that hold images and are not used.
        outside: Image files beside the class folders.
        test_as_validation: Whether a test part is used for validation.
    """

    key: str
    rank: int
    root: str
    folders: tuple[ClassFolder, ...]
    labels: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    outside: tuple[str, ...] = ()
    test_as_validation: bool = False

    @property
    def kind(self) -> Literal["splits", "classes"]:
        """Whether it is split on disk."""
        return "splits" if any(folder.split for folder in self.folders) else "classes"

    def sentence(self) -> str:
        """The reading in words: `parts train, val with the classes cats, dogs`."""
        parts = list(dict.fromkeys(folder.split for folder in self.folders if folder.split))
        first = f"parts {', '.join(parts)} with " if parts else ""
        return f"{first}the classes {shown(self.labels)}"


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
    return folder.filled[0] if len(folder.filled[0].filled) > 1 else None


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


TEST_SERVES = "There is no val/ folder, so {test}/ is used for validation."


def structure_readings(folder: Folder) -> list[Reading]:
    """What structure alone says where no name does: classes, or the same folders below others."""
    if folder.filled and all(is_filler(child.name) or is_annotation(child.name) for child in folder.filled):
        return []  # images/ and masks/ are no classes
    if not folder.filled and all(is_part(child.name) for child in folder.folders):
        return []  # train/ and val/, and nothing in them
    plain = class_folders(folder)
    if beside_masks := _without_annotations(folder):
        return [beside_masks]
    inner = inner_classes(folder, OFFERED)
    nested = [child for child in map(_inside, folder.filled) if len(child.filled) > 1]
    if not nested or inner is None:
        return [plain]
    if _same_below(folder):
        return [replace(inner, rank=POSSIBLE, reasons=(*inner.reasons, _SAME)), replace(plain, rank=POSSIBLE)]
    note = (
        f"Images in sub-folders ({shown(grand.name for child in nested for grand in child.filled)}) belong to the "
        "class above them; --layout inner uses the sub-folders as classes."
    )
    return [replace(plain, notes=(note,)), inner]


def _without_annotations(folder: Folder) -> Reading | None:
    """Classes that hold their images in `images` beside `masks` or the like; None where they do not."""
    found, out = [], []
    for child in folder.folders:
        images = [inner for inner in child.filled if not is_annotation(inner.name)]
        masks = [inner for inner in child.filled if is_annotation(inner.name)]
        if child.images or (child.total and (len(images) != 1 or not is_filler(images[0].name))):
            return None
        found.append(ClassFolder((images[0] if images else child).path, child.name, ""))
        out += [(inner.path, "it contains masks or labels of the other images") for inner in masks]
    if not out:
        return None
    note = f"{shown(dict.fromkeys(path.rpartition('/')[2] for path, _ in out))} below the classes are skipped."
    plain = class_folders(folder)
    return replace(plain, folders=tuple(found), notes=(note,), left_out=tuple(out))


_SAME = "All of these folders contain only folders with the same names."


def _same_below(folder: Folder) -> bool:
    """Whether all folders hold folders only, two at least, and mostly of the same names."""
    filled = folder.filled
    inside = [_inside(child) for child in filled]
    if len(filled) < 2 or any(child.images or len(child.filled) < 2 for child in inside):
        return False
    names = [{inner.name for inner in child.filled} for child in inside]
    common, every = set.intersection(*names), set.union(*names)
    return 2 * len(common) >= len(every)


def _inside(folder: Folder) -> Folder:
    """The folder itself, or what it wraps: a single folder that holds folders only."""
    while not folder.images and len(folder.filled) == 1 and folder.filled[0].holds_folders_only:
        folder = folder.filled[0]
    return folder


def _flat(folder: Folder) -> Folder:
    """The folder itself, or the only one below it, where all images lie."""
    while not folder.images and len(folder.filled) == 1:
        folder = folder.filled[0]
    return folder


def beside(folder: Folder) -> tuple[str, ...]:
    """Paths of the images that lie directly in a folder."""
    return tuple(f"{folder.path}/{name}".lstrip("/") for name in folder.images)


def _telling(path: str) -> str:
    """The innermost name of a path that says something."""
    names = [name for name in path.split("/") if not is_filler(name)]
    return names[-1] if names else path.rpartition("/")[2]
