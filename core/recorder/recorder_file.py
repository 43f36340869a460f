"""Text of parity_recorder.py, which people take away: page and command line give out the same bytes."""

from pathlib import Path

NAME = "parity_recorder.py"


def recorder_bytes() -> bytes:
    """The file."""
    return (Path(__file__).parent / NAME).read_bytes()
