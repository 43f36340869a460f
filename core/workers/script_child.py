"""Child process that reads a pasted Keras script within limits of memory and time.

    python -m core.workers.script_child

On stdin a line of JSON (`name`, `keras`), then the script's bytes. Prints one JSON object: `record`, or `error` with
one sentence. Imports neither TensorFlow nor numpy, so that it starts in a fraction of a second.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from core import files
from core.errors import UserError
from core.script.text import decode
from core.workers.limited import limit

MEMORY, SECONDS = 512 * 2**20, 5
"""Address space and processor time; the longest script that is let in takes a third of either."""

Read = Callable[[bytes, str, str | None], dict[str, Any]]


def read(content: bytes, name: str, keras_version: str | None) -> dict[str, Any]:
    """The record of a script's file; see `import_script`.

    Raises:
        UserError: it cannot be read; one sentence.
    """
    from core.script.importing import import_script  # whoever asks this process needs none of it

    return import_script(decode(content, name), name, keras_version)


def main(read: Read = read, seconds: int = SECONDS) -> int:
    """Reads what stands on stdin.

    Args:
        read: callable. From bytes, name and version to a record. Defaults to the reader of scripts.
        seconds: int. Of the processor's time. Defaults to what a script may take.
    """
    limit(MEMORY, seconds)
    asked = json.loads(sys.stdin.buffer.readline())
    try:
        answer = {"record": files.finite(read(sys.stdin.buffer.read(), asked["name"], asked["keras"]))}
    except UserError as error:
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer, allow_nan=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
