"""Folders named as parts of a dataset: what trains, validates and tests, and what of it has no labels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.data.file_names import display_name, natural
from core.data.listing import Folder
from core.data.part_names import PartName, is_filler, is_part, is_unlabelled, part_name, shown
from core.data.reading import CERTAIN, POSSIBLE, TEST_SERVES, ClassFolder, Reading
from core.data.structure_readings import beside, class_folders, inner_of_parts, with_inner
from core.errors import DataError

EXPECTED = (
    "Expected: one folder per class (cats/1.jpg, dogs/1.jpg), or the same inside train/ and val/ "
    "(train/cats/1.jpg, val/cats/2.jpg)."
)
_MAX_WRAPPERS = 8
_DEEPEST = 3  # folders below the first in which parts are looked for


@dataclass(frozen=True)
class Part:
    """A folder that is read as a part.

    Attributes:
        folder: As it is named.
        inner: The folder inside it that holds the classes; the same where there is no wrapper.
        role: `train`, `val` or `test`.
        name: What the name says.
    """

    folder: Folder
    inner: Folder
    role: str
    name: PartName


def inside_part(folder: Folder) -> Folder:
    """Where the classes of a part are: below wrappers such as `train/train` and `train/images`."""
    for _ in range(_MAX_WRAPPERS):
        filled = folder.filled
        if folder.images or len(filled) != 1 or not filled[0].holds_folders_only:
            break
        if not (filled[0].name == folder.name or is_part(filled[0].name) or is_filler(filled[0].name)):
            break
        folder = filled[0]
    return folder


def part_readings(folder: Folder) -> list[Reading]:
    """The readings in which sub-folders are parts; empty where they are not, or are classes of such a name.

    Args:
        folder: Below all wrapper folders.

    Raises:
        DataError: two folders are the same part, there is none to train on, or folds have parts of their own.
    """
    parts = find_parts(folder)
    if not parts:
        return []
    named = {part.folder.path for part in parts}
    others = [child for child in folder.folders if child.path not in named]
    labelled = [part for part in parts if _is_labelled(part) or not part.folder.total]
    if not any(part.folder.total for part in labelled):
        return []
    folds = [part for part in labelled if part.role == "fold"]
    chosen, notes = _roles(folder, [part for part in labelled if part.role != "fold"], folds)
    if "train" not in chosen:
        if any(child.total for child in others):
            return []
        raise DataError(
            f"There is {display_name(labelled[0].folder.name)}/ but no train/ in {_shown(folder)}. {EXPECTED}"
        )
    used = {part.folder.path for group in chosen.values() for part in group}
    unused = [part.folder for part in parts if part.folder.path not in used]
    reading = parts_reading(folder, chosen, unused, others, notes)
    doubt = len(labelled) == 1 and not unused and any(c.images and not is_unlabelled(c.name) for c in others)
    if not doubt:
        return _with_inner(folder, reading)
    return [replace(reading, rank=POSSIBLE), replace(class_folders(folder), rank=POSSIBLE)]


def _with_inner(folder: Folder, reading: Reading) -> list[Reading]:
    """The reading of parts, and that by the innermost folders of each part."""
    folders = {each.path: each for each in folder.walk()}
    groups: dict[str, list[Folder]] = {}
    for each in reading.folders:
        if folders[each.path].total:
            groups.setdefault(each.split, []).append(folders[each.path])
    return with_inner(reading, inner_of_parts(reading, folders), groups.values())


def deeper_parts(folder: Folder) -> list[Folder]:
    """Folders further down that hold parts with classes: the rest of an upload is then something else.

    Args:
        folder: Below all wrapper folders; its own sub-folders are no parts.
    """
    found = [deep for child in folder.filled for deep in _with_parts(child, _DEEPEST)]
    return found if len({deep.path for deep in found}) == len(found) else []


def _with_parts(folder: Folder, depth: int) -> list[Folder]:
    """The outermost folders in which a part trains and another does not."""
    roles = {part.role for part in find_parts(folder) if part.folder.total and _is_labelled(part)}
    if "train" in roles and len(roles) > 1:
        return [folder]
    return [deep for child in folder.filled for deep in _with_parts(child, depth - 1)] if depth else []


def flat_parts(folder: Folder) -> list[tuple[Folder, str]]:
    """`(folder, role)` of parts that hold images in no class folders, where all images lie so; else empty.

    Args:
        folder: Below all wrapper folders.
    """
    parts = [part for part in find_parts(folder) if part.folder.total]
    if any(_is_labelled(part) for part in parts) or len(parts) < len(folder.filled):
        return []
    return [(part.inner if part.inner.images else part.inner.filled[0], part.role) for part in parts]


def find_parts(folder: Folder) -> list[Part]:
    """Sub-folders that are named as parts; `seg_train` only beside another part of the same word in front.

    Args:
        folder: Below all wrapper folders.
    """
    named = [(child, name) for child in folder.folders if (name := part_name(child.name))]
    roles_of: dict[str, set[str]] = {}
    for _, name in named:
        roles_of.setdefault(name.rest, set()).add(name.role)
    plain = roles_of.get("", set())
    best = {rest for rest, roles in roles_of.items() if len(roles) > 1}
    found = []
    for child, name in named:
        completes = bool(plain) and name.role not in plain and child.holds_folders_only
        if not name.rest or (not plain and best == {name.rest}) or completes:
            found.append(Part(child, inside_part(child), name.role, name))
    return found


def parts_reading(
    folder: Folder,
    chosen: dict[str, list[Part]],
    unused: Sequence[Folder] = (),
    others: Sequence[Folder] = (),
    notes: Sequence[str] = (),
) -> Reading:
    """The reading of parts whose roles are known.

    Args:
        folder: The folder that holds the parts.
        chosen: Parts by role.
        unused: Folders that are named as parts but have no labels.
        others: Folders beside the parts.
        notes: Sentences to begin with.
    """
    first = chosen["train"][0]
    said = list(notes)
    serves = "val" not in chosen and "test" in chosen
    if serves:
        chosen = {"train": chosen["train"], "val": chosen["test"]}
        said.append(TEST_SERVES.format(test=display_name(chosen["val"][0].folder.name)))
    said += [_no_labels(part) for part in unused]
    alone = set(chosen) == {"train"}
    said += [_ignored(child, first, alone=alone) for child in others]
    folders = tuple(
        ClassFolder(child.path, child.name, "" if alone else role)
        for role, parts in sorted(chosen.items())
        for part in parts
        for child in part.inner.folders
    )
    every = [part for parts in chosen.values() for part in parts]
    out = [(c.path, "it is next to the splits") for c in others if c.total] + [
        (part.path, "it has no class folders") for part in unused
    ]
    return Reading(
        "parts",
        CERTAIN,
        first.inner.path if alone and len(every) == 1 else folder.path,
        folders,
        tuple(sorted({item.label for item in folders})),
        (f"Splits by folder name: {_said(chosen)}.",),
        tuple(said),
        tuple(out),
        outside=() if alone and len(every) > 1 else _outside(folder, every, alone=alone),
        test_as_validation=serves,
    )


def _is_labelled(part: Part) -> bool:
    """Whether a part has class folders: not images alone, nor all of them in one folder that says nothing."""
    filled = part.inner.filled
    if len(filled) == 1 and not part.inner.images:
        name = filled[0].name
        tells_nothing = name == part.folder.name or is_filler(name) or is_part(name) or is_unlabelled(name)
        return not (filled[0].images and tells_nothing)
    return bool(filled)


def _roles(folder: Folder, parts: list[Part], folds: list[Part]) -> tuple[dict[str, list[Part]], list[str]]:
    """Parts by role, folds divided among them; and what is to be said of the folds."""
    chosen: dict[str, list[Part]] = {}
    for part in parts:
        if part.role in chosen:
            first, second = chosen[part.role][0].folder.name, part.folder.name
            raise DataError(
                f"{first}/ and {second}/ are both {part.role} folders; keep one of them. To assign them: --layout "
                "train=FOLDER,val=FOLDER,test=FOLDER."
            )
        chosen[part.role] = [part]
    if "train" in chosen or len(folds) < 2:
        return chosen, []
    for fold in folds:
        if sum(is_part(child.name) for child in fold.inner.filled) > 1:
            raise DataError(
                f"{display_name(fold.folder.name)}/ has its own splits, as do the other folds in "
                f"{_shown(folder)}; give one of them as the dataset."
            )
    folds = sorted(folds, key=lambda fold: natural(fold.folder.name))
    if "val" in chosen:
        return {**chosen, "train": folds}, []
    last, rest = folds[-1].folder.name, [fold.folder.name for fold in folds[:-1]]
    note = (
        f"{display_name(last)}/ validates and {', '.join(f'{display_name(name)}/' for name in rest)} "
        f"{'trains' if len(rest) == 1 else 'train'}; choose another fold with --layout "
        f"train={'+'.join([*rest[1:], last])},val={rest[0]}."
    )
    return {**chosen, "train": folds[:-1], "val": folds[-1:]}, [note]


def _outside(folder: Folder, parts: list[Part], *, alone: bool) -> tuple[str, ...]:
    holders = [] if alone else [folder]
    holders += [part.folder for part in parts] + [part.inner for part in parts if part.inner is not part.folder]
    if alone:
        holders = [part.inner for part in parts]
    return tuple(path for holder in holders for path in beside(holder))


_SAME_CLASSES = " It has the same classes; --layout train={train},val={other} validates on it."


def _ignored(child: Folder, first: Part, *, alone: bool) -> str:
    """What is said of a folder beside the parts; `alone` where there is no other part than the first."""
    said = f"{display_name(child.name)}/ beside {display_name(first.folder.name)}/ is ignored."
    alike = alone and _is_alike(child, first)
    return f"{said}{_SAME_CLASSES.format(train=first.folder.name, other=child.name)}" if alike else said


def _is_alike(child: Folder, first: Part) -> bool:
    """Whether a folder of another name has the class folders of the training part, two of them at least."""
    inner = {each.name for each in inside_part(child).filled} & {each.name for each in first.inner.filled}
    return len(inner) >= 2 and all(c not in child.name + first.folder.name for c in "=,+")


def _no_labels(part: Folder) -> str:
    number = f"{part.total:,} {'image is' if part.total == 1 else 'images are'}"
    return f"{display_name(part.name)}/ has no class folders of the training split; its {number} left out."


def _said(chosen: dict[str, list[Part]]) -> str:
    words = {"train": "trains", "val": "validates", "test": "tests"}
    return ", ".join(
        f"{shown(f'{part.folder.name}/' for part in parts)} {words[role]}" for role, parts in chosen.items()
    )


def _shown(folder: Folder) -> str:
    return display_name(folder.name)
