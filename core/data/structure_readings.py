"""What structure alone says of a folder where no name does: which folders are classes, and what is only around them."""

from dataclasses import replace

from core.data.listing import Folder
from core.data.part_names import is_annotation, is_filler, is_part, shown
from core.data.reading import CERTAIN, OFFERED, POSSIBLE, ClassFolder, Reading

_MAX_WRAPPERS = 8


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


def beside(folder: Folder) -> tuple[str, ...]:
    """Paths of the images that lie directly in a folder."""
    return tuple(f"{folder.path}/{name}".lstrip("/") for name in folder.images)


def _telling(path: str) -> str:
    """The innermost name of a path that says something."""
    names = [name for name in path.split("/") if not is_filler(name)]
    return names[-1] if names else path.rpartition("/")[2]
