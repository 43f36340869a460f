"""The smallest change to a script that gives it another script's value of the settings that make the difference."""

import difflib
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from core.config import make_config
from core.errors import UserError
from core.script.importing import import_script
from core.why.candidates import Source, candidates
from core.why.side import settings_of

_MOST_TRIED = 60
"""Edits that are read again for one setting; each takes some milliseconds."""


def repair(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Edits a script until its reader says what is wanted; nothing of it is run.

    Args:
        asked: mapping. `name`, `text`, `wanted` (key to value), `lines` (key to the lines that decide it), `good` (the
            other script, or an empty text) and `fault` (id of a finding that is to go, or empty).

    Returns:
        `{"text": the edited script, "changed": [keys], "left": [keys that no small edit changes]}`.
    """
    text, changed, left = str(asked["text"]), list[str](), list[str]()
    good = _source(str(asked["good"]))
    for key, value in asked["wanted"].items():
        found = _one(text, str(asked["name"]), key, value, asked["lines"].get(key, ()), good)
        (left if found is None else changed).append(key)
        text = found or text
    if fault := asked["fault"]:
        found = _without_fault(text, str(asked["name"]), fault, asked["lines"].get(fault, ()))
        (left if found is None else changed).append(fault)
        text = found or text
    return {"text": text, "changed": changed, "left": left}


def unified_diff(name: str, before: str, after: str) -> str:
    """What `patch` takes; empty where nothing was changed."""
    lines = [(one if one.endswith("\n") else f"{one}\n") for one in before.splitlines(keepends=True)]
    others = [(one if one.endswith("\n") else f"{one}\n") for one in after.splitlines(keepends=True)]
    return "".join(difflib.unified_diff(lines, others, f"a/{name.lstrip('/')}", f"b/{name.lstrip('/')}", n=1))


def _one(text: str, name: str, key: str, value: Any, lines: Sequence[int], good: Source | None) -> str | None:
    """The first edit after which the script has that value, and all its other settings as before."""
    before, source = _settings(text, name), _source(text)
    if before is None or source is None:
        return None
    wanted = {**before, key: value}
    found = candidates(source, key, value, lines, good)
    return next((one for one in islice(found, _MOST_TRIED) if _settings(one, name) == wanted), None)


def _without_fault(text: str, name: str, fault: str, lines: Sequence[int]) -> str | None:
    """The first edit of an order that makes a finding go, with all settings as before."""
    before, source = _settings(text, name), _source(text)
    if before is None or source is None:
        return None
    for one in islice(candidates(source, "data.shuffle", "none", lines, None), _MOST_TRIED):
        if _settings(one, name) == before and fault not in _errors(one, name):
            return one
    return None


def _settings(text: str, name: str) -> dict[str, Any] | None:
    try:
        return make_config("sample", settings_of(import_script(text, name))).settings()
    except UserError:
        return None


def _errors(text: str, name: str) -> set[str]:
    return {one["id"] for one in import_script(text, name)["findings"] if one["severity"] == "error"}


def _source(text: str) -> Source | None:
    try:
        return Source(text) if text else None
    except (SyntaxError, ValueError):  # a notebook, say
        return None
