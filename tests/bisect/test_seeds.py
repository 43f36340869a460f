"""Training seeds of the trials."""

from core.bisect.seeds import SEEDS, seeds_of


def test_seeds_are_fresh_and_the_same_for_all() -> None:
    assert seeds_of(7, 7) == [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13]
    assert seeds_of(2, 5) == [1, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert seeds_of(100, 200) == list(range(1, SEEDS + 1))
