"""How lists of words and counts stand in a sentence."""

from collections.abc import Sequence


def listed(words: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`; empty where there are none."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def counted(number: int, noun: str) -> str:
    """A count and what is counted: `1 image`, `2 images`, `1,200 images`.

    Args:
        number: int. The count.
        noun: str. The singular; its plural has an s more.
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
