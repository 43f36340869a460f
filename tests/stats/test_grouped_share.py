"""Interval of a share over groups: it covers where Wilson's of the images does not, and is Wilson's without groups."""

import numpy as np
import pytest

from core.stats.grouped_share import share_interval
from core.stats.metrics import wilson


@pytest.mark.parametrize(
    ("sizes", "likeness", "least"),
    [([10] * 20, 0.3, 0.90), ([1] * 150 + [10] * 5, 0.3, 0.90), ([50, 20, 10, 5, 5, 5, 2, 1, 1, 1], 0.8, 0.90)],
)
def test_it_covers_where_images_of_a_group_are_right_or_wrong_together(sizes, likeness, least):
    rng, share = np.random.default_rng(0), 0.85
    groups = np.repeat(np.arange(len(sizes)), sizes)
    inside = of_images = 0
    for _ in range(300):
        of_group = rng.beta(share * (1 / likeness - 1), (1 - share) * (1 / likeness - 1), len(sizes))
        right = rng.random(len(groups)) < of_group[groups]
        low, high = share_interval(right, groups)
        inside += low <= share <= high
        low, high = wilson(int(right.sum()), len(right))
        of_images += low <= share <= high
    assert inside / 300 >= least
    assert of_images / 300 < least - 0.03


def test_independent_images_in_groups_hardly_widen_it():
    rng, groups = np.random.default_rng(1), np.repeat(np.arange(100), 2)
    widths = []
    for _ in range(100):
        right = rng.random(200) < 0.85
        low, high = share_interval(right, groups)
        least, most = wilson(int(right.sum()), 200)
        assert high - low >= most - least - 1e-9
        widths.append((high - low) / (most - least))
    assert np.mean(widths) < 1.1


def test_without_groups_it_is_wilsons():
    right = np.array([True, True, False, True])
    assert share_interval(right) == share_interval(right, np.arange(4)) == wilson(3, 4)
    assert share_interval(np.zeros(0, bool)) == (0.0, 1.0)


def test_all_right_counts_groups_not_images():
    low, high = share_interval(np.ones(200, bool), np.repeat(np.arange(20), 10))
    assert high == 1.0
    assert 0.80 < low < wilson(20, 20)[0] < wilson(200, 200)[0]


def test_one_group_says_nothing_of_others():
    assert share_interval(np.array([True, True, False]), np.zeros(3, int)) == (0.0, 1.0)
