"""Numbers and moments in words."""

from pathlib import Path

import pytest

from pages.shared.widgets.text import about, duration, interval, moment, number, percent, plain, sentence


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"), (float("nan"), "–"), (float("inf"), "–"), (-1, "–"), (0, "0 s"), (59.6, "60 s"), (125, "2 min"),
        (5399, "1 h 30 min"), (7500, "2 h 05 min"),
    ],
)  # fmt: skip
def test_duration(seconds, words):
    assert duration(seconds) == words


def test_about():
    assert about(125) == "about 2 min"
    assert about(None) == "–"


def test_shares_and_numbers():
    assert percent(0.8625) == "86.2\xa0%"
    assert percent(None) == number(None) == "–"
    assert number(0.98765) == "0.988"
    assert interval([0.8014, 0.91]) == "95 % CI 80.1 to 91.0"


def test_no_line_ends_between_a_number_and_its_percent_sign():
    assert plain("12 % of 400 images") == "12\xa0% of 400 images"
    assert plain("a % b") == "a % b"


def test_moment_is_where_the_viewer_is():
    assert moment(1e9, "Asia/Shanghai") == "2001-09-09 09:46"
    assert moment(1e9, None) == moment(1e9, "No/Such_Zone") == moment(1e9, "../etc") == "2001-09-09 01:46"
    assert moment(0, None) == "–"


def test_sentence():
    assert sentence("there is no run") == "There is no run."
    assert sentence("Done!") == "Done!"
    assert sentence("") == "."


@pytest.mark.parametrize(
    "named", ["syntax.py, line 1: no", "data.batch_size is 5000", "http://a is", "a/b is", "my_f:"]
)
def test_a_name_at_the_beginning_keeps_its_letters(named):
    assert sentence(named) == f"{named}."


def test_every_error_on_a_page_is_a_sentence():
    """`sentence` gives an error of the core its capital and its full stop."""
    root = Path(__file__).parents[3]
    bare = [path.name for path in (root / "pages").rglob("*.py") if "plain(str(error))" in path.read_text("utf-8")]
    assert not bare
