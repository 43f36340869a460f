"""Delta debugging: a smallest set of settings that still does it."""

from collections.abc import Callable, Sequence

from core.bisect.arm_values import Set


def ddmin(keys: Sequence[str], fails: Callable[[Set], bool]) -> Set:
    """A smallest set that still fails: none of its members can be left out (Zeller and Hildebrandt 2002, figure 1).

    Args:
        keys: sequence of str. All of them together fail.
        fails: callable. Whether a set of keys fails; not asked about the full or the empty set.
    """
    current, parts = list(keys), 2
    while len(current) >= 2:
        size = -(-len(current) // parts)
        chunks = [current[start : start + size] for start in range(0, len(current), size)]
        smaller = next((chunk for chunk in chunks if fails(frozenset(chunk))), None)
        if smaller is not None:
            current, parts = smaller, 2
            continue
        rests = [[key for key in current if key not in chunk] for chunk in chunks]
        rest = next((rest for rest in rests if parts > 2 and fails(frozenset(rest))), None)
        if rest is not None:
            current, parts = rest, max(parts - 1, 2)
        elif len(chunks) == len(current):
            break
        else:
            parts = min(len(current), 2 * parts)
    return frozenset(current)
