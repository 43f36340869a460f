"""Images of reports: those that a finding names, those on which only one model is right, the worst mistakes."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from core.compare.paired import answers
from core.data.images import thumbnail
from core.errors import UnreadableImage
from core.store.predictions import read_predictions
from core.store.runs import Run

MOST, SIDE = 4, 120
"""Images that are shown with a piece of evidence, and their longer side in pixels."""

MISTAKES, MISTAKE_SIDE = 12, 150
"""Mistakes in the report of a run, and their longer side in pixels: together some 100 kB."""


def images_named(evidence: dict[str, Any], root: Path, most: int = MOST) -> list[Path]:
    """The first images that a finding's evidence names and that are still there, as paths relative to `root`."""
    named = (Path(text) for text in texts_in(evidence.get("files") or evidence.get("groups") or []))
    found = (path for path in named if _is_below(root, path))
    return [path for path, _ in zip(found, range(most), strict=False)]


def embedded_images(evidence: dict[str, Any], root: Path | None) -> tuple[list[str], list[str]]:
    """The same as `data:` addresses, and the name of each with the folder it lies in, mostly its class."""
    found = [(path, _embedded(root / path)) for path in images_named(evidence, root)] if root else []
    shown = [(path, address) for path, address in found if address]
    return [address for _, address in shown], ["/".join(path.parts[-2:]) for path, _ in shown]


class OneOnly(NamedTuple):
    """Validation images on which only one of two runs is right.

    Attributes:
        images: list of str. `data:` addresses.
        captions: list of str. The class of each, and what both models say.
    """

    images: list[str]
    captions: list[str]


def right_in_one_only(a: Run, b: Run) -> tuple[OneOnly, OneOnly]:
    """Validation images that only the first run's model calls right, and those that only the second's does.

    Returns:
        Of each at most `MOST`; empty where the runs or the images are not there.
    """
    one, other, manifest = answers(a), answers(b), a.data()
    root, items = Path(manifest.root), {item.get("sha256", ""): item for item in manifest.val}
    said = _predicted(a), _predicted(b)
    names = {run.id: _by_hash(run) for run in (a, b)}
    sides = OneOnly([], []), OneOnly([], [])
    for key in sorted(one.keys() & other.keys()):
        side = sides[0] if one[key] else sides[1]
        item = items.get(key[0])
        if (
            one[key] == other[key]
            or len(side.images) >= MOST
            or item is None
            or not _is_below(root, Path(item["path"]))
        ):
            continue
        if address := _embedded(root / item["path"]):
            told = [found.get(names[run.id].get(key[0], ""), "") for run, found in zip((a, b), said, strict=True)]
            side.images.append(address)
            side.captions.append(f"{key[1]}. A predicts {told[0] or 'nothing'}, B predicts {told[1] or 'nothing'}.")
    return sides


def worst_mistakes(run: Run, worst: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """The images that a model misclassifies, highest confidence first.

    Args:
        run: Run.
        worst: sequence of dict. `file`, `label`, `predicted` and `probability` of each, as evaluation.json has them.

    Returns:
        `data:` addresses and captions, at most `MISTAKES`; images that are gone, or lie outside the dataset, are left
        out.
    """
    root = Path(run.data().root)
    sure = sorted(worst, key=lambda one: -(one.get("probability") or 0.0))
    named = ((one, Path(str(one.get("file") or ""))) for one in sure)
    embedded = ((one, _embedded(root / path, MISTAKE_SIDE)) for one, path in named if _is_below(root, path))
    found = list(islice(((one, address) for one, address in embedded if address), MISTAKES))
    return [address for _, address in found], [_mistake_words(one) for one, _ in found]


def _mistake_words(one: Mapping[str, Any]) -> str:
    sure = one.get("probability")
    return f"{one.get('label')}, predicted as {one.get('predicted')}{'' if sure is None else f' ({100 * sure:.0f} %)'}"


def _by_hash(run: Run) -> dict[str, str]:
    """The validation images' paths by the hash of their files."""
    return {item.get("sha256", ""): item["path"] for item in run.data().val}


def _predicted(run: Run) -> dict[str, str]:
    """The class that a run's model gives to each validation image, by its path."""
    found = read_predictions(run.path)
    return {row.file: row.predicted for row in found.of("val")} if found else {}


def _is_below(root: Path, path: Path) -> bool:
    """A record that came from elsewhere may name any file of this machine."""
    whole = (root / path).resolve()
    return whole.is_relative_to(root.resolve()) and whole.is_file()


def _embedded(path: Path, side: int = SIDE) -> str:
    try:
        return f"data:image/jpeg;base64,{base64.b64encode(thumbnail(path, side)).decode()}"
    except UnreadableImage:
        return ""


def texts_in(value: Any) -> Iterator[str]:
    """Every text in nested lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_in(item)
