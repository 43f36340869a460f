"""`python -m core train ... --json` in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def train(home: Path, *arguments: str, **environment: str) -> dict[str, Any]:
    """What the command prints of a run that it has trained to the end."""
    done = subprocess.run(
        [sys.executable, "-m", "core", "train", *arguments, "--json"],
        cwd=ROOT,
        env={**os.environ, "PARITY_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    record: dict[str, Any] = json.loads(done.stdout)
    assert record["status"] == "finished"
    return record
