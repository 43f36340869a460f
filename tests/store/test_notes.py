"""Notes and tags: what is kept, what is refused, what a filter finds."""

import pytest

from core.config import make_config
from core.errors import RunError
from core.store.notes import LONGEST_NOTE, Note, matches, read_note, write_note
from core.store.runs import Run, RunStore


@pytest.fixture
def run() -> Run:
    return RunStore().create(make_config("sample", {}, name="Baseline"))


def test_a_note_comes_back_as_it_was_written(run: Run) -> None:
    assert read_note(run) == Note()
    written = write_note(run, "  zwei Zeilen\n猫 <b>  ", ["  to  keep ", "Paper", "paper", ""])
    assert written == Note("zwei Zeilen\n猫 <b>", ("to keep", "Paper"))
    assert read_note(run) == written


@pytest.mark.parametrize("content", ["", "[1]", '{"text": 1, "tags": []}', '{"text": "a"}'])
def test_a_damaged_note_is_none(run: Run, content: str) -> None:
    (run.path / "note.json").write_text(content)
    assert read_note(run) == Note()


@pytest.mark.parametrize(
    ("text", "tags", "sentence"),
    [
        ("x" * (LONGEST_NOTE + 1), [], "the note has 2,001 characters; it may have 2,000 at most"),
        ("", ["a,b"], 'the tag "a,b" is not allowed; it may have 30 characters and no comma'),
        ("", ["x" * 31], f'the tag "{"x" * 31}" is not allowed; it may have 30 characters and no comma'),
        ("", [str(k) for k in range(13)], "a run may have 12 tags, but 13 were given; remove some"),
    ],
)
def test_what_is_too_long_is_refused_and_nothing_changes(run: Run, text: str, tags: list[str], sentence: str) -> None:
    write_note(run, "before", ["kept"])
    with pytest.raises(RunError) as error:
        write_note(run, text, tags)
    assert str(error.value) == sentence
    assert read_note(run) == Note("before", ("kept",))


def test_a_run_of_a_newer_version_is_left_alone(run: Run) -> None:
    (run.path / "config.json").write_text('{"format": 99}')
    with pytest.raises(RunError, match="made by a newer version"):
        write_note(run, "x", [])
    assert not (run.path / "note.json").exists()


@pytest.mark.parametrize(
    ("text", "tags", "found"),
    [
        ("", (), True),
        ("base LINE", (), True),
        ("dropout", (), True),
        ("paper", (), True),
        ("base nothing", (), False),
        ("", ("PAPER",), True),
        ("", ("paper", "keep"), False),
        ("", ("pap",), False),
    ],
)
def test_a_filter_wants_all_words_and_all_tags(text: str, tags: tuple[str, ...], found: bool) -> None:
    assert matches(Note("With dropout", ("Paper",)), "Baseline", text=text, tags=tags) is found
