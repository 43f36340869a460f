"""How a script tells one setting."""

from typing import Any

from core.script.importing import import_script


def told_as(text: str, key: str) -> tuple[str, Any]:
    """`stated`, `left out`, `asked` or `beyond`, and the value or the nearest one."""
    record = import_script(text)
    for one in record["open"]:
        if one["key"] == key:
            assert one["why"].startswith("line ") and one["lines"]
            return one["kind"], one.get("nearest")
    if key in record["settings"]:
        return "stated", record["settings"][key]["value"]
    return "left out", record["not_stated"][key]["value"]
