"""Which of the images that two runs were judged by belong together: those of one patient, and exact copies."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from core.data.dataset_index import ImageFile
from core.data.split import group_names
from core.stats.components import components
from core.store.predictions import read_predictions
from core.store.runs import Run

if TYPE_CHECKING:
    from core.store.predictions import PredictionRow
    from core.store.run_records import ImageRecord

Key = tuple[str, str, int]
"""An image by the hash of its file or of its pixels, its label, and its number among those of both."""

Mark = tuple[str, str, int]
"""What an image shares with others: the kind of mark, its name, and the image's number."""


def cases_of(sides: "Sequence[tuple[Run, Mapping[Key, PredictionRow]]]") -> list[list[Key]]:
    """Joins images of one group, as manifest or data.group_pattern of either run tell it, and those of one content.

    A split keeps the same together; see `core.data.split.join_files`.

    Args:
        sides: sequence of Run and its answers, which are of the same images in all of them.

    Returns:
        Lists of images; most have a single one.

    Raises:
        ConfigError: a pattern is no regular expression, or takes too long.
        RunError: the configuration of a run cannot be read.
    """
    keys = sorted(sides[0][1])
    marks: list[Mark] = [("content", key[0], i) for i, key in enumerate(keys)]
    for side, (run, rows) in enumerate(sides):
        names = groups_of_rows(run, [rows[key] for key in keys])
        marks += [(f"group {side}", name, i) for i, name in enumerate(names)]
    return [[keys[i] for i in case] for case in joined(len(keys), marks)]


def joined(count: int, marks: Iterable[Mark]) -> list[list[int]]:
    """Images that share a mark, directly or by way of others.

    Args:
        count: int. Images; they are numbered from 0 on.
        marks: iterable of Mark. One whose name is empty joins nothing.
    """
    first: dict[tuple[str, str], int] = {}
    return components(count, [(first.setdefault((kind, name), image), image) for kind, name, image in marks if name])


def cases_of_part(run: Run, part: str) -> list[list[int]]:
    """Which images of a part belong together, as places among its predictions; see `cases_of`.

    Args:
        run: Run. With predictions.
        part: str. `val` or `test`.

    Raises:
        ConfigError: the pattern is no regular expression, or takes too long.
        RunError: the configuration of the run cannot be read.
    """
    predictions = read_predictions(run.path)
    rows = predictions.of(part) if predictions else []
    content = {item["path"]: item.get("sha256", "") for item in run.data().part(part)}
    marks = [("group", name, k) for k, name in enumerate(groups_of_rows(run, rows, part))]
    return joined(len(rows), [*marks, *(("content", content.get(row.file, ""), k) for k, row in enumerate(rows))])


def groups_of_rows(run: Run, rows: "Sequence[PredictionRow]", part: str = "val") -> list[str]:
    """The group of each image of a part, as the manifest or data.group_pattern tells it; empty where none is known.

    Args:
        run: Run.
        rows: sequence of PredictionRow. Of its predictions of that part, any of them.
        part: str. `val` or `test`. Defaults to `"val"`.

    Raises:
        ConfigError: the pattern is no regular expression, or takes too long.
        RunError: the configuration of the run cannot be read.
    """
    listed = {item["path"]: item for item in run.data().part(part)}
    files = [_file(row, listed.get(row.file)) for row in rows]
    return group_names(files, run.config().data.group_pattern)


def _file(row: "PredictionRow", item: "ImageRecord | None") -> ImageFile:
    """As much of a file as the name of its group takes."""
    split, group = (item.get("split", ""), item.get("group", "")) if item else ("", "")
    return ImageFile(row.file, row.label, split, "", 0, 0, 0, "", "", 1, group)
