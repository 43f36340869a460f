"""Client of the child process that looks for the smallest change to a script."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.script.text import LARGEST
from core.why.side import ScriptSide, places_of
from core.workers.run_module import bare_environment, run_module

_SECONDS = 180.0
_LARGEST_ANSWER = 3 * LARGEST
"""Of a notebook with its images, in JSON."""


def repaired_text(
    bad: ScriptSide, good: ScriptSide, keys: Sequence[str], faults: Sequence[str] = ()
) -> tuple[str, list[str]]:
    """The script of one side with the other's values of some settings.

    Args:
        bad: ScriptSide. A script.
        good: ScriptSide. A script, or the preset.
        keys: sequence of str. Settings that make the difference.
        faults: sequence of str. Ids of findings that are to go. Defaults to none.

    Returns:
        The text, unchanged where nothing small was found, and what could not be changed.
    """
    wanted = {key: good.config.settings()[key] for key in keys}
    lines = {key: [(one.cell, one.line) for one in bad.lines(key)] for key in keys}
    for one in bad.faults():
        if one["id"] in faults:
            lines[one["id"]] = places_of(one["evidence"])
    asked = {
        "name": bad.name, "text": bad.text, "good": good.text, "good_name": good.name, "wanted": wanted,
        "lines": lines, "faults": list(faults),
    }  # fmt: skip
    question = b'{"name": "", "keras": null}\n' + json.dumps(asked).encode()
    everything = [*keys, *faults]
    try:
        ended = run_module(
            "core.why.repair_child", seconds=_SECONDS, question=question,
            environment=bare_environment(PYTHONDONTWRITEBYTECODE="1"),
        )  # fmt: skip
    except OSError:
        return bad.text, everything
    if ended.code or not ended.in_time or len(ended.out) > _LARGEST_ANSWER:
        return bad.text, everything
    told: Mapping[str, Any] = json.loads(ended.out).get("record") or {}
    return str(told.get("text", bad.text)), list(told.get("left", everything))
