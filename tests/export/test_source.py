"""Picking a script's text out of the program's: flags decided, what is not needed left out."""

from pathlib import Path

import pytest

from core.export import source
from core.export.source import imports_of, needed, pieces_of

MODULE = '''
import math
from pathlib import Path
from core.errors import DataError

FLAG = True

# Why it is three.
SIZE = 3
"""Said below."""

if SIZE:
    print("no definition")


def main():
    """Do it."""
    if FLAG:
        # Only then.
        return inner(SIZE)  # type: ignore[no-any-return]
    return other()


@cache
def inner(n):
    if FLAG:
        n += 1
    else:
        n -= 1
    return math.sqrt(n)


def other():
    return Path(".")
'''


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m.py").write_text(MODULE)
    monkeypatch.setattr(source, "ROOT", tmp_path)


def script(flag: bool) -> str:
    chosen, mentioned = needed(pieces_of("m.py", {"FLAG": flag}), "main", {})
    return "\n".join([*imports_of(["m.py"], mentioned), *(piece.text for piece in chosen)])


def test_a_flag_keeps_one_branch_and_nothing_behind_a_return() -> None:
    assert (
        script(True)
        == '''import math
# Why it is three.
SIZE = 3
"""Said below."""
def main():
    """Do it."""
    # Only then.
    return inner(SIZE)
@cache
def inner(n):
    n += 1
    return math.sqrt(n)'''
    )


def test_what_the_other_branch_needs_comes_instead() -> None:
    assert (
        script(False)
        == '''from pathlib import Path
def main():
    """Do it."""
    return other()
def other():
    return Path(".")'''
    )


def test_names_that_somebody_else_defines_are_not_taken() -> None:
    chosen, mentioned = needed(pieces_of("m.py", {"FLAG": True}), "main", {"SIZE": 1, "inner": 1})
    assert [piece.names for piece in chosen] == [("main",)]
    assert {"SIZE", "inner"} <= mentioned
