"""The documentation says what the program does: every setting with its default, range and meaning."""

from pathlib import Path

from core.checks.quality import KINDS
from core.config import keys, setting

SETTINGS = Path(__file__).resolve().parent.parent / "docs" / "settings.md"


def row(key: str) -> str:
    """The line of the table for a setting, from the setting's own words."""
    spec = setting(key)
    meta = spec.metadata
    default = str(spec.default).lower() if isinstance(spec.default, bool) else f"{spec.default}"
    allowed = ", ".join(f"`{choice}`" for choice in meta["choices"])
    if meta["low"] is not None:
        allowed = f"{meta['low']:g} to {meta['high']:,}"
    return f"| `{key}` | {f'`{default}`' if default else 'empty'} | {allowed} | {meta['help']} |"


def test_every_setting_is_documented_in_its_own_words() -> None:
    lines = SETTINGS.read_text(encoding="utf-8").splitlines()
    assert [line for key in keys() if (line := row(key)) not in lines] == []


def test_every_question_about_quality_is_documented_with_its_limit() -> None:
    lines = (SETTINGS.parent / "dataset.md").read_text(encoding="utf-8").splitlines()
    said = [f"| {kind.title} | {kind.limit} | {kind.meaning} |" for kind in KINDS]
    assert [line for line in said if line not in lines] == []
