"""Two groups told apart: chance for what is alike, certain for what differs, groups kept together."""

import numpy as np
import pytest

from core.stats.two_sample import area, areas, balanced_right, held_out_areas, permuted, within


def test_area_and_share_right():
    second = np.array([False, False, True, True])
    assert area(np.array([1.0, 2.0, 2.0, 3.0]), second) == 0.875
    assert area(np.array([1.0, 2.0]), np.array([True, True])) == 0.5
    assert balanced_right(np.array([1.0, 2.0, 2.0, 3.0]), second) == 0.75


def test_alike_is_chance_and_different_is_certain():
    rng = np.random.default_rng(3)
    second, alone = np.arange(120) % 3 == 1, np.arange(120)
    lots, strata = permuted(second, alone, alone // 60, 49), alone // 60
    values = rng.normal(size=(120, 4))
    areas = held_out_areas(values, lots, alone, strata)
    assert areas.shape == (50,)
    assert areas[0] <= areas[1:].max()
    assert lots.sum(axis=0).tolist() == [40] * 50
    values[second, 2] += 4
    areas = held_out_areas(values, lots, alone, strata)
    assert areas[0] > 0.97
    assert areas[1:].max() < 0.75
    values[:, 2] = rng.normal(size=120) * np.where(second, 5, 1)  # the same mean, another spread
    assert held_out_areas(values, lots, alone, strata)[0] > 0.75


def test_what_a_group_shares_is_no_difference():
    """Ten films of twelve images, each whole on one side: images by lot would call that certain, films do not."""
    rng = np.random.default_rng(5)
    film = np.repeat(np.arange(20), 12)
    values = rng.normal(size=(20, 6))[film] + rng.normal(0, 0.1, (240, 6))
    second, strata = film % 3 == 0, np.zeros(240, np.int64)
    alone = held_out_areas(values, permuted(second, np.arange(240), strata, 99), np.arange(240), strata)
    together = held_out_areas(values, permuted(second, film, strata, 99), film, strata)
    assert alone[0] > 0.8 > alone[1:].max()
    assert together[0] <= np.quantile(together[1:], 0.99)


def test_films_stay_whole_and_those_on_both_sides_count_by_their_images():
    film = np.repeat(np.arange(6), 4)
    second = np.isin(film, (0, 1))
    for column in permuted(second, film, np.zeros(24, np.int64), 20).T:
        assert all(len(set(column[film == k].tolist())) == 1 for k in range(6))
    second[8] = True
    assert any(
        len(set(column[8:12].tolist())) == 2 for column in permuted(second, film, np.zeros(24, np.int64), 20).T[1:]
    )


@pytest.mark.parametrize("factor", [1, 1e6])
def test_ranks_within_a_stratum_do_not_know_scale_nor_stratum(factor):
    strata = np.array([0, 0, 0, 1, 1, 1])
    made = within(np.array([[1.0], [2.0], [2.0], [50.0], [70.0], [90.0]]) * factor, strata)
    assert made[strata == 0].sum() == pytest.approx(0)
    assert made[:, 0].tolist() == pytest.approx(np.array([-1, 0.5, 0.5, -1, 0, 1]) / 3 * np.sqrt(12))


def test_areas_are_the_share_of_pairs_in_order_a_tie_for_a_half():
    rng = np.random.default_rng(1)
    scores, second = np.round(rng.normal(size=(40, 12)), 1), rng.random((40, 12)) < 0.3
    scores[rng.random(scores.shape) < 0.1] = np.nan  # the same for all, and above all others
    second[:, 5] = False
    found, scores = areas(scores, second), np.nan_to_num(scores, nan=9)
    for k in range(12):
        pairs = [(one, other) for one in scores[second[:, k], k] for other in scores[~second[:, k], k]]
        share = np.mean([(one > other) + (one == other) / 2 for one, other in pairs]) if pairs else 0.5
        assert found[k] == pytest.approx(share)
