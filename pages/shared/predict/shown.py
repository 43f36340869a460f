"""An image that a run is asked about."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Shown:
    """An image to be predicted.

    Attributes:
        key: Tells it from every other image of this session, whatever it is called.
        name: What the person calls it.
        source: The file, or its bytes.
        truth: Its true class where that is known; else empty.
    """

    key: str
    name: str
    source: Path | bytes
    truth: str = ""
