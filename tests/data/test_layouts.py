"""Every folder that people have is read rightly, or refused with what to do; nothing is misread in silence."""

import json

import pytest

from core.data.layout_choice import parse_choice, read_choice, remember_choice
from core.data.scan import scan
from core.errors import ConfigError, DataError, LayoutQuestion
from tests.data.layout_cases import CASES, build, check


@pytest.mark.parametrize("name", CASES)
def test_each_layout_is_read_rightly_or_refused(name, tmp_path):
    check(CASES[name], tmp_path / "data")


def test_links_are_named_as_links(tmp_path):
    store = build(tmp_path / "store", "{covid,normal}=3 wild=2")
    (tmp_path / "set").mkdir()
    for label in ("covid", "normal"):
        (tmp_path / "set" / label).symlink_to(store / label)
    with pytest.raises(DataError, match=r"only links to folders \(covid, normal\), which are not followed"):
        scan(tmp_path / "set")
    half = build(tmp_path / "half", "cats=3")
    (half / "dogs").symlink_to(store / "wild")
    with pytest.raises(DataError, match=r"only one class, cats, .*dogs is a link, not followed\."):
        scan(half)
    inner = build(tmp_path / "inner", "{cats,dogs}=3")
    (inner / "cats" / "wild").symlink_to(store / "wild")
    assert scan(inner).skipped == (("cats/wild", "is a link to a folder; links are not followed"),)


def test_a_choice_is_remembered_beside_the_data_set_until_it_is_taken_back(tmp_path, monkeypatch):
    root = build(tmp_path / "data", "siteA/{cats,dogs}=3 siteB/{cats,dogs}=2")
    for word, classes in (("inner", ("cats", "dogs")), ("classes", ("siteA", "siteB"))):
        remember_choice(root, parse_choice(word))
        assert scan(root).classes == classes
        assert scan(root).reading == word
    remember_choice(root, parse_choice("train=siteB,val=siteA"))
    assert json.loads((root / ".parity-layout.json").read_text())["parts"] == {"train": ["siteB"], "val": ["siteA"]}
    assert (scan(root).layout, scan(root).reading) == ("splits", "train=siteB,val=siteA")
    assert read_choice(root) == parse_choice("train=siteB,val=siteA")
    remember_choice(root, parse_choice("auto"))
    assert not (root / ".parity-layout.json").exists()
    with pytest.raises(LayoutQuestion) as caught:
        scan(root)
    assert [word for word, _ in caught.value.ways] == ["inner", "classes"]


HANDS = '{"version": 1, "layout": "parts", "parts": '


@pytest.mark.parametrize(
    "record",
    ["{", "[]", '{"version": 9}', '{"version": 1, "layout": 3}', HANDS + '{"val": ["a"]}}', HANDS + '{"train": 3}}'],
)
def test_a_damaged_choice_counts_as_none(tmp_path, record):
    root = build(tmp_path / "data", "{cats,dogs}=3")
    (root / ".parity-layout.json").write_text(record)
    assert scan(root).classes == ("cats", "dogs")


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("trains", r"--layout is trains; it may be parts, .*classes, inner, names, .*fewer, auto, or name the parts"),
        ("valid=a", r"--layout has valid=a; give each split once"),
        ("train=a,train=b", "give each split once"),
        ("val=a", r"there is no folder to train on; --layout needs train=FOLDER"),
        ("train=a,val=a", "names a folder twice"),
    ],
)
def test_a_layout_that_is_none_is_refused_in_a_sentence(word, message):
    with pytest.raises(ConfigError, match=message):
        parse_choice(word)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "names",
            r"cannot be read with --layout names; possible: classes, fewer, inner; --layout auto resets the choice\.",
        ),
        ("train=more,val=../x", r"--layout names the folder \.\./x for val, but there is none in"),
        ("train=more,val=birds", r"--layout names the folder birds for val, but there is none in"),
        ("train=cats,val=dogs", r"cats/ has no class folders with images, so it cannot be a split"),
    ],
)
def test_a_choice_that_does_not_fit_is_refused_in_a_sentence(tmp_path, word, message):
    root = build(tmp_path / "data", "{cats,dogs}=3 more/{cats,dogs}=1")
    with pytest.raises(DataError, match=message):
        scan(root, choice=parse_choice(word))


def test_a_folder_of_too_many_entries_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("core.data.listing.MAX_ENTRIES", 7)
    root = build(tmp_path / "data", "{cats,dogs}=3")
    with pytest.raises(DataError, match=r"has more than 7 files and folders; choose the dataset's folder\."):
        scan(root)
