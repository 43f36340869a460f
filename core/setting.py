"""Declares a setting of a configuration: default, help, allowed values, conversion from text."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from core.errors import ConfigError

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


LONGEST_TEXT = 500
"""Most characters of a setting that is text."""

_SHOWN = 500
"""Characters of a refused value that a sentence repeats."""


@dataclass(frozen=True)
class Notation:
    """How a setting that is a list is written: one line of text in the program, a list in config.json.

    Attributes:
        read: callable. What comes in to its canonical text; raises ConfigError.
        record: callable. The canonical text as config.json has it.
    """

    read: Callable[[Any], str]
    record: Callable[[str], Any]


def setting_field(
    default: Any,
    label: str,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
    notation: Notation | None = None,
) -> Any:
    """A dataclass field that knows its own label, help text and range.

    Args:
        default: bool, int, float or str. Its type is the setting's type.
        label: str. A few words, for a form.
        help: str. What the setting does, in one to three sentences.
        choices: tuple of str. What a text setting may be. Defaults to anything.
        low: float. Smallest number allowed. Defaults to no limits.
        high: float. Largest number allowed.
        notation: Notation. Of a setting that is more than a number or a word, such as a list. Defaults to none.
    """
    limits = {"choices": choices, "low": low, "high": high}
    return field(default=default, metadata={"label": label, "help": help, **limits, "notation": notation})


def convert(key: str, spec: dataclasses.Field[Any], value: Any) -> Any:
    """The value in the setting's own type; text from a command line is read, other types must fit already.

    Raises:
        ConfigError: names the setting, what came and what is allowed.
    """
    if spec.metadata.get("notation"):
        return spec.metadata["notation"].read(value)
    kind: type = type(spec.default)
    read = _READERS[kind](value)
    if read is None:
        raise ConfigError(f'{key} is {_WORDS[kind]}, but "{shortened(value)}" came{allowed(spec)}')
    return read


def check(key: str, spec: dataclasses.Field[Any], value: Any) -> None:
    """Raises ConfigError when a value of the right type is outside what the setting allows."""
    choices, low, high = spec.metadata["choices"], spec.metadata["low"], spec.metadata["high"]
    if spec.metadata["notation"]:
        choices = ()  # they are the short names of some lists
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise ConfigError(f"{key} has {len(value):,} characters; it may have {LONGEST_TEXT} at most")
    if (choices and value not in choices) or (low is not None and not low <= value <= high):
        shown = f'"{shortened(value)}"' if isinstance(value, str) else shortened(value)
        raise ConfigError(f"{key} is {shown}{allowed(spec)}")


def check_section(section: Any, part: str) -> None:
    """Checks every field of a frozen section that is being made, and puts its value there in the field's own type.

    Raises:
        ConfigError: see `convert` and `check`.
    """
    for spec in dataclasses.fields(section):
        key = f"{part}.{spec.name}"
        value = convert(key, spec, getattr(section, spec.name))
        check(key, spec, value)
        object.__setattr__(section, spec.name, value)


def allowed(spec: dataclasses.Field[Any]) -> str:
    """The end of a sentence that says what the setting may be; empty where anything goes."""
    if spec.metadata["choices"]:
        return f"; it may be {', '.join(spec.metadata['choices'])}"
    if spec.metadata["low"] is not None:
        return f"; it may be {_number(spec.metadata['low'])} to {_number(spec.metadata['high'])}"
    return ""


def is_printable(name: str) -> bool:
    """Whether a name has nothing that cannot be shown; the invisible joiner within an emoji can."""
    return name.replace("\N{ZERO WIDTH JOINER}", "").isprintable()


def shortened(value: Any) -> str:
    """A value as a sentence repeats it: what comes from outside may have megabytes, or lines and colours of its own."""
    try:
        text = str(value)
    except ValueError:  # a whole number of thousands of digits, which Python does not write out
        text = "a number of thousands of digits"
    shown = "".join(c if is_printable(c) else "\N{REPLACEMENT CHARACTER}" for c in text[:_SHOWN])
    return shown if len(text) <= _SHOWN else f"{shown}…"


def _number(value: float) -> str:
    """Whole numbers in full, others in their shortest form."""
    return str(value) if isinstance(value, int) else f"{value:g}"


def _read_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _read_bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    word = shortened(value).lower()
    return word in _TRUE if word in (*_TRUE, *_FALSE) else None


def _read_number(value: Any, kind: type) -> int | float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number) or (kind is int and number != int(number)):
        return None
    return int(number) if kind is int else number


_READERS: dict[type, Callable[[Any], Any]] = {
    str: _read_text,
    bool: _read_bool,
    int: partial(_read_number, kind=int),
    float: partial(_read_number, kind=float),
}
"""What reads a value of each type; None is what cannot be read."""
