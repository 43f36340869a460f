"""The ways in which copies are looked for, and what makes the descriptor of an image that is changed in one of them.

Turning, mirroring and cropping are linear maps of an image's lowest frequencies: each way is one matrix, the same for
all datasets. Mirroring changes no more than signs, so only a few ways in a hundred are computed.
"""

from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float32]

FORM = 64
"""Side of the small grey version that is compared."""

_GRID, _READ, _KEPT = 24, 14, 8
"""Side at which frequencies are read, how many a side are read, and how many of those are compared."""

FINE_SEARCH, FULL_SEARCH, TURNED_SEARCH = 600, 2000, 6000
"""Images up to which copies are also looked for that were turned a little and moved by many distances, by few, and that
were turned a little; of more only those of the eight orientations, cut or not."""

_ANGLES = (0.0, -10.0, 10.0)
_ZOOMS = (1.0, 0.88)
_FINE_MOVES, _MOVES = (0.0, -0.1, 0.1, -0.2, 0.2), (0.0, -0.15, 0.15)
_CHUNK = 1024

_MIRRORED = tuple(product(product((1.0, -1.0), repeat=2), repeat=2))
"""Signs of the places (across, down) after a change, and of those before it."""


@cache
def changes(count: int) -> Floats:
    """Every way in which copies are looked for among so many images: `(k, 2, 3)`, matrices and shifts of places.

    The eight orientations; of the four that keep upright and level also turned a little, cut a little and moved. The
    middle of an image is (0, 0), its edges are at 1.
    """
    square = [np.diag([a, b]) for a in (1.0, -1.0) for b in (1.0, -1.0)]
    turned = [one[::-1] for one in square]
    found = [(one, (0.0, 0.0)) for one in (*square, *turned)]
    found += [(zoom * one, (0.0, 0.0)) for one in (*square, *turned) for zoom in _ZOOMS[1:]]
    moves = _FINE_MOVES if count <= FINE_SEARCH else _MOVES if count <= FULL_SEARCH else _MOVES[:1]
    if count <= TURNED_SEARCH:
        slight = [(_turn(angle) * zoom, (x, y)) for zoom in _ZOOMS for angle in _ANGLES for x in moves for y in moves]
        found += [(one @ matrix, shift) for one in square for matrix, shift in slight]
    return np.array([np.column_stack([matrix, shift]) for matrix, shift in found], np.float32)


@cache
def maps(count: int) -> list[Floats]:
    """For each of `changes(count)` what makes the descriptor of the changed image from its `coefficients`.

    Of a change and its mirror images one is computed: the cosines of the mirrored place are the same but for signs.
    """
    signs = np.array([np.outer(after, (*before, 1.0)) for after, before in _MIRRORED], np.float32)
    mirrored = (changes(count)[:, None] * signs + np.float32(0)).reshape(-1, len(signs), 6).tolist()  # no -0
    rows = [_signs(after, _READ)[:, None] for after, _ in _MIRRORED]
    columns = [_signs(before, _KEPT)[1:] for _, before in _MIRRORED]
    made: dict[tuple[float, ...], Floats] = {}
    found = []
    with threadpool_limits(1):  # small products: threads would wait for each other
        for variants in mirrored:
            number = max(range(len(signs)), key=variants.__getitem__)
            way = tuple(variants[number])
            if way not in made:
                made[way] = described(np.array(way, np.float32).reshape(2, 3))
            found.append(made[way] * rows[number] * columns[number])
    return found


def _signs(mirrored: tuple[float, ...], count: int) -> Floats:
    """What mirroring places makes of the cosines of each frequency down and across: those of odd ones turn."""
    across, down = (sign ** np.arange(count) for sign in mirrored)
    return np.outer(down, across).ravel().astype(np.float32)


def described(change: Floats) -> Floats:
    """From the coefficients of an image to the descriptor of its changed version: `(_READ**2, _KEPT**2 - 1)`."""
    places, reader = _reader()
    there = change[:, :2] @ places + change[:, 2:]
    seen = _waves(there[1])[:, :, None] * _waves(there[0])[:, None, :]  # down, across
    return np.ascontiguousarray((reader @ seen.reshape(len(seen), -1)).T)


def coefficients(forms: NDArray[np.uint8]) -> Floats:
    """Lowest cosine frequencies of whole images, float32 `(n, _READ * _READ)`."""
    rows = _cosines(FORM, _READ)
    made = np.empty((len(forms), _READ * _READ), np.float32)
    for start in range(0, len(forms), _CHUNK):
        part = forms[start : start + _CHUNK].astype(np.float32)
        made[start : start + _CHUNK] = (rows @ part @ rows.T).reshape(len(part), -1)
    return made


def _turn(degrees: float) -> NDArray[np.float64]:
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@cache
def _cosines(size: int, count: int) -> Floats:
    """Orthonormal cosine transform, its first `count` rows: `(count, size)`."""
    place = (np.arange(size) + 0.5) * np.pi / size
    basis = np.cos(np.arange(count)[:, None] * place) * np.sqrt(2 / size)
    basis[0] /= np.sqrt(2)
    return np.asarray(basis, np.float32)


@cache
def _reader() -> tuple[Floats, Floats]:
    """The places that are read, `(2, _GRID**2)`, and what makes a descriptor of the grey levels there.

    The second, `(_KEPT**2 - 1, _GRID**2)`, takes away the mean under the window, weights by the window, transforms and
    raises each frequency by its height: all linear, so one matrix.
    """
    axis = ((np.arange(_GRID) + 0.5) * 2 / _GRID - 1).astype(np.float32)
    x, y = (side.ravel() for side in np.meshgrid(axis, axis))
    window = np.where(np.hypot(x, y) < 1, np.cos(np.pi / 2 * np.minimum(np.hypot(x, y), 1)) ** 2, 0)
    rows = _cosines(_GRID, _KEPT).astype(np.float64)
    weighted = np.einsum("ai,bj->abij", rows, rows).reshape(_KEPT * _KEPT, -1)[1:] * window
    centred = weighted - weighted.sum(axis=1, keepdims=True) * (window / window.sum())
    height = np.hypot(*np.meshgrid(np.arange(_KEPT), np.arange(_KEPT))).ravel()[1:]
    return np.stack([x, y]), (centred * height[:, None]).astype(np.float32)


def _waves(places: NDArray[np.floating]) -> Floats:
    """The cosines of `_cosines(FORM, _READ)` at places from -1 to 1: `(places, _READ)`."""
    inside = np.clip(places, -1, 1)
    waves = np.cos(np.arange(_READ) * ((inside + 1) / 2 * np.pi)[:, None]) * np.sqrt(2 / FORM)
    waves[:, 0] /= np.sqrt(2)
    return np.asarray(waves, np.float32)
