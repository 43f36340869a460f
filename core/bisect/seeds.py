"""Training seeds of a bisect's trials, the same for every trial."""

from core.stats.paired_seeds import LOOKS

SEEDS = LOOKS[-1]
"""Trainings of one trial at most."""


def seeds_of(a: int, b: int) -> list[int]:
    """Training seeds of every trial: fresh ones.

    The two runs themselves are shown and nothing is inferred from them, as they were chosen because they differ.

    Args:
        a: int. Run A's own.
        b: int. Run B's own.
    """
    return [seed for seed in range(1, SEEDS + 3) if seed not in (a, b)][:SEEDS]
