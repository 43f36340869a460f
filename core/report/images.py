"""Evidence images of the diagnosis report: those that a finding names, those on which only one model is right."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.compare.paired import answers
from core.data.images import thumbnail
from core.errors import UnreadableImage
from core.store.runs import Run

MOST, SIDE = 4, 120
"""Images that are shown with a piece of evidence, and their longer side in pixels."""


def images_named(evidence: dict[str, Any], root: Path, most: int = MOST) -> list[Path]:
    """The first images that a finding's evidence names and that are still there, as paths relative to `root`."""
    named = (Path(text) for text in _texts(evidence.get("files") or evidence.get("groups") or []))
    found = (path for path in named if _is_below(root, path))
    return [path for path, _ in zip(found, range(most), strict=False)]


def embedded_images(evidence: dict[str, Any], root: Path | None) -> list[str]:
    """The same as `data:` addresses; empty without a folder."""
    paths = images_named(evidence, root) if root else []
    return [address for path in paths if root and (address := _embedded(root / path))]


def right_in_one_only(a: Run, b: Run) -> tuple[list[str], list[str]]:
    """Validation images that only the first run's model calls right, and those that only the second's does.

    Returns:
        Two lists of at most `MOST` `data:` addresses; empty where the runs or the images are not there.
    """
    one, other, manifest = answers(a), answers(b), a.data()
    root, paths = Path(manifest.root), {item.get("sha256", ""): Path(item["path"]) for item in manifest.val}
    sides: tuple[list[str], list[str]] = ([], [])
    for key in sorted(one.keys() & other.keys()):
        side = sides[0] if one[key] else sides[1]
        path = paths.get(key[0])
        if one[key] == other[key] or len(side) >= MOST or path is None or not _is_below(root, path):
            continue
        if address := _embedded(root / path):
            side.append(address)
    return sides


def _is_below(root: Path, path: Path) -> bool:
    """A record that came from elsewhere may name any file of this machine."""
    whole = (root / path).resolve()
    return whole.is_relative_to(root.resolve()) and whole.is_file()


def _embedded(path: Path) -> str:
    try:
        return f"data:image/jpeg;base64,{base64.b64encode(thumbnail(path, SIDE)).decode()}"
    except UnreadableImage:
        return ""


def _texts(value: Any) -> Iterator[str]:
    """Every text in nested lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
