"""What went wrong in a process that computes with Keras, out of what it wrote on stderr."""

import re

_EXCEPTION = re.compile(r"[\w.]*(?:Error|Exception): ")
"""How a traceback names its exception, before the first line of the message."""

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_WRAPPING = ("Exception encountered when calling", "Arguments received by", "•")


def message_of(err: str) -> str:
    """The message of the exception that a process has ended with; Keras puts its own lines before and after it."""
    lines = _COLOURS.sub("", err).splitlines()
    begins = [k for k, line in enumerate(lines) if _EXCEPTION.match(line)]
    if not begins:
        return ""
    name, _, first = lines[begins[-1]].partition(": ")
    message = [line.strip() for line in (first, *lines[begins[-1] + 1 :]) if line.strip()]
    telling = next((line for line in message if not line.startswith(_WRAPPING)), first)
    return "".join(c if c.isprintable() else " " for c in f"{name}: {telling}")[:300]
