"""Lists of words in a sentence."""

import pytest

from core.sentences import listed


@pytest.mark.parametrize(
    ("words", "text"), [((), ""), (("A",), "A"), (("A", "B"), "A and B"), (("A", "B", "C"), "A, B and C")]
)
def test_words_are_listed_as_in_a_sentence(words: tuple[str, ...], text: str) -> None:
    assert listed(words) == text
