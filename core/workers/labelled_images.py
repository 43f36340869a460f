"""Labelled images for a model from elsewhere: those of a dataset whose classes are the model's."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.data.dataset import scan_dataset
from core.data.dataset_index import ImageFile
from core.errors import ModelError


@dataclass(frozen=True)
class Labelled:
    """Images with their classes.

    Attributes:
        root: Path. The folder that the files' paths are relative to.
        files: tuple of ImageFile, of all parts.
        labels: tuple of int. The number of the model's class for each.
        unreadable: tuple of str. Paths of images that cannot be read.
    """

    root: Path
    files: tuple[ImageFile, ...]
    labels: tuple[int, ...]
    unreadable: tuple[str, ...] = ()

    def some(self, most: int) -> "Labelled":
        """At most so many, every class alike as far as it has images, spread over all of it."""
        by_class: dict[int, list[int]] = {}
        for k, label in enumerate(self.labels):
            by_class.setdefault(label, []).append(k)
        share = max(1, most // len(by_class))
        chosen = itertools.chain(*(_evenly(rows, share) for rows in by_class.values()))
        rows = sorted(itertools.islice(chosen, most))
        return Labelled(self.root, tuple(self.files[k] for k in rows), tuple(self.labels[k] for k in rows))


def labelled_images(reference: str, classes: Sequence[str]) -> Labelled:
    """The images of a dataset, with the numbers of a model's classes.

    Args:
        reference: str. A folder with a folder a class, or the word `sample`.
        classes: sequence of str. In the order of the model's outputs; capital letters make no difference.

    Raises:
        DataError: it is no dataset.
        ModelError: its classes are not the model's.
    """
    index = scan_dataset(reference)
    number = {name.casefold().strip(): k for k, name in enumerate(classes)}
    foreign = [name for name in index.classes if name.casefold().strip() not in number]
    if foreign:
        raise ModelError(
            f'the labelled images have the class "{foreign[0]}", and the model\'s are {", ".join(classes)}; give '
            "folders of these names"
        )
    labels = tuple(number[file.label.casefold().strip()] for file in index.files)
    if not labels:
        raise ModelError("the dataset has no readable image; give one with labelled images")
    return Labelled(index.root, index.files, labels, tuple(image.path for image in index.unreadable))


def _evenly(rows: list[int], most: int) -> list[int]:
    return rows if len(rows) <= most else [rows[k * len(rows) // most] for k in range(most)]
