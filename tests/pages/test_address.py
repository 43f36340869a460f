"""Addresses: what a page shows is in its address or comes back from it, for a reload, a link and the back button."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.config import make_config
from core.feature_check.store import FeatureCheckStore
from core.label_review.store import ReviewStore
from core.lr_search.store import LrSearchStore
from core.store.runs import Run, Status
from core.sweep.store import SweepStore
from core.workers import launch
from pages.shared import state
from pages.shared.shell import address


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "start", lambda run, *, parent_pipe: None)


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image_folder: Callable[..., Path]) -> Path:
    """A dataset in the folder that is open on this server."""
    monkeypatch.setenv("PARITY_DATA", str(tmp_path / "data"))
    return image_folder("data/Röntgen 🩻/neu", train=(6, 6), val=(3, 3))


def opened(page: str, /, **address: str) -> AppTest:
    """A page as a reload, a second tab or a link opens it: in a session of its own."""
    at = AppTest.from_file("../../app.py", default_timeout=60)
    at.switch_page(f"pages/{page}.py")
    for name, value in address.items():
        at.query_params[name.replace("__", ".")] = value
    at.run()
    assert not at.exception
    return at


def address_of(at: AppTest) -> dict[str, str]:
    return {name: value[-1] if isinstance(value, list) else value for name, value in at.query_params.items()}


def again(at: AppTest, page: str) -> AppTest:
    """The same address in a session that knows nothing."""
    return opened(page, **address_of(at))


def value(at: AppTest, key: str) -> Any:
    return at.session_state[state.field_key(key)]


def warnings(at: AppTest) -> str:
    return " ".join(one.value for one in at.warning).replace("\\", "")


def ended(job: Any) -> Any:
    job.write_status(Status(status="finished", created=1e9, message="Done."))
    return job


def test_nothing_usual_stands_in_an_address() -> None:
    assert address_of(opened("train")) == {}
    assert address_of(opened("dataset")) == {}


def test_the_form_comes_back_from_its_address(images: Path) -> None:
    at = opened("train")
    at.session_state[state.DATASET] = str(images)
    at.session_state[state.PRESET] = "question-bottleneck"
    for key, text in (
        ("training.epochs", 7), ("training.learning_rate", 0.0125), ("data.drop_remainder", True),
        ("model.head", "dense 64 relu, dropout 0.5"), ("training.unfreeze_from", ""),
    ):  # fmt: skip
        at.session_state[state.field_key(key)] = text
    at.session_state[state.RUN_NAME] = "Größe & 🩻 <b>"
    at.session_state[state.SWEEP_KEYS] = ["training.seed"]
    at.session_state[state.choices_key("training.seed")] = "4, 5"
    at.session_state[state.SWEEP_BUDGET] = 12
    at.run()
    said = address_of(at)
    assert said["dataset"] == "folder:Röntgen 🩻/neu"
    assert (said["preset"], said["training.epochs"], said["vary"]) == ("question-bottleneck", "7", "training.seed")
    other = again(at, "train")
    assert other.session_state[state.DATASET] == str(images)
    assert (value(other, "training.epochs"), value(other, "training.learning_rate")) == (7, 0.0125)
    assert (value(other, "data.drop_remainder"), value(other, "model.head")) == (True, "dense 64 relu, dropout 0.5")
    assert other.session_state[state.RUN_NAME] == "Größe & 🩻 <b>"
    assert other.session_state[state.SWEEP_KEYS] == ["training.seed"]
    assert other.session_state[state.choices_key("training.seed")] == "4, 5"
    assert other.session_state[state.SWEEP_BUDGET] == 12
    assert address_of(other) == said
    assert "Of the address" not in warnings(other)


def test_back_and_forward_show_what_was_there() -> None:
    at = opened("train")
    at.session_state[state.field_key("training.epochs")] = 7
    at.run()
    first = address_of(at)
    at.session_state[state.field_key("training.epochs")] = 9
    at.run()
    second = address_of(at)
    for asked, epochs in ((first, 7), ({}, 30), (second, 9)):
        at.query_params.clear()
        for name, text in asked.items():
            at.query_params[name] = text
        at.run()
        expected = epochs if asked else make_config("sample", {}).training.epochs
        assert value(at, "training.epochs") == expected
        assert address_of(at) == asked


def test_back_to_a_page_that_was_left_before_another_was_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other page has noted nothing, and Streamlit has forgotten which tab was open."""
    at = opened("dataset", tab="Quality")
    del at.session_state[state.TAB]
    monkeypatch.setattr(address, "came_by_history", lambda: True)
    at.run()
    assert at.session_state[state.TAB] == "Quality"
    assert address_of(at) == {"tab": "Quality"}


def test_whether_the_whole_form_is_open_comes_back() -> None:
    at = opened("train")
    at.session_state[state.CUSTOMISE] = True
    at.run()
    assert address_of(at) == {"customise": "1"}
    assert again(at, "train").session_state[state.CUSTOMISE]
    at.session_state[state.field_key("training.epochs")] = 7  # it opens by itself for that
    at.run()
    assert address_of(at) == {"training.epochs": "7"}
    assert again(at, "train").session_state[state.CUSTOMISE]
    at.session_state[state.CUSTOMISE] = False
    at.run()
    assert address_of(at) == {"training.epochs": "7", "customise": "0"}
    assert not again(at, "train").session_state[state.CUSTOMISE]
    assert 'Customise is "2"; it may be 1' in warnings(opened("train", customise="2"))


def test_the_menu_names_nothing_and_loses_nothing() -> None:
    at = opened("train", training__epochs="7")
    at.query_params.clear()
    at.switch_page("pages/live.py").run()
    at.query_params.clear()
    at.switch_page("pages/train.py").run()
    assert value(at, "training.epochs") == 7
    assert address_of(at) == {"training.epochs": "7"}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("training.epochs", "many", 'training.epochs is a whole number, but "many" came'),
        ("training.epochs", "-3", "training.epochs is -3; it may be 1 to"),
        ("training.epoch", "3", 'There is no setting "training.epoch"'),
        ("preset", "<b>", 'There is no preset "<b>"; there are recommended'),
        ("dataset", "/etc", 'There is no dataset "/etc"'),
        ("dataset", "folder:../..", 'There is no folder "../.."'),
        ("dataset", "upload:../sample", 'There is no upload "../sample" of yours'),
        ("dataset", "run:20200101-000000-000-abcdef", "does not exist"),
        ("vary", "data.image_size", '"data.image_size" is no setting that a sweep varies'),
        ("folds", "1e9", 'Folds is "1e9"; it may be 0 to'),
        ("networks", "Nope", '"Nope" is no network on this machine'),
        ("name", "x" * 101, "Name: at most 100 printable characters"),
        ("model.head", "x" * 501, "model.head has 501 characters; it may have 500 at most"),
        ("sweep", "20200101-000000-000-abcdef", "The sweep in the address does not exist (any more)."),
        ("rate", "20200101-000000-000-abcdef", "The learning-rate search in the address does not exist"),
        ("cv", "../../etc", '"../../etc" is no id of a cross-validation'),
    ],
)
def test_what_is_not_allowed_is_told_and_ignored(images: Path, name: str, text: str, told: str) -> None:
    at = opened("train", **{name: text, "data.batch_size": "16"})
    assert told.casefold() in warnings(at).casefold()
    assert value(at, "data.batch_size") == 16
    assert state.DATASET not in at.session_state
    assert value(at, "training.epochs") == make_config("sample", {}).training.epochs


def test_a_link_to_a_sweep_brings_its_form_back(images: Path) -> None:
    config = make_config(str(images), {"training.epochs": 3})
    trials = [{"training.learning_rate": rate, "model.dropout": 0.2} for rate in (0.1, 0.01)]
    sweep = ended(SweepStore().create(config, trials, 5))
    at = opened("train", sweep=sweep.id)
    assert value(at, "training.epochs") == 3
    assert at.session_state[state.DATASET] == str(images)
    assert at.session_state[state.SWEEP_KEYS] == ["training.learning_rate", "model.dropout"]
    assert at.session_state[state.choices_key("training.learning_rate")] == "0.1, 0.01"
    assert at.info[0].value.replace("\\", "") == "The form has the settings of this sweep."
    said = address_of(at)
    assert (said["sweep"], said["preset"], said["training.epochs"]) == (sweep.id, "recommended", "3")
    at.session_state[state.field_key("training.epochs")] = 10  # the form may differ from it, and stays so
    at.run()
    assert value(again(at, "train"), "training.epochs") == 10
    at.query_params.clear()
    at.switch_page("pages/live.py").run()
    at.query_params.clear()
    at.switch_page("pages/train.py").run()
    assert address_of(at)["sweep"] == sweep.id


def test_a_link_to_a_learning_rate_search_brings_its_form_back() -> None:
    search = ended(LrSearchStore().create(make_config("sample", {"data.batch_size": 8})))
    at = opened("train", rate=search.id)
    assert (value(at, "data.batch_size"), at.session_state[state.RATE_SEARCH]) == (8, search.id)


def test_the_dataset_page_comes_back_from_its_address(images: Path) -> None:
    at = opened("dataset")
    at.session_state[state.DATASET] = str(images)
    at.session_state[state.SOURCE] = "Folder on this machine"
    at.session_state[state.TAB] = "Batch composition"
    at.session_state[state.field_key("data.shuffle")] = "none"
    at.run()
    said = {"dataset": "folder:Röntgen 🩻/neu", "tab": "Batch composition", "data.shuffle": "none"}
    assert address_of(at) == said
    other = again(at, "dataset")
    assert (other.session_state[state.DATASET], other.session_state[state.TAB]) == (str(images), "Batch composition")
    assert address_of(other) == said


def test_the_images_tab_comes_back_from_its_address(images: Path) -> None:
    said = {"dataset": "folder:Röntgen 🩻/neu", "tab": "Images", "split": "val", "class": "b", "find": "1"}
    at = opened("dataset", **said)
    assert (at.selectbox(key=state.IMAGES_CLASS).value, at.text_input(key=state.IMAGES_SEARCH).value) == ("b", "1")
    assert "1 to 1 of 1 image" in [caption.value for caption in at.caption]
    assert address_of(at) == said
    at.selectbox(key=state.IMAGES_CLASS).set_value("").run()
    assert address_of(at) == {name: value for name, value in said.items() if name != "class"}


def test_a_page_of_images_stands_in_the_address_and_a_choice_begins_anew(
    image_folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PARITY_DATA", str(tmp_path / "data"))
    image_folder("data/many", train=(30, 30), val=(2, 2))
    at = opened("dataset", dataset="folder:many", tab="Images", page="2")
    assert "25 to 48 of 60 images" in [caption.value for caption in at.caption]
    assert address_of(again(at, "dataset"))["page"] == "2"
    at.selectbox(key=state.IMAGES_CLASS).set_value("b").run()
    assert "1 to 24 of 30 images" in [caption.value for caption in at.caption]
    assert "page" not in address_of(at)
    last = opened("dataset", dataset="folder:many", tab="Images", page="99", **{"class": "no such"})
    assert "49 to 60 of 60 images" in [caption.value for caption in last.caption]
    assert "class" not in address_of(last)
    odd = opened("dataset", dataset="folder:many", tab="Images", page="two", split="x")
    assert 'the page of images is "two"; it may be 1 to 1,000,000' in warnings(odd).casefold()
    assert 'there is no split "x"' in warnings(odd).casefold()


def test_a_review_and_a_check_open_their_data_set(images: Path) -> None:
    review = ended(ReviewStore()._make({"review": str(images), "key": "k"}, ""))
    at = opened("dataset", review=review.id)
    assert (at.session_state[state.DATASET], at.session_state[state.TAB]) == (str(images), "Labels")
    assert address_of(at)["review"] == review.id
    config = make_config(str(images), {"data.batch_size": 8})
    check = ended(FeatureCheckStore()._make({"config": config.to_dict(), "key": "k"}, ""))
    at = opened("dataset", check=check.id)
    assert str(at.session_state[state.TAB]).split(" :")[0] == "Problems"
    assert value(at, "data.batch_size") == 8
    assert "does not exist" in warnings(opened("dataset", review="20200101-000000-000-abcdef"))
    assert 'There is no tab "Nope"' in warnings(opened("dataset", tab="Nope"))


def test_what_somebody_else_has_uploaded_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, home: Path, image_folder: Callable[..., Path]
) -> None:
    folder = image_folder("elsewhere", train=(6, 6), val=(3, 3))
    upload = home / "uploads" / "cats"
    upload.parent.mkdir(parents=True)
    folder.rename(upload)
    (upload / ".owner.json").write_text('"tom@lab.example"', encoding="utf-8")
    review = ended(ReviewStore()._make({"review": str(upload), "key": "k"}, ""))
    monkeypatch.setenv("PARITY_MODE", "team")
    monkeypatch.setenv("PARITY_TRAINERS", "*@lab.example")

    def be(address: str) -> None:
        monkeypatch.setattr(st, "user", {"email": address})

    be("eve@lab.example")
    for name, text in (("dataset", "upload:cats"), ("review", review.id)):
        at = opened("dataset", **{name: text})
        assert state.DATASET not in at.session_state or at.session_state[state.DATASET] == "sample"
        assert at.warning
        assert not address_of(at)
    be("tom@lab.example")
    assert opened("dataset", dataset="upload:cats").session_state[state.DATASET] == str(upload)
    assert opened("dataset", review=review.id).session_state[state.DATASET] == str(upload)


def test_the_data_set_of_a_run_is_named_by_the_run(make_run: Callable[..., Run], tmp_path: Path) -> None:
    run = make_run("one", records=1)
    at = opened("train")
    at.session_state[state.DATASET] = str(tmp_path / "pictures")
    at.run()
    assert address_of(at)["dataset"] == f"run:{run.id}"
    assert again(at, "train").session_state[state.DATASET] == str(tmp_path / "pictures")
