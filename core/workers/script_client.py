"""Client of the child process that reads a pasted Keras script, so that no script can stop whoever asks."""

import json
import os
import threading
from typing import Any

from core.errors import DataError
from core.script.text import LONGEST, is_too_large
from core.workers import script_child
from core.workers.run_module import Ended, bare_environment, run_module

MODULE = "core.workers.script_child"

SECONDS = 20.0
"""Most it may take, the start of the process and other work of the machine included; it takes about 0.3."""

AT_ONCE = max(1, min(4, (os.cpu_count() or 2) - 1))
"""Scripts that one server reads at the same time; more wait for their turn."""

_LARGEST_ANSWER = 4_000_000
"""Bytes; the answer on a long script has some ten thousand."""

_turn = threading.BoundedSemaphore(AT_ONCE)


class Busy(DataError):
    """Others have their scripts read just now: the same script can be read a little later."""


def read_script(content: bytes, name: str, keras_version: str | None = None) -> dict[str, Any]:
    """Reads a Keras training script, or a notebook; nothing of it is run.

    Args:
        content: bytes. The file's, or a pasted text in UTF-8.
        name: str. What to call it in messages; a name that ends in .ipynb is a notebook's.
        keras_version: str. The version of Keras it is for, such as `"2.0.8"`. Defaults to none.

    Returns:
        The record, as `core.script.importing.import_script` describes it.

    Raises:
        DataError: it cannot be read, is too large, or took too much time or memory; one sentence.
        Busy: too many are read just now.
    """
    name = " ".join(name.split())[:100] or "script"
    if is_too_large(content, name):
        raise DataError(f"{name} is too long; {_LESS}")
    header = json.dumps({"name": name, "keras": keras_version}).encode()
    if not _turn.acquire(timeout=SECONDS):
        raise Busy(f"{name} was not read: {AT_ONCE} other scripts are being read; try again in a minute")
    try:
        answer = run_module(
            MODULE, seconds=SECONDS, question=header + b"\n" + content,
            environment=bare_environment(PYTHONDONTWRITEBYTECODE="1"),
        )  # fmt: skip
    except OSError as error:
        raise DataError(
            f"{name} was not read: no process can be started ({error.strerror}); try again later"
        ) from error
    finally:
        _turn.release()
    return _record(answer, name)


_LESS = f"paste the part that trains, at most {LONGEST:,} characters"


def _record(answer: Ended, name: str) -> dict[str, Any]:
    if answer.is_over_time:
        raise DataError(f"reading {name} took more than {script_child.SECONDS} s and was aborted; {_LESS}")
    if answer.is_over_memory:
        raise DataError(f"reading {name} took more than {script_child.MEMORY >> 20} MB and was aborted; {_LESS}")
    if answer.code or len(answer.out) > _LARGEST_ANSWER:
        raise DataError(f"{name} could not be read: {_reason(answer)}; {_LESS}, and report the script that did this")
    told: dict[str, Any] = json.loads(answer.out)
    if "error" in told:
        raise DataError(told["error"])
    record: dict[str, Any] = told["record"]
    return record


def _reason(answer: Ended) -> str:
    if not answer.code:
        return "there are too many findings"
    return answer.last_line[:200] or f"its process ended with code {answer.code}"
