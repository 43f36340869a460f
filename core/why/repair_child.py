"""Child process that edits a script and reads each edit again, within limits of memory and time; see `repair`.

python -m core.why.repair_child
"""

import json
import sys
from typing import Any

from core.why.repair import repair
from core.workers import script_child

SECONDS = 60
"""Of the processor's time."""


def _read(content: bytes, name: str, keras_version: str | None) -> dict[str, Any]:
    return repair(json.loads(content))


if __name__ == "__main__":
    sys.exit(script_child.main(_read, SECONDS))
