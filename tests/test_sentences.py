"""Lists of words, and counts, in a sentence."""

import pytest

from core.sentences import counted, listed


@pytest.mark.parametrize(
    ("words", "text"), [((), ""), (("A",), "A"), (("A", "B"), "A and B"), (("A", "B", "C"), "A, B and C")]
)
def test_words_are_listed_as_in_a_sentence(words: tuple[str, ...], text: str) -> None:
    assert listed(words) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 images"), (1, "1 image"), (2, "2 images"), (1200, "1,200 images")])
def test_one_is_singular(number: int, text: str) -> None:
    assert counted(number, "image") == text
