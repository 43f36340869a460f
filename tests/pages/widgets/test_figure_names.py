"""Names from users in figures are text."""

import pytest

from pages.shared.widgets.figure_names import LABEL, literal, short, under_pointer


@pytest.mark.parametrize("name", ["cats", 'O\'Neill "b"', "$x$", "50 %"])
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert literal(name) == short(name) == under_pointer(name) == name


def test_what_plotly_would_read_is_escaped() -> None:
    assert literal("<b>&amp;%{x}") == "&lt;b&gt;&amp;amp;%&#123;x}"


def test_a_long_name_is_cut_before_it_is_escaped() -> None:
    assert short("<" * 40) == "&lt;" * (LABEL - 1) + "…"


def test_long_words_under_the_pointer_have_several_lines() -> None:
    lines = under_pointer(f"{'a ' * 40}predicted as {'b' * 60}<br>").split("<br>")
    assert len(lines) > 2
    assert max(map(len, lines)) < 60
    assert lines[-1].endswith("&lt;br&gt;")
