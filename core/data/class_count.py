"""How many classes a dataset may have, checked where a folder is read and before an upload is unpacked."""

from collections.abc import Iterable
from typing import Protocol

from core.data.file_names import display_name
from core.data.part_names import is_part
from core.errors import DataError

MOST_CLASSES = 1000
"""ImageNet has as many. A confusion matrix, a CSV or a list grows with their number, or with its square."""


class Planned(Protocol):
    """A file of an upload: its folder and name in the dataset, and whether it is an image; see `names.Location`."""

    @property
    def folder(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def is_image(self) -> bool: ...


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
            f"There are {count:,} classes in {display_name(where)}; at most {MOST_CLASSES:,} are supported. If "
            "its "
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
    splits = {path for path in paths if is_part(path[0]) and len(path) > 1}
    return len({path[1] for path in splits} if splits else {path[0] for path in paths})


def check_planned_classes(locations: Iterable[Planned], where: str) -> None:
    """Refuses an upload of too many classes before it is unpacked; where a table comes with it, that tells the classes.

    Args:
        locations: Where each of its files goes.
        where: What is taken in, for the message.

    Raises:
        DataError: there are more than `MOST_CLASSES`.
    """
    kept = [location for location in locations if location.file]
    if all(location.is_image for location in kept):
        check_class_count(count_planned_classes(location.folder for location in kept), where)
