"""Divides a dataset into folds: those it brings, or stratified ones by seed, whole groups (patients) kept together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.data.dataset_index import ImageFile
from core.data.file_names import display_name
from core.data.part_names import part_name
from core.data.split import Split, choose_groups, join_files
from core.errors import DataError

MOST_FOLDS, LEAST_FOLDS = 20, 2

Groups = list[tuple[ImageFile, ...]]


@dataclass(frozen=True)
class Folds:
    """The folds of a dataset.

    Attributes:
        files: tuple of ImageFile. What is divided, class by class, then by path; no image of a test part is among them.
        groups: list of tuples. Which of them belong together.
        number_of: dict. Path to the number of the image's fold, from 0.
        names: tuple of str. What the folds are called, in their order.
    """

    files: tuple[ImageFile, ...]
    groups: Groups
    number_of: dict[str, int]
    names: tuple[str, ...]

    @property
    def parted(self) -> int:
        """Groups of images that belong together and lie in several folds; only folds that a dataset brings do that."""
        return sum(len({self.number_of[file.path] for file in group}) > 1 for group in self.groups)

    def held_out(self, fold: int) -> tuple[ImageFile, ...]:
        """The images of a fold."""
        return tuple(file for file in self.files if self.number_of[file.path] == fold)

    def split(self, fold: int, inner_share: float = 0.0, seed: int = 0) -> Split:
        """The split of one fold: all others train, and it is `val`.

        Args:
            fold: int. From 0.
            inner_share: float. Where it is above 0, so large a part of the training images is taken out of them as
                `val`, whole groups together, and the fold is `test`: for trainings that choose their last epoch by the
                validation loss, which must not be that of the fold.
            seed: int. Decides which.
        """
        held_out = self.held_out(fold)
        others = tuple(file for file in self.files if self.number_of[file.path] != fold)
        if not inner_share:
            return Split(others, held_out)
        inside = {file.path for file in others}
        groups = [tuple(file for file in group if file.path in inside) for group in self.groups]
        groups = [group for group in groups if group]
        inner = {file.path for group in choose_groups(groups, inner_share, seed) for file in group}
        if not inner:
            raise DataError(
                f"No image of the other folds can be set apart to choose the last epoch beside fold {fold + 1}; set "
                "training.early_stopping and training.reduce_on_plateau to 0, or add images."
            )
        train = tuple(file for file in others if file.path not in inner)
        return Split(train, tuple(file for file in others if file.path in inner), held_out)


def divided_files(dataset: Dataset) -> tuple[ImageFile, ...]:
    """What is divided into folds: all images but those of a test part, class by class, then by path."""
    files = (*dataset.split.train, *dataset.split.val)
    return tuple(sorted(files, key=lambda file: (file.label, file.path)))


def brought_folds(files: Sequence[ImageFile]) -> list[str] | None:
    """Of each image the fold that the dataset says it is in, by a table or a folder; None where any is in none."""
    names = [file.fold or _folder_fold(file.path) for file in files]
    return names if all(names) and len(set(names)) >= LEAST_FOLDS else None


def own_folds(dataset: Dataset, pattern: str) -> Folds | None:
    """The folds that a dataset brings, in their natural order; None where it brings none.

    Raises:
        DataError: there are too many, or a class is in one of them alone.
    """
    files = divided_files(dataset)
    names = brought_folds(files)
    if names is None:
        return None
    ordered = sorted(set(names), key=lambda name: (len(name), name))
    number_of = {file.path: ordered.index(name) for file, name in zip(files, names, strict=True)}
    found = Folds(files, join_files(files, pattern), number_of, tuple(ordered))
    if len(ordered) > MOST_FOLDS:
        raise DataError(f"The dataset has {len(ordered)} folds; at most {MOST_FOLDS} are supported. Use --folds 5.")
    _require_classes(found)
    return found


def make_folds(dataset: Dataset, count: int, seed: int, pattern: str, groups: Groups | None = None) -> Folds:
    """Stratified folds, whole groups kept together.

    Groups are dealt out in random order, the largest first, each to the fold that has the smallest part of the classes
    that are in it.

    Args:
        dataset: Dataset.
        count: int. How many folds.
        seed: int. Decides which.
        pattern: str. How file names tell what belongs together; see `core.data.split.group_names`.
        groups: list of tuples of ImageFile. What belongs together, where that is known. Defaults to finding it.

    Raises:
        DataError: there are too few images or groups of a class.
    """
    files = divided_files(dataset)
    groups = join_files(files, pattern) if groups is None else groups
    _require_groups(groups, count)
    classes = {name: k for k, name in enumerate(dataset.classes)}
    held = np.zeros((count, len(classes)))
    counts = [_count(group, classes) for group in groups]
    totals = np.maximum(np.sum(counts, axis=0), 1)
    number_of: dict[str, int] = {}
    order = np.random.default_rng([seed, count]).permutation(len(groups)).tolist()
    for k in sorted(order, key=lambda k: -len(groups[k])):
        fullness = (held * counts[k] / totals**2).sum(axis=1)
        fold = int(np.lexsort((held.sum(axis=1), fullness))[0])
        held[fold] += counts[k]
        number_of |= dict.fromkeys((file.path for file in groups[k]), fold)
    found = Folds(files, groups, number_of, tuple(str(k + 1) for k in range(count)))
    _require_classes(found)
    return found


def _count(group: Sequence[ImageFile], classes: dict[str, int]) -> NDArray[np.float64]:
    return np.bincount([classes[file.label] for file in group], minlength=len(classes)).astype(float)


def _folder_fold(path: str) -> str:
    """The number of the folder that says a fold, as in `fold_3/cats/1.jpg`; empty where there is none."""
    for name in path.split("/")[:-1]:
        found = part_name(name)
        if found and found.role == "fold" and not found.rest:
            return found.number
    return ""


def _require_groups(groups: Groups, count: int) -> None:
    of_class = Counter(label for group in groups for label in {file.label for file in group})
    label, least = min(of_class.items(), key=lambda item: (item[1], item[0]))
    if least < count:
        images = "images" if len(groups) == sum(map(len, groups)) else "groups of images (patients, equal files)"
        raise DataError(
            f"The class {display_name(label)} has {least} {images}, too few for {count} folds; "
            + (f"use at most {least} folds, or add images." if least >= LEAST_FOLDS else "add images.")
        )


def _require_classes(folds: Folds) -> None:
    """Every class must be in the training part of every fold, twice at least."""
    everywhere = Counter(file.label for file in folds.files)
    for fold, name in enumerate(folds.names):
        inside = Counter(file.label for file in folds.held_out(fold))
        for label in sorted(everywhere):
            if everywhere[label] - inside[label] < 2:
                raise DataError(
                    f"Without fold {name} the class {display_name(label)} has {everywhere[label] - inside[label]} "
                    "images to train on, but at least 2 are needed; use other folds, or add images."
                )
