"""The smallest change to a script that gives it another script's value of the settings that make the difference."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from core.config import make_config
from core.errors import UserError
from core.script.importing import import_script
from core.why.candidates import Source, candidates, lists_made_alike
from core.why.editable import Editable
from core.why.side import settings_of

_MOST_TRIED = 60
"""Edits that are read again for one setting; each takes some milliseconds."""


def repair(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Edits a script until its reader says what is wanted; nothing of it is run.

    Args:
        asked: mapping. `name`, `text`, `wanted` (key to value), `lines` (key to the lines that decide it: pairs of a
            code cell, 0 where it is no notebook, and the line in it), `good` and `good_name` (the other script, or
            empty) and `faults` (ids of findings that are to go).

    Returns:
        `{"text": the edited script, "changed": [keys], "left": [keys that no small edit changes]}`.
    """
    file = Editable(str(asked["text"]), str(asked["name"]))
    flat, changed, left = file.flat, list[str](), list[str]()
    good = _source(Editable(str(asked["good"]), str(asked["good_name"])).flat)
    for key, value in asked["wanted"].items():
        found = _one(file, flat, key, value, file.lines(asked["lines"].get(key, ())), good)
        (left if found is None else changed).append(key)
        flat = found or flat
    for fault in asked["faults"]:
        found = _without_fault(file, flat, fault, file.lines(asked["lines"].get(fault, ())))
        (left if found is None else changed).append(fault)
        flat = found or flat
    return {"text": file.file(flat) if changed else asked["text"], "changed": changed, "left": left}


def _one(file: Editable, flat: str, key: str, value: Any, lines: Sequence[int], good: Source | None) -> str | None:
    """The first edit after which the script has that value, and all its other settings as before."""
    before, source = _settings(file, flat), _source(flat)
    if before is None or source is None:
        return None
    wanted = {**before, key: value}
    found = candidates(source, key, value, lines, good)
    return next((one for one in islice(found, _MOST_TRIED) if _settings(file, one) == wanted), None)


def _without_fault(file: Editable, flat: str, fault: str, lines: Sequence[int]) -> str | None:
    """The first edit that makes a finding go, with all settings as before and no other finding in its place."""
    source = _source(flat)
    if _read_both(file, flat) is None or source is None:
        return None

    def told(text: str) -> tuple[dict[str, Any], set[str]]:
        settings, errors = _read_both(file, text) or ({}, {fault})
        return {key: value for key, value in settings.items() if key not in _CHANGED.get(fault, ())}, errors

    settings, errors = told(flat)
    found = islice(_CURES[fault](source, lines), _MOST_TRIED) if fault in _CURES else ()
    return next((one for one in found if told(one) == (settings, errors - {fault})), None)


_CHANGED = {"class-order-differs": ("data.positive_class",)}
"""Settings that are part of a fault: of two orders of the classes each has its own class that counts as 1."""

_CURES: dict[str, Callable[[Source, Sequence[int]], Iterator[str]]] = {
    "feature-label-misaligned": lambda source, lines: candidates(source, "data.shuffle", "none", lines, None),
    "class-order-differs": lists_made_alike,
}
"""Edits that may make a finding go: only those that mean what the finding says, as a nonsense may silence it, too."""


def _settings(file: Editable, flat: str) -> dict[str, Any] | None:
    found = _read_both(file, flat)
    return found[0] if found else None


def _read_both(file: Editable, flat: str) -> tuple[dict[str, Any], set[str]] | None:
    """The settings of an edited text, and the ids of its errors; None where it cannot be read."""
    try:
        record = import_script(file.for_reader(flat), file.name)
        settings = make_config("sample", settings_of(record)).settings()
    except UserError:
        return None
    return settings, {one["id"] for one in record["findings"] if one["severity"] == "error"}


def _source(flat: str) -> Source | None:
    try:
        return Source(flat) if flat else None
    except (SyntaxError, ValueError):  # no edit is tried: it is said that none was found
        return None
