"""Why a part of a head is not read as one that a run has."""

from typing import Any


class Unread(Exception):
    """An argument of a layer cannot be read; the text says why."""


class Beyond(Exception):
    """A layer does what no head has; the text says what, with the line and what comes nearest."""

    def __init__(self, text: str, line: int, nearest: Any = None) -> None:
        super().__init__(text)
        self.line, self.nearest = line, nearest
