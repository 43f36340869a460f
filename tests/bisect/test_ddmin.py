"""Delta debugging against sets that are known to fail."""

import itertools

import pytest

from core.bisect.arm_values import Set
from core.bisect.ddmin import ddmin


@pytest.mark.parametrize("culprits", [c for n in (1, 2, 3) for c in itertools.combinations("abcdef", n)])
def test_ddmin_finds_the_smallest_set(culprits: tuple[str, ...]) -> None:
    seen: list[Set] = []

    def fails(trial: Set) -> bool:
        seen.append(trial)
        return set(culprits) <= trial

    assert ddmin("abcdef", fails) == set(culprits)
    assert frozenset() not in seen
    assert frozenset("abcdef") not in seen


def test_ddmin_gives_a_set_of_which_no_part_fails_where_several_do() -> None:
    found = ddmin("abcdef", lambda trial: {"a", "b"} <= trial or {"e", "f"} <= trial)
    assert found in ({"a", "b"}, {"e", "f"})
