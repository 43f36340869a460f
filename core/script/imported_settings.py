"""Settings imported from a pasted Keras script: stated, left open, not stated, not read."""

from dataclasses import dataclass, field
from typing import Any

from core.config import RunConfig, make_config, setting
from core.errors import ConfigError
from core.script.reader import Script, Value
from core.script.values import UNKNOWN, fitting
from core.setting import check, convert

_LONGEST_WORD = 500
"""Characters of a text that a sentence repeats."""

_MOST_NOTES = 100
"""Lines that are listed as not read."""

_WANTED = {int: "a whole number", float: "a number", bool: "True or False", str: "a text"}


@dataclass
class ImportedSettings:
    """Collects settings; every key ends up in one place only.

    Attributes:
        script: Where values come from.
        settings: By key: {"value", "line"}.
        open: {"key", "why", "blocks"}; what blocks has to be known before there is a configuration.
        not_stated: By key: {"value", "why"}: what the script leaves to Keras, and what Keras then does.
        unread: {"line", "text"}: what has no setting or cannot be read.
        dataset: Folder of the data set, as the script writes it.
    """

    script: Script
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    open: list[dict[str, Any]] = field(default_factory=list)
    not_stated: dict[str, dict[str, Any]] = field(default_factory=dict)
    unread: list[dict[str, Any]] = field(default_factory=list)
    dataset: str | None = None

    def state(self, key: str, value: Any, line: int) -> None:
        """A setting that the script states; open instead where the program does not allow the value."""
        if isinstance(value, str) and len(value) > _LONGEST_WORD:
            value = value[:_LONGEST_WORD] + "..."
        try:
            spec = setting(key)
            value = convert(key, spec, value)
            check(key, spec, value)
        except ConfigError as error:
            self.leave_open(key, str(error), line=line)
            return
        self.settings[key] = {"value": value, "line": line}

    def take(self, key: str, value: Value, default: Any, why: str) -> None:
        """An argument as it is: stated, open where it cannot be read, or not stated with Keras' default."""
        if not value.stated:
            self.leave_out(key, default, why)
        elif (known := fitting(value.value, type(setting(key).default))) is not UNKNOWN:
            self.state(key, known, value.line)
        else:
            self.leave_open(key, self.script.why_unknown(value, _WANTED[type(setting(key).default)]))

    def leave_open(self, key: str, why: str, *, line: int = 0, blocks: bool = True) -> None:
        """Something a person has to decide; `line` is the one that leaves it open, 0 where there is none."""
        why = f"{self.script.where(line)}: {why}" if line else why
        if not any(one["key"] == key for one in self.open):
            self.open.append({"key": key, "why": why, "blocks": blocks})

    def leave_out(self, key: str, value: Any, why: str) -> None:
        """A setting that the script does not state."""
        self.not_stated[key] = {"value": value, "why": why}

    def note(self, line: int, text: str) -> None:
        """Something that has no setting or cannot be read."""
        if {"line": line, "text": text} not in self.unread and len(self.unread) < _MOST_NOTES:
            self.unread.append({"line": line, "text": text})
            if len(self.unread) == _MOST_NOTES:
                self.unread.append({"line": line, "text": "this and further lines that are not read are not listed"})

    def finish(self) -> None:
        """Whatever nobody spoke of is not stated and has the program's own value."""
        defaults = make_config("sample", {}).settings()
        spoken = {*self.settings, *self.not_stated, *(one["key"] for one in self.open)}
        for key, value in defaults.items():
            if key not in spoken:
                self.leave_out(key, value, "the script does not say; this is the program's own value")
        self.unread.sort(key=lambda one: one["line"])

    def config(self) -> RunConfig | None:
        """The run that the script describes; None while something that it needs is open."""
        if self.dataset is None or any(one["blocks"] for one in self.open):
            return None
        values = {key: one["value"] for part in (self.not_stated, self.settings) for key, one in part.items()}
        try:
            return make_config(self.dataset, values)
        except ConfigError as error:
            self.leave_open(str(error).split(" ", 1)[0].rstrip(":"), str(error))
            return None
