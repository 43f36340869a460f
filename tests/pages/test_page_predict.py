"""Predict: choosing run and images, answers, their file. The model is a function of the test."""

import csv
import io
import shutil

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.errors import RunError
from core.insight.answer import Insight, Prediction
from core.insight.views import ALONE
from core.workers.predict_client import NOT_MEDICAL, answers, to_csv
from pages.shared.predict import asking, image_sources
from pages.shared.widgets.text import plain
from tests.pages.driver import elements


def open_predict(**query: str) -> AppTest:
    at = AppTest.from_file("../../app.py", default_timeout=60)
    for key, value in query.items():
        at.query_params[key] = value
    return at.switch_page("pages/predict.py").run()


def png(level: int = 99) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (30, 20), (level, level, level)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def asked(monkeypatch) -> list[list[str]]:
    """Names of the images in each question to the model, which reads all but `broken.png`."""
    questions: list[list[str]] = []

    def predict(run, images, progress=None, *, heat=False, views=ALONE):
        questions.append([name for name, _ in images])
        a, b = run.classes()
        if progress:
            progress(len(images), len(images))
        return [
            Prediction(name, error="The image is damaged.") if name == "broken.png"
            else Prediction(name, b, 0.75, {a: 0.25, b: 0.75})
            for name, _ in images
        ]  # fmt: skip

    monkeypatch.setattr(asking, "predict", predict)
    return questions


def test_without_a_model_it_says_what_to_do(make_run):
    make_run("no model yet", "queued")
    at = open_predict()
    assert not at.exception
    assert at.info[0].value == (
        "No run has a model yet. Train one, or run the demo on the Home page, which trains two. "
        "Or import a model below."
    )
    assert [box.label for box in at.selectbox] == [
        "Pixel scale in training", "Resizing in training",
    ], "of the form for a model"  # fmt: skip


def test_run_without_model_in_the_address_is_said(make_run):
    make_run("trained", records=1, model=True)
    untrained = make_run("untrained", "queued")
    at = open_predict(run=untrained.id)
    assert not at.exception
    assert at.info[0].value.startswith("This run has no model yet")
    assert "Open this run" in [link.label for link in elements(at, "page_link")]
    assert at.selectbox[0].value is None


@pytest.mark.parametrize("run_id", ["../../etc/passwd", "x" * 5000])
def test_unknown_run_is_said(make_run, run_id):
    make_run("trained", records=1, model=True)
    at = open_predict(run=run_id)
    assert not at.exception
    assert at.error[0].value == "No such run. Choose one from the list."


def test_says_how_images_are_prepared(make_run):
    make_run("trained", records=1, model=True, settings={"data.image_size": 150, "data.preprocessing": "rescale"})
    assert "stretched to 150 × 150 pixels, their values divided by 255" in open_predict().caption[1].value


def test_images_get_cards_and_a_table(make_run, asked):
    make_run("trained", records=1, model=True, classes=("NORMAL", "PNEUMONIA"))
    at = open_predict()
    uploader = at.file_uploader[0]
    uploader.upload("Über 肺 *x*.png", png())
    uploader.upload("Über 肺 *x*.png", png(10))
    uploader.upload("broken.png", b"x")
    at.run()
    assert not at.exception
    assert asked == [["Über 肺 *x*.png", "Über 肺 *x*.png", "broken.png"]]
    assert [bar.text for bar in elements(at, "progress")] == ["PNEUMONIA 75.0\xa0%", "NORMAL 25.0\xa0%"] * 2
    assert at.warning[1].value == f"1 of 3 images could not be read: {plain('broken.png')}; the table says why."
    assert at.error[0].value == plain("The image is damaged.")
    table = at.dataframe[0].value
    assert table["label"].tolist() == ["PNEUMONIA", "PNEUMONIA", ""]
    assert table["p0"].tolist()[:2] == [0.25, 0.25]
    assert table["error"].tolist() == ["", "", "The image is damaged."]
    assert table["image"][0].startswith("data:image/jpeg;base64,")
    assert table["image"][0] != table["image"][1]


def test_what_is_not_read_beside_a_jpeg_stays_named_as_long_as_the_jpeg_is_shown(make_run, monkeypatch):
    def ask(run, images, progress=None, *, heat=False, views=ALONE):
        return list(answers(run, images, lambda pixels: np.full((len(pixels), 2), 0.5)))

    monkeypatch.setattr("pages.shared.predict.asking.predict", ask)
    make_run("trained", records=1, model=True)
    at = open_predict()
    at.file_uploader[0].upload("a.png", png())
    at.file_uploader[0].upload("IMG_1.HEIC", b"\0\0\0\x18ftypavif" + bytes(99))
    at.run()
    at.run()
    assert not at.exception
    said = "IMG_1.HEIC is an AVIF image, which is not read; save it as JPEG or PNG."
    assert at.dataframe[0].value["error"].tolist() == ["", said]
    assert [error.value for error in at.error] == [plain(said)]


def test_a_rerun_does_not_ask_again_but_another_run_does(make_run, asked):
    first = make_run("first", records=1, model=True)
    make_run("second", records=1, model=True)
    at = open_predict()
    at.file_uploader[0].upload("a.png", png())
    at.run()
    at.run()
    assert len(asked) == 1
    at.selectbox[0].set_value(first.id).run()
    assert len(asked) == 2


def test_many_images_get_the_table_alone(make_run, asked):
    make_run("trained", records=1, model=True)
    at = open_predict()
    for number in range(13):
        at.file_uploader[0].upload(f"{number}.png", png(number))
    at.run()
    assert not at.exception
    assert not elements(at, "progress")
    assert len(at.dataframe[0].value) == 13


def test_limits_hold_on_the_server_too(make_run, asked, monkeypatch):
    monkeypatch.setattr(image_sources, "MAX_FILES", 2)
    monkeypatch.setattr(image_sources, "MAX_MEGABYTES", 1)
    make_run("trained", records=1, model=True)
    at = open_predict()
    for name in ("a.png", "b.png", "c.png"):
        at.file_uploader[0].upload(name, png())
    at.file_uploader[0].upload("large.png", bytes(2**20 + 1))
    at.run()
    assert asked == [["a.png", "b.png"]]
    assert [error.value for error in at.error] == [
        plain("Skipped because they are larger than 1 MB: large.png."),
        plain("3 images uploaded; only the first 2 are used. Upload the rest afterwards."),
    ]


def test_images_given_lie_on_the_disk_under_names_of_ours_and_go_when_asked(make_run, asked, home):
    make_run("trained", records=1, model=True)
    at = open_predict()
    at.file_uploader[0].upload("../../etc/cron.d/x.png", png())
    at.run()
    assert asked == [["../../etc/cron.d/x.png"]]
    kept = [path.relative_to(home / "sessions") for path in (home / "sessions").rglob("*") if path.is_file()]
    assert [path.name for path in kept] == ["00000"]
    assert not at.file_uploader[0].value  # the bytes have left the server's memory
    next(b for b in at.button if b.label == "Remove them").click().run()
    assert list((home / "sessions").iterdir()) == []
    assert not at.exception


def test_images_that_are_gone_are_asked_for_again(make_run, asked, home):
    make_run("trained", records=1, model=True)
    at = open_predict()
    at.file_uploader[0].upload("a.png", png())
    at.run()
    for path in (home / "sessions").iterdir():
        shutil.rmtree(path)
    at.run()
    assert not at.exception
    assert "have been deleted" in at.info[0].value


def test_a_visit_may_send_so_many_files(make_run, asked, monkeypatch):
    monkeypatch.setenv("PARITY_MODE", "public")
    make_run("trained", records=1, model=True)
    at = open_predict()
    for visit in range(3):
        for number in range(9):
            at.file_uploader[0].upload(f"{visit}{number}.png", png(number))
        at.run()
        assert not at.exception
    assert len(asked) == 2
    assert plain("With these 9 files you would have uploaded 27; the limit is 20 per session.") in at.error[0].value


def test_images_of_the_data_set_come_with_their_true_class(make_run, asked):
    run = make_run("trained", records=1, model=True, classes=("NORMAL", "PNEUMONIA"))
    at = open_predict(run=run.id)
    at.segmented_control[0].set_value("Images of the dataset").run()
    assert not at.exception
    # Of the four listed images only two are still there.
    assert sorted(asked[0]) == ["val/0.png", "val/1.png"]
    assert [c.value for c in at.caption if "True class" in c.value] == [":material/close: True class: NORMAL"] * 2
    next(b for b in at.button if b.label == "Other images").click().run()
    assert not at.exception


def test_data_set_that_is_gone_is_said(make_run, asked, tmp_path):
    make_run("trained", records=1, model=True)
    (tmp_path / "pictures").rename(tmp_path / "moved")
    at = open_predict()
    at.segmented_control[0].set_value("Images of the dataset").run()
    assert "image files of this run's dataset are missing" in at.warning[0].value
    assert not asked


@pytest.mark.parametrize(("classes", "cards"), [(("NORMAL", "PNEUMONIA"), 1), (("cat", "dog"), 0)])
def test_medical_answers_never_stand_without_the_warning(make_run, asked, classes, cards):
    make_run("trained", records=1, model=True, classes=classes)
    at = open_predict()
    at.file_uploader[0].upload("a.png", png())
    at.run()
    assert [w.value for w in at.warning].count(NOT_MEDICAL) == cards
    assert sum(NOT_MEDICAL in c.value for c in at.caption) == cards


def test_a_model_that_cannot_answer_is_one_sentence(make_run, monkeypatch):
    def refuse(run, images, progress=None, *, heat=False, views=ALONE):
        raise RunError(f"the model of run {run.id} could not answer")

    monkeypatch.setattr(asking, "predict", refuse)
    run = make_run("trained", records=1, model=True)
    at = open_predict()
    at.file_uploader[0].upload("a.png", png())
    at.run()
    assert not at.exception
    assert at.error[0].value == plain(f"The model of run {run.id} could not answer.")
    assert not at.dataframe


def test_the_file_holds_every_class_and_no_formula():
    answers = [
        Prediction(
            "=1+1.png",
            "Über, größe",
            0.75,
            {"Über, größe": 0.75, "肺炎": 0.25},
            insight=Insight(distance=0.9, unlike=True),
        ),
        Prediction("broken.png", error="It is damaged."),
    ]
    rows = list(csv.reader(to_csv(answers, ["Über, größe", "肺炎"]).splitlines()))
    assert rows == [
        ["file", "class", "probability", "p(Über, größe)", "p(肺炎)", "unlike training", "distance", "error"],
        ["'=1+1.png", "Über, größe", "0.750000", "0.750000", "0.250000", "yes", "0.900000", ""],
        ["broken.png", "", "", "", "", "", "", "It is damaged."],
    ]


def test_a_model_is_refused_without_an_option_of_the_command_line(home):
    """The page told somebody who had given no classes to write `--classes A,B`."""
    at = open_predict()
    next(one for one in at.file_uploader if one.label == "The model").upload("model.keras", b"nothing").run()
    next(button for button in at.button if button.label == "Import").click().run()
    assert not at.exception
    assert [error.value.replace("\\", "") for error in at.error] == [
        "The classes are not given; give their names in the order of the outputs, two or more (the field beside the "
        "file)."
    ]
