"""A process of its own that searches file names for a person's regular expression: it may take for ever, and is ended.

Run as a script, with nothing but the standard library, so that it starts in a few hundredths of a second. Standard
input has `{"pattern", "names", "seconds"}`, standard output gets `{"groups": parentheses in it, "found": [text]}` or
`{"refused": why}`. Python's `re` holds the interpreter's lock while it searches, so no thread and no signal handler
of Python could stop it; `faulthandler` watches from outside the interpreter, on every system, and also ends a child
whose parent is gone.
"""

import faulthandler
import json
import re
import sys
from typing import Any


def main() -> None:
    """Answers the one request on standard input."""
    request = json.load(sys.stdin.buffer)
    faulthandler.dump_traceback_later(request["seconds"], exit=True)
    answer = find(request["pattern"], request["names"])
    sys.stdout.buffer.write(json.dumps(answer).encode())


def find(pattern: str, names: list[str]) -> dict[str, Any]:
    """What the first group (or the whole match) is in each name; an empty text where the pattern is not found."""
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return {"refused": str(error)}
    which = 1 if compiled.groups else 0
    matches = map(compiled.search, names)
    return {"groups": compiled.groups, "found": [(match[which] or "") if match else "" for match in matches]}


if __name__ == "__main__":
    main()
