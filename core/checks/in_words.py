"""Sentences that name settings by their keys, in the words of the form."""

import re

from core.config import keys, setting
from core.models import setting_words

_KEY = re.compile(
    r"(?<![\w.])(?P<key>(?:data|model|training)\.[a-z_]+)(?:=(?P<value>[^\s]*[^\s.,;:)])|(?P<empty> empty\b))?"
)

_BY_PATTERN = re.compile(r", or python -m core split .* --group-pattern (.*)$")
"""A command whose pattern the page's form takes, too."""

_COMMANDS = (
    re.compile(r",? or (?:by )?python -m core [a-z-]+(?: [^\s,;)]+)*(?=[);.]|$)"),
    re.compile(r"\bby --layout or "),
    re.compile(r"--layout or (?=the Dataset page)"),
    re.compile(r"`?python -m core [a-z-]+(?: --[a-z-]+)*`?, or (?=[A-Z])"),
    re.compile(r"(?<=\()--[a-z]+(?: [^()]*)?, or (?=the field beside the file)"),
)
"""What only the command line understands, beside the page that does the same."""


def form_words(text: str) -> str:
    """A sentence with the labels of settings instead of their keys, and without commands beside a page's name.

    Args:
        text: Such as `Shuffle the samples in every epoch: data.shuffle=samples.`
    """
    text = _BY_PATTERN.sub(r", by the pattern \1", text)
    for command in _COMMANDS:
        text = command.sub("", text)
    return _KEY.sub(_in_words, text)


def _in_words(found: re.Match[str]) -> str:
    key, value = found["key"], found["value"]
    if key not in keys():
        return found[0]
    label = f"“{setting_words.label_of(key)}”"
    if found["empty"]:
        return f"{label} set to “{setting_words.word_of(key, '')}”"
    return label if value is None else f"{label} set to “{_value(key, value)}”"


def _value(key: str, value: str) -> str:
    spec = setting(key)
    if isinstance(spec.default, bool):
        return "on" if value in ("true", "on") else "off"
    if spec.metadata["choices"] or key in (setting_words.BACKBONE, setting_words.UNFREEZE):
        return setting_words.word_of(key, value)
    return value
