"""How lists of words stand in a sentence."""

from collections.abc import Sequence


def listed(words: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`; empty where there are none."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
