"""Predict: a closer look at any of many images, examples of the dataset to press, and where there is no camera."""

import pytest

from core.insight.answer import Prediction
from core.insight.views import ALONE
from pages.shared.predict import asking, image_sources
from tests.pages.driver import elements
from tests.pages.test_page_predict import open_predict, png


@pytest.fixture
def questions(monkeypatch) -> list[tuple[list[str], bool]]:
    """The images of each question to the model, and whether it was asked for a map."""
    asked: list[tuple[list[str], bool]] = []

    def predict(run, images, progress=None, *, heat=False, views=ALONE):
        asked.append(([name for name, _ in images], heat))
        a, b = run.classes()
        return [Prediction(name, b, 0.75, {a: 0.25, b: 0.75}) for name, _ in images]

    monkeypatch.setattr(asking, "predict", predict)
    return asked


def test_any_of_many_images_can_be_looked_at_closely(make_run, questions):
    """The model is asked for a map of that one only; the table had none for more than twelve images."""
    make_run("trained", records=1, model=True)
    at = open_predict()
    for number in range(13):
        at.file_uploader[0].upload(f"{number:02}.png", png(number))
    at.run()
    assert not at.exception
    assert [heat for _, heat in questions] == [False]
    assert at.selectbox(key="closer_picture").value is None
    at.selectbox(key="closer_picture").set_value(7).run()
    assert not at.exception
    assert questions[1:] == [(["07.png"], True)]
    assert any("no feature map" in caption.value for caption in at.caption)
    at.run()
    assert len(questions) == 2


def test_an_example_of_the_data_set_is_asked_about_by_a_press(make_run, questions):
    run = make_run("trained", records=1, model=True, classes=("NORMAL", "PNEUMONIA"))
    at = open_predict(run=run.id)
    assert not questions
    assert len(elements(at, "image")) == 2, "of the four listed images only two are still there"
    next(button for button in at.button if button.label == "Example 2").click().run()
    assert not at.exception
    assert [names for names, _ in questions] == [["val/1.png"]]
    assert any("True class: NORMAL" in caption.value for caption in at.caption)
    at.file_uploader[0].upload("mine.png", png())
    at.run()
    assert questions[-1][0] == ["mine.png"]
    assert "Example 2" not in [button.label for button in at.button]


def test_the_camera_is_offered_where_a_browser_allows_it():
    allowed = image_sources._camera_allowed
    for address in ("https://lab.example/predict", "http://127.0.0.1:8501/predict", "http://localhost:8501/", ""):
        assert allowed(address), address
    for address in ("http://lab.example/predict", "http://192.168.1.20:8501/predict"):
        assert not allowed(address), address
