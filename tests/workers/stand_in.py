"""Stands in for the reader of scripts in its process: does what the script's text says, and never ends by itself."""

import os
import signal
import sys
import time
from typing import Any

from core.workers.script_child import main


def misbehave(content: bytes, name: str, keras_version: str | None) -> dict[str, Any]:
    """One way after another in which a reader could hold up whoever waits."""
    kind = content.decode()
    if kind == "loop":
        while True:
            pass
    if kind == "sleep":
        time.sleep(600)
    if kind == "allocate":
        return {"held": [bytes(2**20) for _ in range(4096)]}
    if kind == "write":
        return {"held": "x" * 5_000_000}
    if kind == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "environment":
        return {"names": sorted(os.environ), "heavy": sorted({"numpy", "tensorflow", "keras"} & sys.modules.keys())}
    raise IndexError("list index out of range")


if __name__ == "__main__":
    sys.exit(main(misbehave, seconds=2))
