"""The two projections of the map: PCA is that of the textbook, t-SNE keeps neighbours together and never moves."""

import sys

import numpy as np
import pytest

from core.engine.insight.projection import drawn_contents, neighbourhoods, plane, principal


def clusters(number: int, groups: int = 3, width: int = 20) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    group = np.arange(number) % groups
    return (rng.normal(0, 4, (groups, width))[group] + rng.normal(0, 1, (number, width))).astype(np.float32), group


@pytest.mark.parametrize("shape", [(80, 20), (20, 80)])
def test_the_map_is_that_of_a_singular_value_decomposition(shape: tuple[int, int]) -> None:
    features = np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)
    positions, explained = plane(features)
    values = (features - features.mean(axis=0)) / features.std(axis=0)
    left, size, _ = np.linalg.svd(values.astype(float), full_matrices=False)
    assert np.abs(positions) == pytest.approx(np.abs(left[:, :2] * size[:2]), abs=1e-3)
    assert explained == pytest.approx(tuple(size[:2] ** 2 / (size**2).sum()), abs=1e-6)


def test_images_that_are_all_the_same_have_one_place_on_the_map() -> None:
    positions, explained = plane(np.ones((12, 5), np.float32))
    assert (positions == 0).all()
    assert explained == (0.0, 0.0)


def test_more_components_begin_with_the_plane() -> None:
    features = np.random.default_rng(1).normal(0, 1, (40, 9)).astype(np.float32)
    scores, shares = principal(features, 50)
    positions, explained = plane(features)
    assert scores.shape == (40, 9)
    assert (scores[:, :2] == positions).all()
    assert shares[:2] == list(explained)
    assert sum(shares) == pytest.approx(1)


def test_the_map_by_neighbourhoods_keeps_groups_together_and_is_the_same_each_time() -> None:
    features, group = clusters(90)
    positions = neighbourhoods(features)
    assert positions is not None
    assert positions.shape == (90, 2)
    distances = ((positions[:, None] - positions[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (group[distances.argmin(axis=1)] == group).mean() > 0.95
    again = neighbourhoods(features.copy())
    assert again is not None
    assert (again == positions).all()


@pytest.mark.parametrize("number", [5, 10, 31])
def test_small_sets_have_a_map_by_neighbourhoods_too(number: int) -> None:
    positions = neighbourhoods(clusters(number)[0])
    assert positions is not None
    assert np.isfinite(positions).all()
    assert len({tuple(position) for position in positions.tolist()}) == number


def test_images_that_are_all_the_same_have_no_neighbourhoods() -> None:
    assert neighbourhoods(np.ones((12, 5), np.float32)) is None


def test_without_scikit_learn_there_is_no_map_by_neighbourhoods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    assert neighbourhoods(clusters(20)[0]) is None


def test_of_too_many_contents_the_same_are_drawn_whatever_else_comes_or_goes() -> None:
    contents = [f"{n * 7919 % 1000:03}" for n in range(200)]
    drawn = drawn_contents([*contents, *contents[:50]], 40)
    assert len(set(drawn)) == len(drawn) == 40
    assert set(drawn) == set(drawn_contents(contents[::-1], 40))
    without = [sha for sha in contents if sha != drawn[3]]
    assert len(set(drawn) & set(drawn_contents(without, 40))) == 39
    assert drawn_contents(contents[:10], 40) == sorted(contents[:10])
