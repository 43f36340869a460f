"""What pairs join, also by way of a third."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.stats.components import components, joined

numbers = st.integers(0, 7)


@given(st.lists(st.tuples(numbers, numbers), max_size=8))
@settings(max_examples=100, deadline=None)
def test_groups_are_those_that_spreading_marks_finds(pairs: list[tuple[int, int]]) -> None:
    marks = list(range(8))
    for _ in marks:
        for a, b in pairs:
            marks[a] = marks[b] = min(marks[a], marks[b])
    assert components(8, pairs) == [[i for i in range(8) if marks[i] == mark] for mark in sorted(set(marks))]


@given(st.lists(st.lists(st.tuples(numbers, numbers), max_size=6), max_size=3))
@settings(max_examples=100, deadline=None)
def test_joining_many_pairs_at_once_finds_the_same_groups(parts: list[list[tuple[int, int]]]) -> None:
    groups = np.arange(8)
    for pairs in parts:
        before = groups.copy()
        ones, others = np.array(pairs, np.int64).reshape(-1, 2).T
        groups, given_groups = joined(groups, ones, others), groups
        assert given_groups.tolist() == before.tolist()
    told = components(8, [pair for pairs in parts for pair in pairs])
    assert [[i for i in range(8) if groups[i] == first] for first in sorted(set(groups.tolist()))] == told
    assert all(groups[group[0]] == group[0] for group in told)
