"""A sample of the training and held-out images with their traits: what the checks of parts and classes ask."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.data.dataset_index import ImageFile
from core.data.forms import forms
from core.data.split import AUTO, group_names
from core.data.traits import Floats, choose, parted, traits
from core.progress import Progress
from core.stats.components import components

_FAR, _ALIKE = 4.0, 0.45
"""Spreads of the likeness of pairs, and correlation, from which on two images show one scene."""

_KEPT = 4
"""Samples whose answers are kept; one takes up to 2.5 MB."""

Answer = TypeVar("Answer")


class Sample(NamedTuple):
    """Images that were measured.

    Attributes:
        files: tuple of ImageFile.
        labels: int `(n,)`. Their classes.
        held_out: bool `(n,)`. Whether they are held out, not trained on.
        units: int `(n,)`. Images with one number belong together: by the group in their names (`data.group_pattern`),
            as copies of each other, or since they show one scene.
        traits: dict from a kind of `TRAITS` to float32 `(n, traits of it)`.
        forms: uint8 `(n, 64, 64)`. Small grey versions.
        features: float32 `(n, width)`. What a network makes of them; None where it was not asked.
        network: str. Its name.
        other: str. What the images that are held out are for, `validation` or `test`.
    """

    files: tuple[ImageFile, ...]
    labels: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    units: NDArray[np.int64]
    traits: dict[str, Floats]
    forms: NDArray[np.uint8]
    features: Floats | None = None
    network: str = ""
    other: str = "validation"

    def digest(self) -> str:
        """SHA-256 of what was measured, without the names of the images."""
        digest, measured = hashlib.sha256(), [self.labels, self.held_out, self.units, *self.traits.values(), self.forms]
        for array in measured if self.features is None else [*measured, self.features]:
            digest.update(f"{array.dtype} {array.shape} ".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def examples(self, one: NDArray[np.bool_], other: NDArray[np.bool_]) -> list[str]:
        """Paths of four images of each of two kinds, in the order of `in_turn`."""
        return in_turn(*([self.files[k].path for k in np.flatnonzero(kind)[:4]] for kind in (one, other)))

    def only(self, rows: NDArray[np.integer]) -> "Sample":
        """The same with some of its images, without features."""
        return Sample(
            tuple(self.files[k] for k in rows.tolist()), self.labels[rows], self.held_out[rows], self.units[rows],
            {kind: values[rows] for kind, values in self.traits.items()}, self.forms[rows], other=self.other,
        )  # fmt: skip


def in_turn(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """Two of each kind, then the rest: pages show the first four."""
    return [*one[:2], *other[:2], *one[2:], *other[2:]]


@dataclass(frozen=True)
class _Asked:
    digest: str
    sample: Sample = field(compare=False)


def once_a_sample(compute: Callable[[Sample], Answer]) -> Callable[[Sample], Answer]:
    """Keeps what a function of the measurements answers: pages check again whenever a setting of the form changes.

    Args:
        compute: callable of a sample. May ask for anything in it but the names of its images and of the network; nobody
            changes what it returns.
    """

    @lru_cache(_KEPT)
    def kept(asked: _Asked) -> Answer:
        return compute(asked.sample)

    @wraps(compute)
    def answer(sample: Sample) -> Answer:
        return kept(_Asked(sample.digest(), sample))

    return answer


def measured_sample(
    dataset: Dataset,
    pattern: str = AUTO,
    copies: Iterable[tuple[str, str]] = (),
    progress: Progress | None = None,
    other: str = "validation",
) -> Sample | None:
    """A sample of the training and validation (or test) images; None where there are none.

    Args:
        dataset: Dataset.
        pattern: str. How names tell what belongs together. Defaults to what is recognised by itself.
        copies: Pairs of contents (SHA-256) that are copies of each other. Defaults to none.
        progress: callable of (done, total) images decoded. Defaults to none.
        other: str. `validation` or `test`. Defaults to `"validation"`.

    Raises:
        UnreadableImage: a file has gone or changed since the scan.
    """
    held_out_part = dataset.split.test if other == "test" else dataset.split.val
    cells: dict[tuple[bool, str], dict[str, ImageFile]] = defaultdict(dict)
    for is_held_out, part in ((False, dataset.split.train), (True, held_out_part)):
        for file in part:
            cells[is_held_out, file.label].setdefault(file.sha256, file)  # a copy is no further image
    files = tuple(choose([list(cell.values()) for _, cell in sorted(cells.items())]))
    if not files:
        return None
    held_out = {file.path for file in held_out_part}
    small = forms(dataset.root, files, progress)
    return Sample(
        files,
        dataset.labels(files),
        np.array([file.path in held_out for file in files]),
        _units(files, group_names(files, pattern or AUTO), copies, small),
        parted(traits(dataset.root, files, progress)),
        small,
        other=other,
    )


def _units(
    files: Sequence[ImageFile], groups: Sequence[str], copies: Iterable[tuple[str, str]], small: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Numbers of what belongs together."""
    place = {file.sha256: k for k, file in enumerate(files)}
    pairs = [(place[a], place[b]) for a, b in copies if a in place and b in place]
    first: dict[str, int] = {}
    pairs += [(first.setdefault(name, k), k) for k, name in enumerate(groups) if name]
    units = np.zeros(len(files), np.int64)
    for number, rows in enumerate(components(len(files), pairs + _same_scene(small))):
        units[rows] = number
    return units


def _same_scene(small: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Pairs of images whose middle-sized structures agree far more than those of most pairs do.

    Frames of a film and slices of a scan have no group in their names often, and without it a part that holds whole
    films looks like images of another make. Brightness, contrast, fine detail and noise do not count, nor does the
    border, where all images of another make may have the same frame.
    """
    cells = small.astype(np.float32).reshape(-1, 16, 4, 16, 4).mean(axis=(2, 4))[:, 1:-1, 1:-1]
    coarse = cells.reshape(-1, 2, 7, 2, 7).mean(axis=(2, 4)).repeat(7, axis=1).repeat(7, axis=2)
    rows = (cells - coarse).reshape(len(small), -1)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-3)
    first, second = np.triu_indices(len(rows), 1)
    if not len(first):
        return []
    alike = np.arctanh(np.clip((rows @ rows.T)[first, second], -0.999, 0.999))
    usual = float(np.median(alike))
    spread = 1.48 * float(np.median(np.abs(alike - usual)))
    found = alike > max(usual + _FAR * spread, np.arctanh(_ALIKE))
    return list(zip(first[found].tolist(), second[found].tolist(), strict=True))
