"""The finished examples in a new home: the sample's images are drawn when a page first needs them."""

import io

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import paths
from core.data import sample
from core.data.phantom import SIZE
from core.insight.answer import Insight, Neighbour, Prediction
from core.insight.views import ALONE
from core.store import examples
from core.store.runs import RunStore
from pages.shared.predict import asking
from pages.shared.run import sample_of_run
from pages.shared.widgets.text import plain


@pytest.fixture(autouse=True)
def drawn(monkeypatch) -> list[int]:
    """One entry a drawing of the whole set; an image takes no time."""
    drawings: list[int] = []
    plain_film, draw_all = np.full((SIZE, SIZE), 90, np.uint8), sample._draw_all

    def count(folder, progress):
        drawings.append(1)
        draw_all(folder, progress)

    monkeypatch.setattr(sample, "draw_phantom", lambda rng, diseased: plain_film)
    monkeypatch.setattr(sample, "_draw_all", count)
    return drawings


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """Names of the images that the model was asked about."""
    names: list[str] = []

    def predict(run, images, progress=None, *, heat=False, views=ALONE):
        names.extend(name for name, _ in images)
        near = (Neighbour(run.data().train[0]["path"], "NORMAL", 0.1),)
        both = {"NORMAL": 0.75, "PNEUMONIA": 0.25}
        return [Prediction(name, "NORMAL", 0.75, both, insight=Insight(near)) for name, _ in images]

    monkeypatch.setattr(asking, "predict", predict)
    return names


def open_page(page: str, **query: str) -> AppTest:
    at = AppTest.from_file("../../../app.py", default_timeout=60)
    for key, value in query.items():
        at.query_params[key] = value
    return at.switch_page(f"pages/{page}.py").run()


@pytest.mark.parametrize("mode", ["local", "public"])
def test_images_of_the_data_set_have_answers_in_a_new_home(mode, asked, drawn, monkeypatch):
    monkeypatch.setenv("PARITY_MODE", mode)
    at = open_page("predict", tour="6")
    assert not drawn
    at.segmented_control[0].set_value("Images of the dataset").run()
    assert not at.exception
    assert not [w for w in at.warning if "image files of this run's dataset are missing" in w.value]
    assert len(asked) == 6
    assert all(name.startswith("val/") for name in asked)
    assert sum("True class" in caption.value for caption in at.caption) == 6
    assert drawn == [1]
    assert not [bar for bar in at.get("progress") if "Drawing" in bar.text]
    next(b for b in at.button if b.label == "Other images").click().run()
    assert drawn == [1]


def test_neighbours_of_an_image_of_ones_own_are_shown(asked, drawn):
    examples.install()
    at = open_page("predict", run=examples.run_with_model())
    at.file_uploader[0].upload("mine.png", png()).run()
    assert drawn == [1]
    assert any(image.proto.imgs[0].alt.startswith("Training image") for image in at.get("image"))


def test_the_worst_mistakes_of_an_example_are_shown(drawn):
    examples.install()
    _, bad, _ = examples.puzzle()
    at = open_page("live", run=bad)
    assert not at.exception
    assert drawn == [1]
    figures = RunStore().get(bad).figures("val")
    assert figures is not None and len(at.get("image")) == len(figures.worst[:12])
    assert not [caption for caption in at.caption if "hide_image" in caption.value]


def test_what_keeps_it_from_being_drawn_is_said(asked, drawn):
    examples.install()
    paths.samples_folder().write_text("in the way")
    at = open_page("predict", run=examples.run_with_model())
    at.segmented_control[0].set_value("Images of the dataset").run()
    assert not at.exception
    assert at.error[0].value.startswith(plain(f"The sample set cannot be written to {paths.samples_folder()}"))
    assert "image files of this run's dataset are missing" in at.warning[0].value
    assert not asked


def test_nothing_is_drawn_for_a_run_on_other_images(make_run, drawn):
    sample_of_run.draw_sample_of(make_run("other", records=1))
    assert not drawn


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (30, 20)).save(out, "PNG")
    return out.getvalue()
