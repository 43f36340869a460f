"""Text files that list the images of each split (`train.txt`, `test_list.txt`), as published datasets bring them.

Also JSON files of names (`train.json`, or `split.json` with a list for each split), and a list of numbered images
beside one that says of each number whether it trains (`images.txt` and `train_test_split.txt`).
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.data.file_names import display_name
from core.data.listing import Folder
from core.data.part_names import part_name, shown
from core.data.table_finder import Finder
from core.files import json_values, open_regular

_MAX_BYTES = 20_000_000
_MAX_VALUES = 3_000_000
_LONGEST_LINE = 10_000  # characters; a path has 4,096 at most
_DEEPEST = 4
_FIRST = re.compile(r"[^\t,;]+")  # a list may name the class behind the image
_NUMBERED = re.compile(r"(\d+)[\s,]+(\S.*)")  # a line such as `12 001.Albatross/a.jpg` or `12 1`
_LISTS = (".txt", ".lst", ".json")
_DEEP = 4  # lists and objects in one another in which names are looked for
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
        if name.lower().endswith(_LISTS)
    ]
    named = {file: role for file in files if (role := _role(file))}
    finder = Finder(images)
    both = [file for file in files if _BOTH.search(file.rpartition("/")[2]) or _is_split(file)]
    for file in both:
        if divided := _divided(root / file, finder, set(images)):
            return divided, (f"{display_name(file)} divides the images.",)
    notes = tuple(
        f"{display_name(file)} may divide the images and is not used." for file in both if not _is_split(file)
    )
    if len(set(named.values())) < 2 or "train" not in named.values():
        return {}, notes
    found: dict[str, list[str]] = {}
    parts: dict[str, set[str]] = {}
    for role in dict.fromkeys(named.values()):
        files_of_role = [file for file in named if named[file] == role]
        texts = [file for file in files_of_role if not file.lower().endswith(".json")]
        for file in texts if any(_images_of(root / each, finder) for each in texts) else files_of_role:
            if listed := _images_of(root / file, finder):
                found[file] = listed
                for path in listed:
                    parts.setdefault(path, set()).add(role)
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


def _is_split(file: str) -> bool:
    """Whether a name says a list of all splits: `split.json`, `splits_final.json`."""
    name = file.rpartition("/")[2].lower()
    return name.endswith(".json") and "split" in name and not _role(file)


def _divided(path: Path, finder: Finder, images: set[str]) -> dict[str, str]:
    """The part of each image by one file about all of them; empty where it does not name each of them, once."""
    if path.suffix.lower() == ".json":
        record = _json(path)
        named = record.items() if isinstance(record, dict) else ()
        found = [(found.role, name) for key, value in named if (found := part_name(key)) for name in _texts(value)]
        pairs = [(role, finder.find(name)) for role, name in found]
    else:
        listed, flags = _numbered(path.with_name("images.txt")), _numbered(path)
        if not flags or not set(flags.values()) <= {"0", "1"}:
            return {}
        paths = dict(zip(listed, finder.find_all(listed.values()), strict=True))
        pairs = [("train" if flag == "1" else "test", paths.get(number, "")) for number, flag in flags.items()]
    parts = {image: role for role, image in pairs if image}
    once, roles = len(parts) == len({pair for pair in pairs if pair[1]}), set(parts.values())
    return parts if once and set(parts) == images and {"train"} < roles <= {"train", "val", "test"} else {}


def _numbered(path: Path) -> dict[str, str]:
    """What stands behind the number of each line; empty where a line is something else."""
    lines = _lines(path)
    found = {match[1]: match[2] for line in lines if (match := _NUMBERED.fullmatch(line))}
    return found if len(found) == len(lines) else {}


def _json(path: Path) -> Any:
    """What a JSON file holds; None where it is none."""
    content = _content(path)
    try:
        return json.loads(content.decode("utf-8", "replace")) if json_values(content) <= _MAX_VALUES else None
    except (ValueError, RecursionError):
        return None


def _texts(value: Any, depth: int = _DEEP) -> list[str]:
    """The names in lists and objects of lists; of a list that begins with a name and goes on with no name, that one."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list) or not depth:
        return []
    if value and isinstance(value[0], str) and not all(isinstance(each, str) for each in value):
        return value[:1]  # an image, its class as a number, and its class
    return [text for each in value for text in _texts(each, depth - 1)]


def _lines(path: Path) -> list[str]:
    lines = [line.strip() for line in _content(path).decode("utf-8", "replace").splitlines() if line.strip()]
    return lines if max(map(len, lines), default=0) <= _LONGEST_LINE else []


def _content(path: Path) -> bytes:
    """What is in a file; nothing where it is too large, or a pipe, which would be waited for without end."""
    try:
        with open_regular(path) as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError:
        return b""
    return content if len(content) <= _MAX_BYTES else b""


def _images_of(path: Path, finder: Finder) -> list[str]:
    """The images that a file names; empty if half of its lines or more name none."""
    lines = _texts(_json(path)) if path.suffix.lower() == ".json" else _lines(path)
    cells = [match[0].strip() for line in lines if (match := _FIRST.match(line))]
    found = finder.find_all(cells)
    if 2 * sum(map(bool, found)) <= len(cells):
        found = finder.find_all(_NUMBER.sub("", cell) for cell in cells)
    return [each for each in found if each] if 2 * sum(map(bool, found)) > len(cells) else []
