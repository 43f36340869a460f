"""Connected components: what belongs together when pairs do, also by way of a third."""

from collections.abc import Iterable


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
