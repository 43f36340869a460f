"""The Train page's findings: shown before the start, applied by a click, made once for each form."""

import pytest
from streamlit.testing.v1 import AppTest

from core.checks.finding import Finding
from pages.shared import state
from pages.shared.train import preflight
from tests.pages.driver import widget


@pytest.fixture
def images(image_folder):
    return image_folder(train=(60, 60), val=(50, 50), size=100)


def open_page(reference: object, **fields: object) -> AppTest:
    at = AppTest.from_file("../../app.py", default_timeout=60)
    at.switch_page("pages/train.py")
    at.session_state[state.DATASET] = str(reference)
    for key, value in {"data__image_size": 96, **fields}.items():
        at.session_state[state.field_key(key.replace("__", "."))] = value
    return at.run()


def texts(elements) -> list[str]:
    return [element.value.replace("\\", "") for element in elements]


def captions(at: AppTest) -> str:
    return " ".join(texts(at.caption))


def test_healthy_form_has_one_line(images):
    at = open_page(images)
    assert not at.exception
    assert "No issues found." in captions(at)
    assert (texts(at.error), texts(at.warning), texts(at.info)) == ([], [], [])


def test_finding_is_shown_and_one_click_repairs_it(images):
    at = open_page(images, data__shuffle="none", model__dropout=0.8)
    assert not at.exception
    assert texts(at.error)[0].startswith("The batches are ordered by class: 3 of 4 hold a single class,")
    assert [expander.label for expander in at.expander if "note" in expander.label] == [
        "1 note on these settings and images"
    ]
    widget(at, "apply:class-ordered-batches").click().run()
    assert widget(at, state.field_key("data.shuffle")).value == "samples"
    assert texts(at.error) == []
    widget(at, "apply:dropout-too-strong").click().run()
    assert widget(at, state.field_key("model.dropout")).value == 0.5
    assert "No issues found." in captions(at)


def test_finding_without_a_setting_has_no_button(image_folder):
    at = open_page(image_folder(train=(40, 40), val=(8, 8), size=100))
    assert texts(at.warning)[0].startswith(
        "16 validation images are few: for example, an accuracy of 88\xa0% would have a 95\xa0% CI of"
    )
    assert not [button for button in at.button if button.label == "Apply"]


def test_checks_run_once_for_each_form_and_data_set(images, monkeypatch):
    calls = []
    awkward = Finding("odd-name", "warning", "The class **<b>x</b>** is `odd`.", {"files": ["<b>"]}, "Rename.")

    def noted(config, dataset):
        calls.append(config)
        return [awkward]

    monkeypatch.setattr(preflight, "preflight", noted)
    at = open_page(images)
    widget(at, state.RUN_NAME).set_value("another name").run()
    assert len(calls) == 1
    widget(at, state.field_key("training.epochs")).set_value(9).run()
    assert len(calls) == 2
    assert at.warning[0].value.startswith(r"The class \*\*\<b\>x\<")


def test_sample_that_is_not_drawn_yet_is_explained():
    assert "The checks need the sample, which is generated" in captions(open_page("sample"))


def test_image_that_has_gone_is_one_sentence(images):
    at = open_page(images)
    for path in (images / "train" / "a").iterdir():
        path.write_bytes(b"")  # the folder's own time stays, so the scan is the old one
    # Another size has to be looked at anew; what was looked at before is kept.
    widget(at, state.field_key("data.image_size")).set_value(72).run()
    assert not at.exception
    assert [text for text in texts(at.error) if text.endswith("png is empty.")]


def test_evidence_shows_the_images_it_names(images):
    copy = images / "val" / "a" / "twin.png"
    copy.write_bytes((images / "train" / "a" / "000.png").read_bytes())
    at = open_page(images)
    assert not at.exception
    assert any("same" in text or "cop" in text for text in texts(at.warning) + texts(at.error))
    shown = [image for block in at.get("image") for image in block.proto.imgs]
    assert sorted(image.alt for image in shown)[:2] == ["train/a/000.png", "val/a/twin.png"]
    breaks = "train/{0}a/{0}000.png".format("\N{ZERO WIDTH SPACE}")  # a narrow line breaks behind a folder's name
    assert breaks in [image.caption.replace("\\", "") for image in shown]


def test_a_pattern_that_never_ends_is_told_and_the_form_stays(images, monkeypatch):
    monkeypatch.setattr("core.data.name_groups.SECONDS", 0.2)
    for path in sorted((images / "train").rglob("*.*")):
        path.rename(path.with_name(f"{'a' * 40}-{path.name}"))
    at = open_page(images / "train", data__group_pattern="^(a+)+$")
    assert not at.exception
    assert texts(at.error)[0].startswith("Group pattern: data.group_pattern '^(a+)+$' takes longer than 0 seconds on")
    at.button[-1].click().run()
    assert not at.exception
