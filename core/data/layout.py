"""Detects the layout of a data set folder: split folders and class folders; no file is opened here."""

import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.data import images
from core.errors import DataError

EXPECTED = (
    "Expected is one folder per class (cats/1.jpg, dogs/1.jpg), or the same inside train/ and val/ "
    "(train/cats/1.jpg, val/cats/2.jpg)."
)
_ROLES = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_MAX_WRAPPERS = 8

MOST_CLASSES = 1000
"""ImageNet has as many. A confusion matrix, a CSV or a list grows with their number, or with its square."""


@dataclass(frozen=True)
class ClassFolder:
    """One folder of images: `path` relative to the root, its class, and its split (`""` if not split on disk)."""

    path: str
    label: str
    split: str


@dataclass(frozen=True)
class Layout:
    """What `find_layout` found; see `DatasetIndex` for the fields they share.

    Attributes:
        folders: Every class folder of every split.
        outside: Image files beside the class folders, which belong to no class.
    """

    root: Path
    kind: Literal["splits", "classes"]
    classes: tuple[str, ...]
    folders: tuple[ClassFolder, ...]
    outside: tuple[str, ...]
    notes: tuple[str, ...]
    test_as_validation: bool


@dataclass(frozen=True)
class _Folder:
    """A folder's visible content: names of sub-folders, of linked sub-folders and of image files, each sorted."""

    path: Path
    folders: tuple[str, ...]
    links: tuple[str, ...]
    images: tuple[str, ...]

    @property
    def holds_folders_only(self) -> bool:
        return bool(self.folders) and not self.images


def find_layout(root: Path) -> Layout:
    """Finds splits and classes, passing through wrapper folders (chest_xray/chest_xray/train).

    Args:
        root: The folder a person has chosen.

    Raises:
        DataError: if it is missing or unreadable, or has no two classes with usable, different names.
    """
    folder = _unwrap(_list_folder(root))
    splits, notes = _split_folders(folder)
    if list(splits) == ["train"]:  # nothing to validate on beside it: its classes are split later, as if it were alone
        folder, splits = splits["train"], {}
    test_as_validation = bool(splits) and "val" not in splits
    if test_as_validation:
        splits["val"] = splits.pop("test")
        notes.append("There is no val/ folder, so test/ serves as validation.")
    parts = splits or {"": folder}
    folders = [
        ClassFolder((part.path / name).relative_to(folder.path).as_posix(), name, split)
        for split, part in sorted(parts.items())
        for name in part.folders
    ]
    beside = {folder.path: folder, **{part.path: part for part in parts.values()}}.values()
    outside = [(f.path / name).relative_to(folder.path).as_posix() for f in beside for name in f.images]
    notes += [
        f"{images.display_name(n)} is a link to a folder; links are not followed." for f in beside for n in f.links
    ]
    classes = sorted({f.label for f in folders})
    _check_classes(root, classes, bool(outside))
    return Layout(
        root=folder.path,
        kind="splits" if splits else "classes",
        classes=tuple(classes),
        folders=tuple(folders),
        outside=tuple(images.display_name(path) for path in outside),
        notes=tuple(notes),
        test_as_validation=test_as_validation,
    )


def is_junk(name: str) -> bool:
    """Whether a file or folder was left by a system, not by a person: hidden, `__MACOSX`, `Thumbs.db`, ..."""
    return name.startswith(".") or name.lower() in {"__macosx", "thumbs.db", "desktop.ini"}


def check_class_name(name: str) -> None:
    """Refuses names that cannot be shown or stored.

    Raises:
        DataError: if `name` is blank, longer than 255 characters or has control or undecodable characters.
    """
    if not name.strip():
        raise DataError("A class folder has a blank name; give it one that can be read.")
    shown = images.display_name(name)
    if len(name) > 255:
        raise DataError(f"The class name {shown} has {len(name)} characters; at most 255 are allowed.")
    if any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in name):
        raise DataError(f"The class name {shown} has characters that cannot be shown; rename the folder.")


def check_class_count(count: int, where: str) -> None:
    """Refuses more classes than are worked with.

    Args:
        count: How many there are.
        where: What has them, for the message.

    Raises:
        DataError: there are more than `MOST_CLASSES`.
    """
    if count > MOST_CLASSES:
        raise DataError(
            f"There are {count:,} classes in {images.display_name(where)}; at most {MOST_CLASSES:,} are taken. If its "
            "folders are patients or series, put them into one folder per class."
        )


def count_planned_classes(folders: Iterable[str]) -> int:
    """How many classes an upload will have, by the folders its images go to; 0 where they are in none.

    Args:
        folders: Relative, with `/`; wrapper folders and folders of splits are passed through as `find_layout` does.
    """
    paths = {tuple(folder.split("/")) for folder in folders if folder}
    while len({path[0] for path in paths}) == 1 and all(len(path) > 1 for path in paths):
        paths = {path[1:] for path in paths}
    splits = {path for path in paths if path[0].lower() in _ROLES and len(path) > 1}
    return len({path[1] for path in splits} if splits else {path[0] for path in paths})


def check_distinct(names: Iterable[str]) -> None:
    """Refuses names that differ only in case or in how an accent is stored, as one of two computers mixes them up.

    Raises:
        DataError: naming the first such pair.
    """
    seen: dict[str, str] = {}
    for name in names:
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
        if seen.setdefault(key, name) != name:
            raise DataError(
                f"The classes {seen[key]} and {name} look the same (case, or the way an accent is stored); "
                "rename one or put their images together."
            )


def _list_folder(path: Path) -> _Folder:
    """Lists a folder, junk left out."""
    shown = images.display_name(str(path))
    try:
        if not path.exists():
            raise DataError(f"There is no folder {shown}; check the path.")
        if not path.is_dir():
            raise DataError(f"{shown} is a file, not a folder; give the folder with the images.")
        entries = sorted((e for e in os.scandir(path.resolve()) if not is_junk(e.name)), key=lambda e: e.name)
    except (OSError, RuntimeError, ValueError) as error:  # no permission, a loop of links, a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"The folder {shown} cannot be read: {reason}; check its permissions.") from error
    folders = [e for e in entries if e.is_dir()]
    return _Folder(
        path=path.resolve(),
        folders=tuple(e.name for e in folders if not e.is_symlink()),
        links=tuple(e.name for e in folders if e.is_symlink()),
        images=tuple(e.name for e in entries if Path(e.name).suffix.lower() in images.EXTENSIONS and e.is_file()),
    )


def _unwrap(folder: _Folder) -> _Folder:
    """Goes down while there is nothing but one folder, which itself holds folders and no images."""
    for _ in range(_MAX_WRAPPERS):
        if len(folder.folders) != 1 or folder.images:
            break
        inner = _list_folder(folder.path / folder.folders[0])
        if not inner.holds_folders_only:
            break
        folder = inner
    return folder


def _split_folders(folder: _Folder) -> tuple[dict[str, _Folder], list[str]]:
    """Folders by role: train and val or test, or train alone, or none; and notes on what lies beside them."""
    named = [name for name in folder.folders if name.lower() in _ROLES]
    if not named:
        return {}, []
    others = [name for name in folder.folders if name not in named]
    inner = {name: _list_folder(folder.path / name) for name in folder.folders}
    if others:
        # A vehicle data set has a class "train": as a split it would hold folders, and so would its companion.
        named = [name for name in named if inner[name].holds_folders_only]
        if any(inner[name].images for name in others) and len(named) < 2:
            return {}, []
    splits: dict[str, _Folder] = {}
    for name in named:
        role = _ROLES[name.lower()]
        if role in splits:
            first = splits[role].path.name
            raise DataError(f"{first}/ and {name}/ are both {role} folders; keep one of them.")
        splits[role] = inner[name]
    if "train" not in splits:
        if others:
            return {}, []
        raise DataError(f"There is {named[0]}/ but no train/ in {folder.path.name}. {EXPECTED}")
    notes = [f"{images.display_name(name)}/ beside train/ is ignored." for name in others]
    return splits, notes


def _check_classes(root: Path, classes: list[str], outside: bool) -> None:
    shown = images.display_name(str(root))
    check_class_count(len(classes), str(root))
    for name in classes:
        check_class_name(name)
    check_distinct(classes)
    if not classes and outside:
        raise DataError(f"The images in {shown} are not in class folders. {EXPECTED}")
    if not classes:
        raise DataError(f"There are no images in {shown}. {EXPECTED}")
    if len(classes) == 1:
        raise DataError(f"There is only one class, {classes[0]}, in {shown}; two are needed at least. {EXPECTED}")
