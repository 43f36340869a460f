"""What the processor says of itself."""

from pathlib import Path

import pytest

from core.models.cpu import has_bfloat16


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16 sse\n", True),
        ("flags : fpu avx2 amx_bf16\n", True),
        ("Features\t: fp asimd bf16 i8mm\n", True),
        ("flags : fpu avx2 avx512f\n", False),
        ("model name : something\n", None),
    ],
)
def test_bfloat16_is_read_from_the_flags(tmp_path: Path, text: str, answer: bool | None) -> None:
    (tmp_path / "cpuinfo").write_text(text, encoding="utf-8")
    assert has_bfloat16(tmp_path / "cpuinfo") is answer


def test_nothing_is_claimed_where_the_system_does_not_say(tmp_path: Path) -> None:
    assert has_bfloat16(tmp_path / "absent") is None
