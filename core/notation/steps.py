"""Lists of steps as a setting's value: `dense 256 relu, dropout 0.5`, or the same as JSON; read, bounded, written.

A setting that is a list is kept as one line of text in its canonical form, so that it is compared, hashed, swept and
shown like any other value. What comes in may be that line, words as in Keras (`Dense(256, "relu"), Dropout(0.5)`), a
JSON array in text, or the array itself.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import ConfigError
from core.setting import shortened

LONGEST_NOTATION = 5000
"""Most characters of a list that is given as text."""

_SPLIT = re.compile(r",(?![^()\[\]]*[)\]])")
"""A comma that is in no bracket."""


@dataclass(frozen=True)
class Argument:
    """One argument of a kind of step.

    Attributes:
        name: str.
        default: int, float or str; its type is the argument's type.
        low: float. Smallest number allowed.
        high: float. Largest number allowed.
        choices: tuple of str. What a text may be.
        by_place: bool. Whether the notation writes its value alone, without its name.
        required: bool. Whether it must be given.
    """

    name: str
    default: Any
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()
    by_place: bool = False
    required: bool = False

    @property
    def allowed(self) -> str:
        """What it may be, in words."""
        if self.choices:
            return ", ".join(self.choices)
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Kind:
    """A kind of step.

    Attributes:
        name: str. As the notation writes it.
        title: str. As a page writes it.
        arguments: tuple of Argument. Those by place first, in their order.
        also: tuple of str. Other names, in small letters without `_`, that are read as this one.
    """

    name: str
    title: str
    arguments: tuple[Argument, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step with all its arguments.

    Attributes:
        kind: str. Name of its kind.
        values: tuple of (name, value). Of every argument, in the kind's order.
    """

    kind: str
    values: tuple[tuple[str, Any], ...] = ()

    def __getitem__(self, name: str) -> Any:
        """The value of an argument."""
        return dict(self.values)[name]


@dataclass(frozen=True)
class Grammar:
    """What a list may hold.

    Attributes:
        word: str. What a step is called, such as `layer`; also its key in JSON.
        kinds: tuple of Kind.
        most: int. Most steps.
    """

    word: str
    kinds: tuple[Kind, ...]
    most: int

    def kind(self, name: str) -> Kind | None:
        """The kind of that name, or of another name for it; None where there is none."""
        plain = _plain(name)
        return next((kind for kind in self.kinds if plain in (_plain(kind.name), *kind.also)), None)

    @property
    def names(self) -> str:
        """Names of all kinds, in words."""
        return ", ".join(kind.name for kind in self.kinds)


class StepError(ConfigError):
    """One step of a list is not allowed.

    Attributes:
        position: int. Of the step, from 0.
        why: str. What is wrong with it, without the setting's name.
    """

    def __init__(self, key: str, word: str, position: int, why: str) -> None:
        super().__init__(f"{key}: {word} {position + 1}: {why}")
        self.position, self.why = position, why


def read_steps(key: str, value: Any, grammar: Grammar) -> tuple[Step, ...]:
    """A list of steps from text, JSON or an array.

    Args:
        key: str. The setting, for sentences.
        value: str, or sequence of steps, each a mapping, a text or a Step.
        grammar: Grammar.

    Raises:
        ConfigError: it is not a list, or too long.
        StepError: a step is not allowed.
    """
    items = _items(key, value, grammar)
    if len(items) > grammar.most:
        raise ConfigError(f"{key} has {len(items):,} {grammar.word}s; it may have {grammar.most} at most")
    return tuple(read_step(key, position, item, grammar) for position, item in enumerate(items))


def read_step(key: str, position: int, item: Any, grammar: Grammar) -> Step:
    """One step from text or a mapping; see `read_steps`.

    Raises:
        StepError: it is not allowed.
    """
    if isinstance(item, Step):
        item = step_record(item, grammar)
    try:
        name, given = _from_text(item, grammar) if isinstance(item, str) else _from_mapping(item, grammar)
        return _step(name, given, grammar)
    except ValueError as error:
        raise StepError(key, grammar.word, position, str(error)) from None


def write_steps(steps: Sequence[Step], grammar: Grammar) -> str:
    """Steps as one line in canonical form: equal lists are equal lines."""
    return ", ".join(_written(step, grammar) for step in steps)


def step_record(step: Step, grammar: Grammar) -> dict[str, Any]:
    """A step as a JSON object: `{"layer": "dense", "units": 256, ...}`."""
    return {grammar.word: step.kind, **dict(step.values)}


def _items(key: str, value: Any, grammar: Grammar) -> list[Any]:
    if isinstance(value, str):
        if len(value) > LONGEST_NOTATION:
            raise ConfigError(f"{key} has {len(value):,} characters; it may have {LONGEST_NOTATION:,} at most")
        if not value.lstrip().startswith(("[", "{")):
            return [part.strip() for part in _SPLIT.split(value) if part.strip()]
        value = _json(key, value, grammar)
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, Sequence) or isinstance(value, bytes):
        raise ConfigError(f'{key} is a list of {grammar.word}s, but "{shortened(value)}" came')
    return list(value)


def _json(key: str, text: str, grammar: Grammar) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{key} is not a list of {grammar.word}s in JSON: {error}") from None


def _from_text(text: str, grammar: Grammar) -> tuple[str, dict[str, Any]]:
    """`dense 256 relu l2=0.01`, or `Dense(256, "relu", l2=0.01)`, as a name and what is given by name."""
    words = re.sub(r"\s*=\s*", "=", re.sub(r"[(),\[\]\"']", " ", text)).split()
    if not words:
        raise ValueError(f"it is empty; a {grammar.word} is one of {grammar.names}")
    kind = grammar.kind(words[0])
    by_place = [argument.name for argument in kind.arguments if argument.by_place] if kind else []
    given: dict[str, Any] = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if equals:
            given[name] = value
        elif by_place:
            given[by_place.pop(0)] = word
        elif kind:
            raise ValueError(f'{kind.name} takes no "{shortened(word)}"{_takes(kind)}')
    return words[0], given


def _from_mapping(item: Any, grammar: Grammar) -> tuple[str, dict[str, Any]]:
    if not isinstance(item, Mapping) or not isinstance(item.get(grammar.word), str):
        raise ValueError(
            f'an object with "{grammar.word}" and its arguments is expected, but "{shortened(item)}" came; '
            f"a {grammar.word} is one of {grammar.names}"
        )
    return item[grammar.word], {str(name): value for name, value in item.items() if name != grammar.word}


def _step(name: str, given: Mapping[str, Any], grammar: Grammar) -> Step:
    kind = grammar.kind(name)
    if kind is None:
        raise ValueError(f'there is no {grammar.word} "{shortened(name)}"; it may be {grammar.names}')
    known = {argument.name for argument in kind.arguments}
    if unknown := [one for one in given if one not in known]:
        raise ValueError(f'{kind.name} has no "{shortened(unknown[0])}"{_takes(kind)}')
    return Step(kind.name, tuple((one.name, _value(kind, one, given)) for one in kind.arguments))


def _takes(kind: Kind) -> str:
    names = ", ".join(argument.name for argument in kind.arguments)
    return f"; it has {names}" if names else "; it has no arguments"


def _value(kind: Kind, argument: Argument, given: Mapping[str, Any]) -> Any:
    """The value of an argument in its own type.

    Raises:
        ValueError: it is absent, of another type, or outside what is allowed.
    """
    if argument.name not in given:
        if argument.required:
            raise ValueError(f"{kind.name} needs {argument.name}; it may be {argument.allowed}")
        return argument.default
    value = given[argument.name]
    read = _word(value, argument) if isinstance(argument.default, str) else _number(value, argument)
    if read is None:
        shown = f'"{shortened(value)}"' if isinstance(value, str) else shortened(value)
        raise ValueError(f"{argument.name} of {kind.name} is {shown}; it may be {argument.allowed}")
    return read


def _word(value: Any, argument: Argument) -> str | None:
    return value.lower() if isinstance(value, str) and value.lower() in argument.choices else None


def _number(value: Any, argument: Argument) -> int | float | None:
    """The number, or None where it is none that is allowed."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    whole = isinstance(argument.default, int)
    if not math.isfinite(number) or not argument.low <= number <= argument.high or (whole and number != int(number)):
        return None
    return int(number) if whole else number


def _written(step: Step, grammar: Grammar) -> str:
    words = [step.kind]
    for argument in next(kind.arguments for kind in grammar.kinds if kind.name == step.kind):
        value = step[argument.name]
        if argument.by_place:
            words.append(str(value))
        elif value != argument.default:
            words.append(f"{argument.name}={value}")
    return " ".join(words)


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "").replace("-", "")
