"""The Dataset page: sources, counts, images, augmentation, batches, problems."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.shared import state
from pages.shared.dataset import health, sources
from pages.shared.shell import server_folders, uploads
from tests.pages.driver import widget

NAME = "Hünde *neu* [x](y)"


@pytest.fixture
def root(tmp_path, monkeypatch, image_folder):
    """The data root, with a good dataset, one of a single class, and one with damage and names."""
    image_folder("data/good", train=(12, 8), val=(3, 3))
    image_folder("data", **{"one class": (4,)})
    image_folder("data", names=(5, 6))
    names = tmp_path / "data" / "names"
    (names / "a").rename(names / NAME)
    (names / "b").rename(names / "猫")
    (names / "猫" / "broken.png").write_bytes(b"\x89PNG...")
    (names / "猫" / "notes.txt").write_text("x")
    monkeypatch.setenv("PARITY_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def open_page(reference: Path | str = "", tab: str = "", source: str = sources.SERVER) -> AppTest:
    at = AppTest.from_file("../../app.py", default_timeout=60)
    at.switch_page("pages/dataset.py")
    at.session_state[state.SOURCE] = source
    if reference:
        at.session_state[state.DATASET] = str(reference)
    if tab:
        at.session_state[state.TAB] = tab
    return at.run()


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def images(at: AppTest) -> list[Any]:
    return [image for block in at.get("image") for image in block.proto.imgs]


def make_zip(names: list[str]) -> bytes:
    image, out = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(image, "PNG")
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, image.getvalue())
    return out.getvalue()


def test_overview_counts_images_by_class_and_split(root):
    at = open_page(root / "good")
    assert not at.exception
    assert {label: value for label, value in metrics(at).items() if not label.startswith(":")} == {
        "Images": "26",
        "Classes": "2",
        "Training": "20",
        "Validation": "6",
        "Unreadable": "0",
        "Excluded": "0",
    }
    table = at.dataframe[0].value
    assert table.values.tolist() == [["a", 12, 3], ["b", 8, 3], ["All", 20, 6]]
    assert at.dataframe[1].value.values.tolist() == [[40, 40, 26]]
    assert at.get("vega_lite_chart")


def test_folder_without_val_is_split_as_the_train_page_says(root):
    at = open_page(root / "names")
    assert (metrics(at)["Training"], metrics(at)["Validation"]) == ("9", "2")
    at.session_state[state.field_key("data.validation_split")] = 0.5
    assert metrics(at.run())["Validation"] == "6"


def test_settings_that_cannot_be_used_do_not_break_the_page(root):
    at = open_page(root / "names")
    at.session_state[state.field_key("data.group_pattern")] = "("
    at.session_state[state.field_key("data.validation_split")] = None
    at.run()
    assert not at.exception
    assert metrics(at)["Validation"] == "2"


def test_names_are_shown_literally_and_problems_by_name(root):
    at = open_page(root / "names", "Problems")
    assert not at.exception
    assert "cannot be read" in at.warning[0].value
    assert at.dataframe[0].value.values.tolist() == [
        ["猫/broken.png", "broken.png is damaged: its header cannot be read."]
    ]
    assert at.dataframe[1].value.values.tolist() == [["猫/notes.txt", "It is not an image by its extension."]]
    captions = [image.caption for image in images(open_page(root / "names", "Images"))]
    assert any("\\*neu\\*" in caption for caption in captions)


def test_images_come_in_pages_and_by_class(root):
    at = open_page(root / "good", "Images")
    assert "1 to 20 of 20 images" in [caption.value for caption in at.caption]
    at.selectbox[-1].set_value("b").run()
    assert not at.exception
    assert len(images(at)) == 8


def test_augmentation_shows_eight_draws_and_one_frozen_draw_is_always_the_same(root):
    at = open_page(root / "good", "Augmentation")
    assert len(images(at)) == 1
    at.session_state[state.field_key("data.augmentation")] = "question"
    at.session_state[state.field_key("data.augmentation_draws")] = 1
    at = at.run()
    at.segmented_control[-1].set_value("question").run()
    assert not at.exception
    urls = [image.url for image in images(at)]
    assert len(urls) == 9
    at.number_input[-1].set_value(0).run()
    assert len({image.url for image in images(at)[1:]}) == 8


def test_xray_states_what_the_batches_hold(root):
    at = open_page(root / "good", "Batch composition")
    assert "0 of 1 batch holds a single class" in said(at)
    at.segmented_control[-1].set_value("none")
    at.number_input[0].set_value(4).run()
    assert not at.exception
    assert "5 of 5 batches hold a single class; longest same-class streak: 12 images (a)." in said(at)
    assert at.get("plotly_chart")


def test_xray_shows_balanced_batches(root):
    at = open_page(root / "good", "Batch composition")
    at.segmented_control[-1].set_value("none").run()
    assert "longest same-class streak: 12 images (a)" in said(at)
    next(toggle for toggle in at.toggle if toggle.label == "Balanced sampling").set_value(True).run()
    assert not at.exception
    assert "longest same-class streak: 10 images (a)" in said(at)


def test_xray_names_what_is_left_out(root):
    at = open_page(root / "good", "Batch composition")
    at.number_input[0].set_value(8)
    at.toggle[0].set_value(True).run()
    assert "The last 4 images are dropped because they do not fill a batch." in [
        caption.value for caption in at.caption
    ]
    at.number_input[0].set_value(64).run()
    assert "No full batch" in said(at)


def test_one_class_and_a_missing_folder_are_refused_in_a_sentence(root):
    at = open_page(root / "one class")
    assert not at.exception
    assert len(at.error) == 1
    assert "only one class" in at.error[0].value.replace("\\", "")
    assert not open_page(root / "gone").exception


def test_empty_class_is_shown_but_cannot_be_trained_on(root):
    (root / "good" / "train" / "c").mkdir()
    at = open_page(root / "good")
    assert "Training on this dataset is not possible yet" in at.error[0].value
    assert "Train on this" not in [button.label for button in at.button]


def test_without_a_data_root_it_says_how_to_set_one(monkeypatch, image_folder):
    monkeypatch.delenv("PARITY_DATA", raising=False)
    at = open_page(image_folder(train=(3, 3), val=(2, 2)))
    assert "PARITY_DATA=~/images make run" in at.info[0].value


def test_folders_are_browsed_and_chosen(root):
    at = open_page(root / "good")
    assert at.selectbox[0].options == ["good", "names", "one class"]
    at.selectbox[0].set_value("names").run()
    next(button for button in at.button if button.label == "Use this folder").click().run()
    assert at.session_state[state.DATASET] == str(root / "names")
    assert metrics(at)["Images"] == "11"


@pytest.mark.parametrize("path", ["..", "../..", "/etc", "good/../../..", "link"])
def test_the_root_cannot_be_left(root, path):
    (root / "link").symlink_to("/")
    assert server_folders.inside(root, path) == root
    assert "link" not in server_folders.subfolders(root, root)


def test_zip_is_taken_in_named_and_offered_again(root):
    at = open_page(root / "good", source=sources.ZIP)
    at.file_uploader[0].upload("Tiere (1).zip", make_zip(["w/a/1.png", "w/a/2.png", "w/b/1.png", "w/b/2.png"])).run()
    assert not at.exception
    assert metrics(at)["Images"] == "4"
    assert at.subheader[0].value.replace("\\", "") == "Tiere (1).zip"
    assert not at.file_uploader[0].value
    again = open_page(root / "good", source=sources.ZIP)
    folder = str(uploads.earlier_uploads()[0])
    again.selectbox[0].set_value(folder).run()
    assert again.session_state[state.DATASET] == folder


def test_zip_that_is_none_is_refused_once(root):
    at = open_page(root / "good", source=sources.ZIP)
    at.file_uploader[0].upload("bad.zip", b"nonsense").run()
    assert not at.exception
    assert [error.value.replace("\\", "") for error in at.error] == ["bad.zip is not a zip file."]
    assert not at.run().error
    assert uploads.earlier_uploads() == []


def test_folder_upload_keeps_its_classes(root):
    at = open_page(root / "good", source=sources.FOLDER)
    image = io.BytesIO()
    Image.new("L", (9, 9)).save(image, "PNG")
    for name in ("pets/a/1.png", "pets/a/2.png", "pets/b/1.png", "pets/b/2.png"):
        at.file_uploader[0].upload(name, image.getvalue())
    at.run()
    assert not at.exception
    assert metrics(at)["Classes"] == "2"
    assert at.subheader[0].value == "pets"


def said(at: AppTest) -> str:
    return " ".join(block.value for block in at.markdown).replace("\\", "")


@settings(
    max_examples=200, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    relative=st.one_of(
        st.text(max_size=30),
        st.lists(st.sampled_from(["..", ".", "", "in", "out", "loop", "/", "~", "\0", "a" * 300]), max_size=8).map(
            "/".join
        ),
    )
)
def test_no_path_leads_out_of_the_root(tmp_path, relative):
    root = (tmp_path / "root").resolve()
    if not root.exists():
        (root / "in" / "in").mkdir(parents=True)
        (root / "out").symlink_to(tmp_path)
        (root / "loop").symlink_to(root / "loop")
    found = server_folders.inside(root, relative)
    assert found == root or (found.is_relative_to(root) and found.is_dir())


def health_of(at: AppTest) -> dict[str, str]:
    return {label.split(" ", 1)[1]: value for label, value in metrics(at).items() if label.startswith(":")}


def test_health_says_what_was_looked_for_and_leads_to_its_tab(root):
    same = (root / "good" / "train" / "a" / "000.png").read_bytes()
    (root / "good" / "val" / "b" / "same.png").write_bytes(same)
    (root / "good" / "train" / "b" / "broken.png").write_bytes(b"\x89PNG...")
    (root / "good" / "train" / "b" / "notes.txt").write_text("x")
    at = open_page(root / "good", "Overview")
    assert not at.exception
    found = health_of(at)
    assert found["Data leakage"] != "none found"
    assert found["Label errors"] == "same image, two classes"
    assert (found["Unreadable"], found["Excluded"], found["Checks with features"]) == ("1", "1", "not run yet")
    assert int(found["Duplicates"]) >= 2
    assert found["Class imbalance"] == "1.2 : 1"
    labels = [tab.label for tab in at.tabs]
    assert labels[0] == "Overview"
    assert any(label.startswith("Quality :orange-badge[") for label in labels)
    assert any(label.startswith("Split :orange-badge[") for label in labels)
    at.button(key="health:Duplicates:open").click().run()
    assert not at.exception
    assert at.session_state[state.TAB].startswith("Quality")
    assert widget(at, state.QUALITY_KIND).value


def test_a_large_data_set_is_checked_when_asked(root, monkeypatch):
    monkeypatch.setattr(health, "AT_ONCE", 10)
    at = open_page(root / "good", "Overview")
    assert "Duplicates" not in health_of(at)
    at.button(key=state.HEALTH_ASK).click().run()
    assert "Duplicates" in health_of(at)


def test_images_are_searched_shuffled_and_shown_large(root):
    at = open_page(root / "good", "Images")
    plain_order = [image.caption for image in images(at)]
    next(button for button in at.button if button.label == "Shuffle").click().run()
    shuffled = [image.caption for image in images(at)]
    assert sorted(shuffled) == sorted(plain_order) and shuffled != plain_order
    next(button for button in at.button if button.label == "As on disk").click().run()
    assert [image.caption for image in images(at)] == plain_order
    at.text_input(key=state.IMAGES_SEARCH).set_value("A/000").run()
    assert len(images(at)) == 1
    at.button(key="detail:train/a/000.png").click().run()
    assert not at.exception
    assert len(images(at)) == 2
    assert any("40 × 40 pixels" in caption.value for caption in at.caption)
    at.text_input(key=state.IMAGES_SEARCH).set_value("nowhere").run()
    assert "nowhere" in at.info[-1].value
