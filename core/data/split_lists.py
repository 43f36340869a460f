"""Text files that list the images of each split (`train.txt`, `test_list.txt`), as published datasets bring them."""

import re
from collections.abc import Sequence
from pathlib import Path

from core.data.file_names import display_name
from core.data.listing import Folder
from core.data.part_names import part_name, shown
from core.data.table_finder import Finder

_MAX_BYTES = 20_000_000
_DEEPEST = 4
_FIRST = re.compile(r"[^\t,;]+")  # a list may name the class behind the image
_NUMBER = re.compile(r"\s+-?\d+$")
_BOTH = re.compile(r"train.*(test|val).*split|split.*train.*(test|val)", re.IGNORECASE)


def listed_splits(top: Folder, root: Path, images: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The part of each image by such lists, and sentences; no parts where they do not divide all of the images.

    Args:
        top: From `list_folder`.
        root: Where it lies.
        images: Paths of the images that are used, relative to it.
    """
    files = [
        f"{folder.path}/{name}".lstrip("/")
        for folder in top.walk()
        if folder.path.count("/") < _DEEPEST
        for name in folder.others
        if name.lower().endswith((".txt", ".lst"))
    ]
    named = {file: role for file in files if (role := _role(file))}
    both = [file for file in files if _BOTH.search(file.rpartition("/")[2])]
    notes = tuple(f"{display_name(file)} may divide the images and is not used." for file in both)
    if len(set(named.values())) < 2 or "train" not in named.values():
        return {}, notes
    finder = Finder(images)
    found = {file: listed for file in named if (listed := _images_of(root / file, finder))}
    parts: dict[str, set[str]] = {}
    for file, listed in found.items():
        for path in listed:
            parts.setdefault(path, set()).add(named[file])
    roles = {role for each in parts.values() for role in each}
    if len(roles) < 2 or "train" not in roles:
        return {}, notes
    told = shown(found, 4)
    if len(parts) < len(images) or any(len(each) > 1 for each in parts.values()):
        return {}, (*notes, f"{told} list images of splits, but not each image once; they are not used.")
    return {path: next(iter(each)) for path, each in parts.items()}, (*notes, f"{told} divide the images.")


def _role(file: str) -> str:
    """The part that a list is for, by its name; `""` if it is none, or one of several parts."""
    stem = file.rpartition("/")[2].rpartition(".")[0]
    found = part_name(stem)
    return "" if found is None or found.role == "fold" or _BOTH.search(stem) else found.role


def _images_of(path: Path, finder: Finder) -> list[str]:
    """The images that the lines of a file name; empty if half of them or more name none."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return []
        lines = [line.strip() for line in path.read_text("utf-8", "replace").splitlines() if line.strip()]
    except OSError:
        return []
    cells = [match[0].strip() for line in lines if (match := _FIRST.match(line))]
    found = finder.find_all(cells)
    if 2 * sum(map(bool, found)) <= len(cells):
        found = finder.find_all(_NUMBER.sub("", cell) for cell in cells)
    return [each for each in found if each] if 2 * sum(map(bool, found)) > len(cells) else []
