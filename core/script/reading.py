"""What was read of a script, typed: every setting with its value and the lines of the script that decide it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.script.text import place_of


@dataclass(frozen=True)
class ScriptLine:
    """A line of a script.

    Attributes:
        file: Name of the script.
        line: Its number; in a notebook, its number in the cell.
        text: What it says, without its indentation.
        cell: Number of the code cell of a notebook, from 1 on; 0 where it is no notebook.
    """

    file: str
    line: int
    text: str
    cell: int = 0

    @property
    def place(self) -> str:
        """`line 7`, or `cell 3, line 7`."""
        return place_of({"line": self.line, **({"cell": self.cell} if self.cell else {})})


@dataclass(frozen=True)
class Decision:
    """The value of one setting, and what decides it.

    Attributes:
        key: Of the setting, such as `data.batch_size`.
        value: As a configuration takes it.
        lines: The lines that decide it, the one where it is used first, then those that its value comes from. Of a
            setting that the script leaves to Keras the call that leaves it; empty where there is none.
        why: Where the script leaves it to Keras or to the program, what happens then; else empty.
    """

    key: str
    value: Any
    lines: tuple[ScriptLine, ...] = ()
    why: str = ""

    @property
    def is_stated(self) -> bool:
        """Whether the script says it."""
        return not self.why


def decisions(record: Mapping[str, Any]) -> dict[str, Decision]:
    """Every setting that a script decides, by key.

    Args:
        record: Mapping. As `core.workers.script_client.read_script` gives it.
    """
    name = str(record["name"])
    return {
        key: Decision(key, one["value"], _lines(name, one.get("lines", ())), one.get("why", ""))
        for part in ("settings", "not_stated")
        for key, one in record[part].items()
    }


def _lines(name: str, lines: Any) -> tuple[ScriptLine, ...]:
    return tuple(ScriptLine(name, one["line"], one["text"], one.get("cell", 0)) for one in lines)
