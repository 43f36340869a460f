"""Projects features into a plane for the map: PCA and t-SNE.

t-SNE (van der Maaten and Hinton, JMLR 2008; by the Barnes-Hut tree, 2014) comes with scikit-learn, which is there for
the labels. UMAP would show much the same and is faster from some ten thousand images on, but umap-learn brings numba
and llvmlite: more than 150 MB beside a program that hosts give 1 GB, for an image that is computed once.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

COMPONENTS = 50
"""Principal components that t-SNE is given, as its authors did: what lies beyond is noise that costs time."""

MAX_LAID_OUT = 6_000
"""Contents that t-SNE gives a place: half a minute on one core; ten times as many would take many minutes."""

SECONDS_AN_IMAGE = 0.005
"""What a place takes on one usual core, for an estimate: 2,000 X-rays took 9 s, 5,000 took 28 s."""

_PERPLEXITY = 30
_SEED = 0


def plane(features: Floats) -> tuple[Floats, tuple[float, float]]:
    """The two directions in which standardised features vary most.

    Args:
        features: float32 `(n, width)`.

    Returns:
        float32 `(n, 2)`, and the share of the variance along each. Signs are fixed, so that the map does not flip.
    """
    positions, shares = principal(features, 2)
    return positions, (shares[0], shares[1])


def principal(features: Floats, number: int) -> tuple[Floats, list[float]]:
    """Coordinates along the principal components of standardised features.

    Args:
        features: float32 `(n, width)`, both at least 2.
        number: Components, at least 1; fewer where there are not as many.

    Returns:
        float32 `(n, number)`, the largest first, and the share of the variance along each.
    """
    values = standardised(features).astype(np.float64)
    number = min(number, *values.shape)
    # Of the smaller of the two squares; both have the same leading directions.
    if len(values) < values.shape[1]:
        size, left = np.linalg.eigh(values @ values.T)
        positions = left[:, ::-1][:, :number] * np.sqrt(np.maximum(size[::-1][:number], 0))
    else:
        size, right = np.linalg.eigh(values.T @ values)
        positions = values @ right[:, ::-1][:, :number]
    positions *= np.sign(positions[np.abs(positions).argmax(axis=0), np.arange(number)])
    whole = max(float(size.sum()), 1e-12)
    return positions.astype(np.float32), [float(part) / whole for part in size[::-1][:number]]


def neighbourhoods(features: Floats) -> Floats | None:
    """Places at which what is similar lies close together (t-SNE on the principal components); the same ones each time.

    Args:
        features: float32 `(n, width)`, n at least 5; rows that are equal get places that are nearly so.

    Returns:
        float32 `(n, 2)`, or None where scikit-learn is not installed or all rows are the same.
    """
    try:
        from sklearn.manifold import TSNE
        from threadpoolctl import threadpool_limits
    except ImportError:
        return None
    scores, _ = principal(features, COMPONENTS)
    spread = float(scores[:, 0].std())
    if not spread > 0:
        return None
    # From the map by PCA, so that far groups lie about as they do there; the random state decides nothing then.
    start = scores[:, :2] * np.float32(1e-4 / spread)
    maker = TSNE(perplexity=_perplexity(len(scores)), init=start, random_state=_SEED)
    # With several threads the sum over all points would depend on which of them is first, and the map with it.
    with threadpool_limits(1):
        positions: Floats = np.asarray(maker.fit_transform(scores), np.float32)
    return positions


def drawn_contents(contents: Sequence[str], most: int = MAX_LAID_OUT) -> list[str]:
    """Which contents are laid out: each once, and of too many those with the smallest hashes.

    That is a sample as good as a random one, and it stays the same when other images come or go.

    Args:
        contents: SHA-256 of the images.
        most: How many at most. Defaults to `MAX_LAID_OUT`.
    """
    return sorted(set(contents))[:most]


def standardised(features: Floats) -> Floats:
    """Features with mean 0 and spread 1 each; those that never change are 0.

    Args:
        features: float32 `(n, width)`.
    """
    values = np.asarray(features, np.float32)
    spread = values.std(axis=0)
    scaled: Floats = (values - values.mean(axis=0)) / np.where(spread > 0, spread, np.float32(1))
    return scaled


def _perplexity(number: int) -> float:
    """About how many neighbours count: 30, or a third of a small set, as there are not more."""
    return min(float(_PERPLEXITY), (number - 1) / 3)
