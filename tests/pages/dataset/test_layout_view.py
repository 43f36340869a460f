"""The Dataset page says how folders were read, asks where there are two ways, and keeps what is chosen."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.layout_choice import read_choice
from core.data.table_choice import TableChoice, read_table_choice
from pages.shared import state
from pages.shared.dataset import sources
from tests.data.layout_cases import build


def open_page(reference: Path) -> AppTest:
    at = AppTest.from_file("../../../app.py", default_timeout=60)
    at.switch_page("pages/dataset.py")
    at.session_state[state.SOURCE] = sources.SERVER
    at.session_state[state.DATASET] = str(reference)
    return at.run()


def press(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def captions(at: AppTest) -> str:
    return " ".join(caption.value for caption in at.caption).replace("\\", "")


@pytest.fixture
def sites(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PARITY_DATA", str(tmp_path))
    return build(tmp_path / "data", "siteA/{cats,dogs}=4 siteB/{cats,dogs}=3")


def test_what_was_understood_is_shown_with_the_other_ways(tmp_path, monkeypatch):
    monkeypatch.setenv("PARITY_DATA", str(tmp_path))
    at = open_page(build(tmp_path / "data", "Training/{cats,dogs}=4 Testing/{cats,dogs}=3"))
    assert not at.exception
    assert at.dataframe[0].value.values.tolist() == [["cats", 4, 3], ["dogs", 4, 3], ["All", 8, 6]]
    assert "Splits by folder name: Training/ trains, Testing/ validates" in captions(at)
    options = next(r for r in at.radio if r.label == "The images then are").options
    assert options and not any("layout" in option for option in options)


def test_two_ways_are_asked_about_and_the_choice_is_kept_and_forgotten(sites):
    at = open_page(sites)
    assert not at.exception
    assert at.warning[0].value.startswith("data can be read in two ways")  # not where it lies on the server
    assert not any("--" in text.replace("\\", "") for text in [at.warning[0].value, *at.radio[-1].options])
    at = press(at, "Use this layout")
    assert not at.exception
    assert at.dataframe[0].value.values.tolist()[:2] == [["cats", 6, 1], ["dogs", 6, 1]]
    assert read_choice(sites).key == "inner"
    assert "The folders have been read again" in at.success[0].value
    at = press(at, "Revert to automatic")
    assert "can be read in two ways" in at.warning[0].value


def test_parts_are_named_by_hand(sites):
    at = open_page(sites)
    at = next(t for t in at.toggle if t.label.startswith("Assign each folder")).set_value(True).run()
    train, val, _ = at.multiselect
    assert train.options == ["siteA", "siteB"]
    train.set_value(["siteB"])
    val.set_value(["siteB"])
    at = press(at.run(), "Use these parts")
    assert "names a folder twice" in at.error[0].value
    at.multiselect[1].set_value(["siteA"])
    at = press(at.run(), "Use these parts")
    assert not at.exception
    assert at.dataframe[0].value.values.tolist()[:2] == [["cats", 3, 4], ["dogs", 3, 4]]


def test_whoever_may_not_change_it_is_told_so(sites, monkeypatch):
    monkeypatch.setattr("pages.shared.dataset.curate.may_curate", lambda: False)
    at = open_page(sites)
    assert "may change this dataset" in at.info[0].value
    assert not at.radio


def test_a_table_is_mapped_and_its_columns_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("PARITY_DATA", str(tmp_path))
    root = build(tmp_path / "data", "a#.png=5 b#.png=5")
    lines = [f"{c}{n}.png,{colour},{('round', 'square')[n % 2]}" for c, colour in (("a", "red"), ("b", "blue"))
             for n in range(5)]  # fmt: skip
    (root / "t.csv").write_text("file,colour,shape\n" + "\n".join(lines))
    at = open_page(root)
    assert not at.exception
    assert "t\\.csv has several columns that may be the class" in at.warning[0].value
    at = next(t for t in at.toggle if t.label == "Take the labels from a table").set_value(True).run()
    assert not at.exception
    image = next(s for s in at.selectbox if s.label == "Image")
    assert image.value == "file"
    next(m for m in at.multiselect if m.label == "Class").set_value(["shape"])
    at = press(at.run(), "Use this table")
    assert not at.exception
    assert "The labels now come from the table" in at.success[0].value
    assert [row[0] for row in at.dataframe[0].value.values.tolist()] == ["round", "square", "All"]
    assert read_table_choice(root) == TableChoice("t.csv", "file", "shape", "", "")
    at = press(at, "Revert to automatic")
    assert "several columns that may be the class" in at.warning[0].value
