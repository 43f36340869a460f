"""What pairs join, also by way of a third."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.stats.components import components

numbers = st.integers(0, 7)


@given(st.lists(st.tuples(numbers, numbers), max_size=8))
@settings(max_examples=100, deadline=None)
def test_groups_are_those_that_spreading_marks_finds(pairs: list[tuple[int, int]]) -> None:
    marks = list(range(8))
    for _ in marks:
        for a, b in pairs:
            marks[a] = marks[b] = min(marks[a], marks[b])
    assert components(8, pairs) == [[i for i in range(8) if marks[i] == mark] for mark in sorted(set(marks))]
