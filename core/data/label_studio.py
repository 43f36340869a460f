"""Tasks of Label Studio: an image, and what was chosen for it."""

from typing import Any


def image_and_choice(item: dict[str, Any]) -> dict[str, Any]:
    """A task of Label Studio as image and choice; any other object as it is."""
    data = item.get("data")
    if not isinstance(data, dict):
        return item
    choices = [
        choice
        for annotation in _list(item.get("annotations") or item.get("completions"))
        for result in _list(annotation.get("result"))
        if isinstance(result.get("value"), dict)
        for choice in (result["value"].get("choices") or [])
        if isinstance(choice, str)
    ]
    kept = list(dict.fromkeys(choices))
    return {**data, "choice": kept[0] if len(kept) == 1 else ""}


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
