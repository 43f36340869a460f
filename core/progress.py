"""Progress callbacks: the types by which long work reports how far it is."""

from collections.abc import Callable

Progress = Callable[[int, int], object]
"""Called with what is done and how much there is in all, in whatever the work counts."""
StepProgress = Callable[[str, float], object]
"""Called with what is being done, in words, and the share that is done, 0 to 1."""
