"""JSON that a script has as a text."""

import json
from typing import Any

from core.script.flow.machine import Arguments, Handler, Machine, lines_of, unknown, word
from core.script.flow.objects import Const, Items, Mapping, Unknown
from core.script.flow.value import Value
from core.script.values import LONGEST, UNKNOWN, bounded_number

_DEEPEST = 6
_MOST = 200


def _loads(machine: Machine, given: Arguments) -> Value:
    """`json.loads(text)`."""
    text = word(given.get("s", 0))
    if text is None or "json" not in given.name:
        return unknown(given)
    try:
        known = json.loads(text)
    except (ValueError, RecursionError):
        return unknown(given)
    return _value(known, lines_of(given.get("s", 0)), _DEEPEST)


def _value(known: Any, lines: tuple[int, ...], depth: int) -> Value:
    if not depth:
        return Unknown("JSON")
    if isinstance(known, dict):
        return Mapping({key: _value(one, lines, depth - 1) for key, one in list(known.items())[:_MOST]})
    if isinstance(known, list):
        return Items([_value(one, lines, depth - 1) for one in known[:_MOST]], more=len(known) > _MOST)
    is_number = isinstance(known, (int, float)) and not isinstance(known, bool)
    is_too_long = isinstance(known, str) and len(known) > LONGEST
    return Unknown("JSON") if is_too_long or (is_number and bounded_number(known) is UNKNOWN) else Const(known, lines)


HANDLERS: dict[str, Handler] = {"loads": _loads}
