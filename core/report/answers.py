"""What a bisect reports besides its verdict, for the report; results of older versions do not have it."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from core.config import keys
from core.models.setting_words import setting_label, word_of

Record = dict[str, Any]


Table = Callable[[Sequence[str], Sequence[Sequence[Any]]], str]


def answers(found: Record, table: Table) -> str:
    """The second question, the AUC, the note on the metrics, and each factor's values with a reason.

    Args:
        found: dict. As in result.json.
        table: callable. Head and rows to HTML.
    """
    texts = [(found.get("other_images") or {}).get("sentence"), (found.get("auc") or {}).get("sentence")]
    said = "".join(f"<p>{escape(text)}</p>" for text in (*texts, found.get("note")) if text)
    values, why = found.get("values") or {}, found.get("why") or {}
    rows = [
        [setting_label(key), *(_word(key, values[key][side]) for side in "ab"), why.get(key, "")]
        for key in found["factors"]
        if key in values
    ]
    return said + (table(["Setting", "A", "B", "Possible reason"], rows) if rows else "")


def _word(key: str, value: Any) -> str:
    return word_of(key, value) if key in keys() else str(value)
