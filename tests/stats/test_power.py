"""How many images would show a gap: simulated at the number that is given."""

import numpy as np
import pytest

from core.stats.paired_share import mcnemar
from core.stats.power import images_to_show


@pytest.mark.parametrize(("only_a", "only_b", "count"), [(7, 4, 100), (11, 9, 200), (6, 1, 200)])
def test_at_the_number_given_four_of_five_are_shown(only_a: int, only_b: int, count: int) -> None:
    differences = [1] * only_a + [-1] * only_b + [0] * (count - only_a - only_b)
    needed = images_to_show(differences, [1] * count)
    assert needed is not None
    chances = [only_a / count, only_b / count, 1 - (only_a + only_b) / count]
    draws = np.random.default_rng(0).multinomial(needed, chances, 300)
    assert 0.75 <= np.mean([mcnemar(int(a), int(b)) < 0.05 for a, b, _ in draws]) <= 0.97


def test_images_of_groups_that_go_together_take_more() -> None:
    apart, together = [1] * 60 + [-1] * 50 + [0] * 390, [5] * 12 + [-5] * 10 + [0] * 78
    one, other = images_to_show(apart, [1] * 500), images_to_show(together, [5] * 100)
    assert one is not None
    assert other is not None
    assert 4 < other / one < 6


def test_without_a_gap_or_with_a_tiny_one_nothing_is_promised() -> None:
    assert images_to_show([1, -1, 0], [1, 1, 1]) is None
    assert images_to_show([1], [1]) is None
    assert images_to_show([1] * 1000 + [-1] * 999 + [0] * 100_000, [1] * 101_999) is None
