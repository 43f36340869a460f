"""Altered copies: images turned, mirrored, cut, moved, brightened or saved again, wherever in a dataset they lie.

Candidates come from `copy_search`, each is laid on its image by `copy_alignment`, and only those are copies whose
details agree as those of other images of this dataset do not, and whose colours are those of one image.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core import files as disk
from core import paths
from core.checks.copy_alignment import align
from core.checks.copy_colours import same_colours
from core.checks.copy_evidence import fixed_squares, repetition
from core.checks.copy_search import find_candidates
from core.data.dataset_index import ImageFile
from core.data.forms import forms
from core.progress import Progress

VERSION = 4
"""Part of what is kept: to be raised when other pairs would be found."""

LEAST = 0.95
"""Correlation of the details from which on a pair may be a copy. Of X-rays of two people it is 0.66 in the middle and
below 0.8, of two drawn beaches (a sun, two lines) up to 0.94; of copies it is nearly always more."""

_HALF_SIZE = 0.9
"""The same at half the size, below which a candidate is given up: of 900 copies all but four in a thousand exceed 0.95
there, of candidates among X-rays of different people one in four reaches 0.91."""

_BEYOND = 4.5
"""Standard deviations (of Fisher's z) by which a copy exceeds pairs of other images."""

_PATTERN = 0.8
"""Correlation of an image's details with themselves, moved, from which on it is a pattern that fits many others."""

_FIXED = 4
"""Squares (of sixteen) that must be fixed in both directions: an affine map lays any three points on any other three,
so two blank walls that show a corner, two triangles or two horizons agree whatever they are."""

_ALIKE = 0.97
"""What random pairs may reach at most: in a set of one scene from one place nothing can be said."""

_LEVELS = ((0.85, LEAST), (LEAST, 0.99))
"""Pairs below and above: copies stand apart, so that few pairs lie between them and the others."""

_USUAL_PAIRS, _FIRST_PAIRS, _FEWEST_PAIRS = 150, 20, 5
_PERHAPS_ALIKE = 0.9
"""What the first random pairs reach where all are asked before the search, and not only when it has found something."""

_SMALL_MOVE, _SMALL_CUT, _SMALL_TURN, _SMALL_LIGHT = 0.04, 0.015, 2.0, 10.0


MayBe = Callable[[NDArray[np.int64], NDArray[np.float32]], NDArray[np.bool_]]
"""Which of some pairs, by their rows `(m, 2)` and the changes `(m, 2, 3)` between them, may be copies."""


class Copy(NamedTuple):
    """Two images that are one, altered.

    Attributes:
        first: SHA-256 of the one.
        second: SHA-256 of the other.
        how: What lies between them, in words.
        details: Correlation of the details once they are laid on each other.
    """

    first: str
    second: str
    how: str
    details: float


class Search(NamedTuple):
    """What was found.

    Attributes:
        copies: tuple of Copy.
        gave_up: bool. Whether random pairs agree as copies do, so that nothing can be said.
    """

    copies: tuple[Copy, ...]
    gave_up: bool


def altered_copies(root: Path, files: Sequence[ImageFile], progress: Progress | None = None) -> list[Copy]:
    """Pairs of images of which one is an altered copy of the other; identical files count as one image.

    What was found is kept on disk until a file comes, goes or changes.

    Args:
        root: Path. The folder that the files' paths are relative to.
        files: sequence of ImageFile.
        progress: callable of (done, total) images decoded. Defaults to none.

    Raises:
        UnreadableImage: a file has gone or changed since the scan.
    """
    return list(search(root, files, progress).copies)


def search(root: Path, files: Sequence[ImageFile], progress: Progress | None = None) -> Search:
    """The same, with whether it could be answered; see `altered_copies`."""
    ones = list({file.sha256: file for file in sorted(files, key=lambda f: f.sha256)}.values())
    known = _known(root, ones)
    if known is None:
        names, labels = [file.sha256 for file in ones], [file.label for file in ones]
        known = find_copies(forms(root, ones, progress), names, labels, partial(same_colours, root, ones))
        _keep(root, ones, known)
    return known


def find_copies(
    small: NDArray[np.uint8], names: Sequence[str], labels: Sequence[str] = (), may_be: MayBe | None = None
) -> Search:
    """The same, of forms.

    Args:
        small: uint8 `(n, 64, 64)`.
        names: sequence of str. What to call each.
        labels: sequence of str. Their classes: images of one may be simpler than those of another, and then agree more
            easily. Defaults to one class.
        may_be: callable. Which of the pairs found may be copies by what forms do not show. Defaults to all.
    """
    if len(small) < 2:
        return Search((), gave_up=False)
    usual = cache(partial(_usual, small))
    if _is_one_scene(small, usual):
        return Search((), gave_up=True)
    found = find_candidates(small)
    one, other = small[found.rows[:, 0]], small[found.rows[:, 1]]
    aligned = align(one, other, found.changes, _HALF_SIZE)
    classes = np.unique(list(labels) or [""] * len(small), return_inverse=True)[1][found.rows[:, 0]]
    enough = (aligned.details >= LEAST) & (aligned.worst >= LEAST - 0.2)
    enough[enough] = repetition(one[enough]) < _PATTERN
    enough[enough] = np.minimum(fixed_squares(one[enough]), fixed_squares(other[enough])) >= _FIXED
    if not enough.any():
        return Search((), gave_up=False)
    if usual() >= _ALIKE:
        return Search((), gave_up=True)
    enough &= aligned.details >= usual()
    agree = enough.copy()
    if may_be is not None and enough.any():
        enough[enough] = may_be(found.rows[enough], aligned.changes[enough])
    enough &= _stands_apart(aligned.details, classes, agree & ~enough)
    light = other.mean(axis=(1, 2)) - one.mean(axis=(1, 2))
    copies = (
        Copy(
            names[found.rows[k, 0]], names[found.rows[k, 1]],
            in_words(aligned.changes[k], float(light[k])), round(float(aligned.details[k]), 3),
        )
        for k in np.flatnonzero(enough).tolist()
    )  # fmt: skip
    return Search(tuple(copies), gave_up=False)


def _stands_apart(
    details: NDArray[np.float32], classes: NDArray[np.int64], others: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which candidates stand apart from the others of their class.

    Simple images (a shape, a horizon, a pattern) can be laid on each other well, better or hardly: there the few that
    fit best are no copies. A class's candidates count where at least twice as many lie above a limit as just below it,
    or above it though they are no copies (`others`).
    """
    apart = np.zeros(len(details), bool)
    for one in np.unique(classes):
        own = classes == one
        for below, limit in _LEVELS:
            above = own & (details >= limit) & ~others
            if above.sum() >= 2 * (own & (details >= below) & ~above).sum():
                apart |= above
                break
    return apart


def _is_one_scene(small: NDArray[np.uint8], usual: Callable[[], float]) -> bool:
    """Whether random pairs agree as copies do; nearly always the first few tell that they do not."""
    first = _random_details(small, _FIRST_PAIRS)
    perhaps = len(first) < _FEWEST_PAIRS or _not_reached(first) >= _PERHAPS_ALIKE
    return perhaps and usual() >= _ALIKE


def _usual(small: NDArray[np.uint8]) -> float:
    """What the details of two images that are no copies do not reach: by pairs drawn at random, copies among them."""
    values = _random_details(small, _USUAL_PAIRS)
    return _not_reached(values) if len(values) >= _FEWEST_PAIRS else 0.0


def _random_details(small: NDArray[np.uint8], count: int) -> NDArray[np.float32]:
    """Correlation of the details of the first random pairs, of those that can be laid on each other."""
    pairs = np.random.default_rng(0).integers(0, len(small), (_USUAL_PAIRS, 2))[:count]
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    start = np.tile(np.eye(2, 3, dtype=np.float32), (len(pairs), 1, 1))
    details = align(small[pairs[:, 0]], small[pairs[:, 1]], start).details
    return details[details > -1]


def _not_reached(values: NDArray[np.float32]) -> float:
    """What lies so far beyond the values as a copy does."""
    z = np.arctanh(np.clip(values, -0.999, 0.999))
    middle = float(np.median(z))
    spread = 1.4826 * float(np.median(np.abs(z - middle)))
    return min(float(np.tanh(middle + _BEYOND * spread)), 1.0)


def in_words(change: NDArray[np.float32], light: float) -> str:
    """What was done to an image, by where a place of the one lies in the other and by its mean grey level."""
    matrix, shift = change[:, :2].astype(np.float64), change[:, 2]
    mirrored = np.linalg.det(matrix) < 0
    plain = matrix @ np.diag([-1.0, 1.0]) if mirrored else matrix
    angle = float(np.degrees(np.arctan2(plain[1, 0] - plain[0, 1], plain[0, 0] + plain[1, 1])))
    quarter = round(angle / 90) % 4
    rest = abs((angle + 45) % 90 - 45)
    zoom = float(np.sqrt(abs(np.linalg.det(matrix))))
    words = [_ORIENTATIONS[mirrored, quarter]]
    words += ["turned a little"] * (rest >= _SMALL_TURN)
    words += ["cut"] * (abs(zoom - 1) >= _SMALL_CUT)
    words += ["moved"] * (float(np.abs(shift).max()) >= max(_SMALL_MOVE, 1.2 * abs(zoom - 1)))
    words += ["lighter or darker"] * (abs(light) >= _SMALL_LIGHT)
    return ", ".join(filter(None, words)) or "saved again"


_ORIENTATIONS = {
    (False, 0): "",
    (False, 1): "turned by 90°",
    (False, 2): "turned by 180°",
    (False, 3): "turned by 90°",
    (True, 0): "mirrored",
    (True, 1): "mirrored and turned by 90°",
    (True, 2): "upside down, mirrored",
    (True, 3): "mirrored and turned by 90°",
}


def _path(root: Path) -> Path:
    return paths.cache_folder() / "copies" / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.json"


def _digest(ones: Sequence[ImageFile]) -> str:
    return hashlib.sha256("\n".join([str(VERSION), *(file.sha256 for file in ones)]).encode()).hexdigest()


def _known(root: Path, ones: Sequence[ImageFile]) -> Search | None:
    record: Any = disk.read_json(_path(root))
    if not isinstance(record, dict) or record.get("digest") != _digest(ones):
        return None
    pairs, there = record.get("pairs"), {file.sha256 for file in ones}
    if not isinstance(pairs, list):
        return None
    whole = [Copy(*p) for p in pairs if isinstance(p, list) and [type(v) for v in p] == [str, str, str, float]]
    if len(whole) != len(pairs) or not there.issuperset(v for p in whole for v in p[:2]):
        return None
    return Search(tuple(whole), record.get("gave_up") is True)


def _keep(root: Path, ones: Sequence[ImageFile], known: Search) -> None:
    record = {"digest": _digest(ones), "pairs": [list(pair) for pair in known.copies], "gave_up": known.gave_up}
    with suppress(OSError):  # it only saves time
        disk.write_json(_path(root), record)
