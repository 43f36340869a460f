"""What a person's regular expression finds in file names, searched for in a child process with a time limit.

`(a+)+$` on a name of many a's takes longer than anybody lives, and Python's `re` cannot be interrupted: in this process
it would stop every page and the command line. What was found is kept, so that a page that is drawn again starts no
child, and neither does the check that asks about the same names once more.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import ConfigError

SECONDS = 5.0
"""What a search may take; a sound pattern goes through 100,000 names in a tenth of a second."""

SECONDS_PER_NAME = 5e-5
"""And this much more for each name: some fifty times what a sound pattern needs."""

MOST_NAMES, LONGEST_NAME = 1_000_000, 4096

KEPT_PATTERNS = 16
"""Patterns whose findings are kept, the latest ones."""

_START_SECONDS = 30.0
"""What a child may take to start and to answer on a machine that is busy with other things."""

_REFUSED_SECONDS = 600.0
"""How long a refusal for want of time holds before the same is tried again."""

_AT_ONCE = 2
"""Children that run at a time: more would take the processor from the pages."""

_CHILD = Path(__file__).with_name("pattern_child.py")


@dataclass
class _Known:
    """What is known of one pattern."""

    parentheses: int = 0
    found: dict[str, str] = field(default_factory=dict)
    refused: str = ""
    """Why it is no regular expression."""
    too_slow: dict[int, float] = field(default_factory=dict)
    """Hash of the names it took too long on, and until when that holds, by the steady clock."""


_known: dict[str, _Known] = {}
_lock = threading.Lock()
_turn = threading.BoundedSemaphore(_AT_ONCE)


def find_groups(names: Sequence[str], pattern: str) -> list[str]:
    """What a regular expression finds in each name: its first group, or the whole match where it has none.

    Args:
        names: sequence of str. At most `MOST_NAMES` of `LONGEST_NAME` characters.
        pattern: str. As Python's `re` has them.

    Returns:
        List of str, one a name; empty where it is not found.

    Raises:
        ConfigError: it is no regular expression, takes too long, or there are too many names.
    """
    known = _look_up(pattern)
    missing = [name for name in dict.fromkeys(names) if name not in known.found]
    if missing or not known.found:  # even without a name it is told whether the pattern is one
        _require_known(known, pattern, missing)
    return [known.found[name] for name in names]


def parentheses(pattern: str) -> int:
    """How many groups in parentheses a regular expression has; only the first one counts.

    Raises:
        ConfigError: it is no regular expression.
    """
    known = _look_up(pattern)
    if not known.found:
        _require_known(known, pattern, [""])
    return known.parentheses


def _look_up(pattern: str) -> _Known:
    """What is known of a pattern; it is the latest now, and the oldest is forgotten."""
    with _lock:
        known = _known.pop(pattern, None) or _Known()
        _known[pattern] = known
        while len(_known) > KEPT_PATTERNS:
            del _known[next(iter(_known))]
    return known


def _require_known(known: _Known, pattern: str, names: list[str]) -> None:
    """Lets a child search the names, unless it is known what comes of that."""
    _refuse_too_much(names)
    key = hash(tuple(names))
    if not _turn.acquire(timeout=_START_SECONDS):
        raise ConfigError(
            "data.group_pattern cannot be tested now: other patterns are being tested; try again in a minute."
        )
    try:
        if not known.refused and known.too_slow.get(key, 0.0) <= time.monotonic():
            _ask(known, pattern, names, key)
    finally:
        _turn.release()
    if known.refused:
        raise ConfigError(f"data.group_pattern is not a regular expression: {known.refused} in {_shown(pattern)}.")
    if key in known.too_slow and known.too_slow[key] > time.monotonic():
        raise ConfigError(
            f"data.group_pattern {_shown(pattern)} takes longer than {_limit(names):.0f} seconds on "
            f"{_counted(names)}; avoid nested repetitions such as (a+)+."
        )


def _ask(known: _Known, pattern: str, names: list[str], key: int) -> None:
    answer = _search(pattern, names)
    if answer is None:
        known.too_slow[key] = time.monotonic() + _REFUSED_SECONDS
    elif "refused" in answer:
        known.refused = answer["refused"]
    else:
        known.parentheses = answer["groups"]
        known.found.update(zip(names, answer["found"], strict=True))


def _search(pattern: str, names: list[str]) -> dict[str, Any] | None:
    """The child's answer; None where it has not answered in time."""
    request = json.dumps({"pattern": pattern, "names": names, "seconds": _limit(names)}).encode()
    began = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(_CHILD)],
            input=request,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_limit(names) + _START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        raise ConfigError(f"data.group_pattern cannot be tested: {error.strerror}.") from error
    if done.returncode == 0:
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer
    if time.monotonic() - began >= _limit(names):
        return None
    raise ConfigError(
        f"data.group_pattern {_shown(pattern)} cannot be tested on {_counted(names)}: its process ended with exit "
        f"code {done.returncode}, perhaps out of memory; use a shorter pattern."
    )


def _limit(names: Sequence[str]) -> float:
    return SECONDS + SECONDS_PER_NAME * len(names)


def _refuse_too_much(names: Sequence[str]) -> None:
    if len(names) > MOST_NAMES:
        raise ConfigError(
            f"data.group_pattern is limited to {MOST_NAMES:,} file names, but there are {len(names):,}; "
            "use auto, or leave it empty."
        )
    if longest := next((name for name in names if len(name) > LONGEST_NAME), ""):
        raise ConfigError(
            f"data.group_pattern is limited to file names of {LONGEST_NAME:,} characters, but one has "
            f"{len(longest):,}; use auto, or leave it empty."
        )


def _counted(names: Sequence[str]) -> str:
    return "1 file name" if len(names) == 1 else f"{len(names):,} file names"


def _shown(pattern: str) -> str:
    return repr(pattern if len(pattern) <= 80 else f"{pattern[:80]}…")
