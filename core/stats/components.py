"""Connected components: what belongs together when pairs do, also by way of a third."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def components(count: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The groups into which pairs join the numbers 0 to `count - 1` (union by the smaller head, path halving).

    Args:
        count: int.
        pairs: iterable of pairs of numbers below `count`.

    Returns:
        Each group in rising order, the groups in the order of their first number; most have a single one.
    """
    parent = list(range(count))

    def head(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for one, other in pairs:
        a, b = head(one), head(other)
        parent[max(a, b)] = min(a, b)
    members: dict[int, list[int]] = {}
    for i in range(count):
        members.setdefault(head(i), []).append(i)
    return list(members.values())


def joined(groups: NDArray[np.int64], ones: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Joins groups by millions of pairs: the larger head of each pair hangs on the smaller, until none is left.

    Args:
        groups: int64 `(count,)`. Of each number the smallest of its group; `arange(count)` where nothing is joined yet.
        ones: int64. First numbers of the pairs, below `count`.
        others: int64. Second numbers, as many.

    Returns:
        The groups, joined, in the same form.
    """
    groups = groups.copy()
    while (apart := groups[ones] != groups[others]).any():
        ones, others = ones[apart], others[apart]
        first, second = groups[ones], groups[others]
        np.minimum.at(groups, np.maximum(first, second), np.minimum(first, second))
        while (above := groups[groups] != groups).any():
            groups[above] = groups[groups[above]]
    return groups
