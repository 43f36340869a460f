"""Predict, test-time augmentation: the number of views, what is said of it, what the model is asked. It is ours."""

import pytest

from core.insight.answer import Insight, Prediction
from core.insight.views import ALONE, MOST, Views
from pages.shared.predict import asking
from tests.pages.test_page_predict_insight import open_predict

FLIP = {"data.augmentation": "flip horizontal"}
TWO = Views(("horizontal",), 0, "flip horizontal", 1)


@pytest.fixture
def asked(monkeypatch) -> list[tuple[str, Views]]:
    """Run and views of each question; with views the second class is less probable."""
    questions: list[tuple[str, Views]] = []

    def predict(run, images, progress=None, *, heat=False, views=ALONE):
        questions.append((run.title(), views))
        a, b = run.classes()
        p = 0.9 if views == ALONE else 0.6
        insight = Insight(heat={a: [[1.0]]}, method="cam") if heat else Insight()
        return [Prediction(name, b, p, {a: 1 - p, b: p}, insight=insight) for name, _ in images]

    monkeypatch.setattr(asking, "predict", predict)
    return questions


def test_two_views_of_a_run_with_a_flip(make_run, asked):
    make_run("trained", records=1, model=True, classes=("cat", "dog"), settings=FLIP)
    at = open_predict("a.png")
    box = at.number_input(key="predict_views")
    assert (box.value, box.min, box.max, box.disabled) == (1, 1, 2, False)
    assert next(bar.text for bar in at.get("progress")) == "dog 90.0\xa0%"
    box.set_value(2).run()
    assert not at.exception
    assert next(bar.text for bar in at.get("progress")) == "dog 60.0\xa0%"
    assert any(c.value.startswith("Mean of 2 views: the image, mirrored left to right.") for c in at.caption)
    at.run()
    assert asked == [("trained", ALONE), ("trained", TWO)]
    at.number_input(key="predict_views").set_value(1).run()
    assert asked[2:] == [("trained", ALONE)]


def test_a_map_is_shown_though_the_class_predicted_with_views_has_none(make_run, asked):
    make_run("trained", records=1, model=True, classes=("cat", "dog"), settings=FLIP)
    at = open_predict("a.png")
    assert not at.exception
    assert at.selectbox(key="closer_class").value == "cat"


def test_a_run_without_augmentation_is_not_asked_for_views(make_run, asked):
    make_run("trained", records=1, model=True, classes=("cat", "dog"))
    at = open_predict("a.png")
    assert not at.exception
    assert "predict_views" not in [field.key for field in at.number_input]
    assert asked == [("trained", ALONE)]


def test_a_run_with_fewer_views_gets_as_many_as_it_has(make_run, asked):
    light = make_run("light", records=1, model=True, settings={"data.augmentation": "light"})
    flip = make_run("flip", records=1, model=True, settings=FLIP)
    at = open_predict("a.png", run=light.id)
    assert at.number_input(key="predict_views").max == MOST
    at.number_input(key="predict_views").set_value(8).run()
    at.selectbox[0].set_value(flip.id).run()
    assert not at.exception
    assert at.number_input(key="predict_views").value == 2
    assert [(title, views.count) for title, views in asked] == [("light", 1), ("light", 8), ("flip", 2)]


def test_the_other_run_is_asked_with_the_views_it_has(make_run, asked):
    plain = make_run("plain", records=1, model=True, classes=("cat", "dog"))
    run = make_run("trained", records=1, model=True, classes=("cat", "dog"), settings=FLIP)
    at = open_predict("a.png", run=run.id)
    at.number_input(key="predict_views").set_value(2).run()
    at.selectbox(key="predict_other_run").set_value(plain.id).run()
    assert not at.exception
    assert asked[1:] == [("trained", TWO), ("plain", ALONE)]
    assert any(c.value == "Views of the other run: the image." for c in at.caption)


def test_views_count_as_questions_of_a_public_server(make_run, asked, monkeypatch):
    monkeypatch.setenv("PARITY_MODE", "public")
    run = make_run("trained", records=1, model=True, settings={"data.augmentation": "light"})
    at = open_predict("a.png", run=run.id)
    at.number_input(key="predict_views").set_value(30).run()
    assert [views.count for _, views in asked] == [1]
    assert len(at.error) == 1
