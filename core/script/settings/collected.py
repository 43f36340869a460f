"""Settings read from a script, collected: stated, left open, beyond what a run can do, not stated, not read."""

from dataclasses import dataclass, field
from typing import Any

from core.config import RunConfig, make_config, setting
from core.errors import ConfigError
from core.script.reader import Script
from core.script.settings.given import Given
from core.script.values import UNKNOWN
from core.setting import check, convert

_LONGEST_WORD = 500
"""Characters of a text that a sentence repeats."""

_MOST_NOTES = 100
"""Lines that are listed as not read."""

_WANTED = {int: "a whole number", float: "a number", bool: "True or False", str: "a text"}


@dataclass
class Collected:
    """Collects settings; every key ends up in one place only.

    Attributes:
        script: Where values come from.
        settings: By key: {"value", "line", "lines"}.
        open: {"key", "why", "blocks", "lines", "kind"} and, where there is one, "nearest"; what blocks has to be known
            before there is a configuration. `kind` is `asked` where a person has to say what the script does not,
            and `beyond` where the script says what no run can do; `nearest` is then the value that comes nearest.
        not_stated: By key: {"value", "why", "lines"}: what the script leaves to Keras, and what Keras then does.
        unread: {"line", "text"}: what has no setting or cannot be read.
        dataset: Folder of the dataset, as the script writes it.
        dataset_lines: The lines that say so.
    """

    script: Script
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    open: list[dict[str, Any]] = field(default_factory=list)
    not_stated: dict[str, dict[str, Any]] = field(default_factory=dict)
    unread: list[dict[str, Any]] = field(default_factory=list)
    dataset: str | None = None
    dataset_lines: tuple[int, ...] = ()

    def state(self, key: str, value: Any, *lines: int) -> None:
        """A setting that the script states, with the lines that decide it; beyond a run where its value is refused."""
        if isinstance(value, str) and len(value) > _LONGEST_WORD:
            value = value[:_LONGEST_WORD] + "..."
        try:
            spec = setting(key)
            value = convert(key, spec, value)
            check(key, spec, value)
        except ConfigError as error:
            self.beyond(key, str(error), *lines)
            return
        self.settings[key] = {"value": value, "line": lines[0], "lines": list(lines)}

    def take(self, key: str, given: Given, default: Any, why: str) -> None:
        """An argument as it is: stated, open where it cannot be read, or not stated with Keras' default."""
        kind = type(setting(key).default)
        if given.value is None:
            self.leave_out(key, default, why, given.line)
        elif (known := given.fitting(kind)) is not UNKNOWN:
            self.state(key, known, *given.lines)
        else:
            self.ask(key, self.why_unknown(given, _WANTED[kind]), given.line)

    def why_unknown(self, given: Given, wanted: str) -> str:
        """Why an argument is not what is wanted, for a person, with its line."""
        if given.is_known:
            return f"{self.script.where(given.line)}: {given.text or given.known} is not {wanted}"
        return given.why

    def ask(self, key: str, why: str, *lines: int, blocks: bool = True) -> None:
        """Something that the script does not say and a person has to."""
        self._open(key, why, "asked", lines, blocks=blocks)

    def beyond(self, key: str, why: str, *lines: int, nearest: Any = None) -> None:
        """Something that no run can do, and the value that comes nearest; None where there is none."""
        why = f"{self.script.where(lines[0])}: {why}" if lines and lines[0] else why
        self._open(key, why, "beyond", lines, blocks=True)
        if nearest is not None and (one := next((one for one in self.open if one["key"] == key), None)):
            one.setdefault("nearest", nearest)

    def _open(self, key: str, why: str, kind: str, lines: tuple[int, ...], *, blocks: bool) -> None:
        if not any(one["key"] == key for one in self.open):
            known = [line for line in lines if line]
            self.open.append({"key": key, "why": why, "blocks": blocks, "kind": kind, "lines": known})

    def leave_out(self, key: str, value: Any, why: str, *lines: int) -> None:
        """A setting that the script does not state, and the call that leaves it out."""
        self.not_stated[key] = {"value": value, "why": why, "lines": [line for line in lines if line]}

    def note(self, line: int, text: str) -> None:
        """Something that has no setting or cannot be read."""
        if {"line": line, "text": text} not in self.unread and len(self.unread) < _MOST_NOTES:
            self.unread.append({"line": line, "text": text})
            if len(self.unread) == _MOST_NOTES:
                self.unread.append({"line": line, "text": "this and further lines that are not read are not listed"})

    def finish(self) -> None:
        """Whatever nobody spoke of is not stated and has this is Parity's default; what is open is nowhere else."""
        defaults = make_config("sample", {}).settings()
        for one in self.open:
            self.settings.pop(one["key"], None)
            self.not_stated.pop(one["key"], None)
        for key in self.settings:
            self.not_stated.pop(key, None)
        spoken = {*self.settings, *self.not_stated, *(one["key"] for one in self.open)}
        for key, value in defaults.items():
            if key not in spoken:
                self.leave_out(key, value, "the script does not say; this is Parity's default")
        self.unread.sort(key=lambda one: one["line"])

    def config(self) -> RunConfig | None:
        """The run that the script describes; None while something that it needs is open."""
        if self.dataset is None or any(one["blocks"] for one in self.open):
            return None
        try:
            return make_config(self.dataset, self.values())
        except ConfigError as error:
            self.ask(str(error).split(" ", 1)[0].rstrip(":"), str(error))
            return None

    def values(self) -> dict[str, Any]:
        """The settings that are known, by key."""
        return {key: one["value"] for part in (self.not_stated, self.settings) for key, one in part.items()}

    def nearest(self) -> dict[str, Any] | None:
        """The settings of the nearest run, by key, where the script goes beyond what a run can do; else None."""
        beyond = [one for one in self.open if one["kind"] == "beyond"]
        if not beyond or any("nearest" not in one for one in beyond):
            return None
        return {**self.values(), **{one["key"]: one["nearest"] for one in beyond if one["key"] != WHOLE}}


WHOLE = "script"
"""Key of what is open about a script as a whole, such as its loss."""
