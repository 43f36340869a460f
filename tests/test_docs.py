"""The documentation says what the program does: every setting with its default, range and meaning."""

from pathlib import Path

import pytest

from core.checks.quality import KINDS, Kind
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


@pytest.mark.parametrize("key", keys())
def test_every_setting_is_documented_in_its_own_words(key: str) -> None:
    assert row(key) in SETTINGS.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_every_question_about_quality_is_documented_with_its_limit(kind: Kind) -> None:
    lines = (SETTINGS.parent / "dataset.md").read_text(encoding="utf-8").splitlines()
    assert f"| {kind.title} | {kind.limit} | {kind.meaning} |" in lines
