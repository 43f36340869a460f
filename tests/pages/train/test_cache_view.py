"""The cached features on the Train page."""

from streamlit.testing.v1 import AppTest

from core.data.feature_cache import feature_cache
from pages.shared.train.cache_view import title
from pages.shared.widgets.text import file_size


def open_train() -> AppTest:
    at = AppTest.from_file("../../../app.py", default_timeout=60)
    at.switch_page("pages/train.py")
    return at.run()


def expander(at: AppTest) -> str:
    return next(e.label for e in at.expander if e.label.startswith("Feature cache"))


def test_an_empty_cache_offers_nothing_to_remove():
    at = open_train()
    assert expander(at) == "Feature cache: empty (at most 21.5 GB)"
    assert not [b for b in at.button if b.label.startswith("Remove")]


def test_it_is_emptied_by_one_click():
    feature_cache().build("a" * 40, (1000, 500), lambda out: out.fill(1))
    at = open_train()
    assert expander(at) == "Feature cache: 2 MB of at most 21.5 GB"
    next(b for b in at.button if b.label == "Remove 2 MB").click().run()
    assert not at.exception
    assert feature_cache().held() == (0, 0)
    assert [t.value for t in at.toast] == ["Removed 2 MB from the feature cache."]
    assert expander(at) == "Feature cache: empty (at most 21.5 GB)"


def test_sizes_in_words():
    assert file_size(2_340_000) == "2 MB"
    assert file_size(21_474_836_480) == "21.5 GB"
    assert title(3, 10**9, 2 * 10**9) == "Feature cache: 1.0 GB of at most 2.0 GB"
