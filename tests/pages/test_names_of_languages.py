"""Classes and files named in German, French and Chinese, with spaces: each page shows every letter as it is."""

import io
import unicodedata
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.insight.answer import Prediction
from core.insight.views import ALONE
from pages.shared import state
from pages.shared.dataset import sources
from pages.shared.predict import asking
from pages.shared.widgets.text import plain

CLASSES = ("Lungenentzündung links", "pneumonie à droite", "肺炎 双侧")
DECOMPOSED = unicodedata.normalize("NFD", CLASSES[0])
"""The same name as a Mac writes it: u and two dots are two characters."""


def open_page(page: str, **session: str) -> AppTest:
    at = AppTest.from_file("../../app.py", default_timeout=30)
    at.switch_page(f"pages/{page}.py")
    for key, value in session.items():
        at.session_state[key] = value
    return at.run()


def said(at: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*at.markdown, *at.caption, *at.subheader, *at.success])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch, image_folder) -> Path:
    """A dataset of these classes, whose files have a space in their names."""
    root = image_folder("daten/Röntgen 肺", train=(9, 8, 7), val=(3, 3, 3))
    for part in ("train", "val"):
        for letter, name in zip("abc", CLASSES, strict=True):
            (root / part / letter).rename(root / part / name)
            for k, file in enumerate(sorted((root / part / name).iterdir())):
                file.rename(file.with_name(f"Aufnahme n° {k} 片.png"))
    monkeypatch.setenv("PARITY_DATA", str(tmp_path / "daten"))
    return root


@pytest.mark.parametrize("tab", ["Overview", "Images", "Quality", "Batch composition", "Problems"])
def test_the_dataset_page_shows_them(folder: Path, tab: str) -> None:
    at = open_page("dataset", **{state.SOURCE: sources.SERVER, state.DATASET: str(folder), state.TAB: tab})
    assert not at.exception
    assert not at.error
    assert {m.label: m.value for m in at.metric}["Classes"] == "3"
    assert plain("Röntgen 肺") in said(at)
    if tab == "Overview":
        assert set(CLASSES) <= {str(cell) for cell in at.dataframe[0].value.to_numpy().ravel()}
    if tab == "Images":
        words = [image.alt for block in at.get("image") for image in block.proto.imgs]
        assert all(any(name in alt for alt in words) for name in CLASSES)
        assert any("Aufnahme n° 0 片.png" in alt for alt in words)


def test_the_same_name_in_two_forms_is_refused_in_a_sentence(folder: Path) -> None:
    (folder / "val" / CLASSES[0]).rename(folder / "val" / DECOMPOSED)
    at = open_page("dataset", **{state.SOURCE: sources.SERVER, state.DATASET: str(folder), state.TAB: "Overview"})
    assert not at.exception
    assert "look the same" in at.error[0].value


def test_live_shows_them(make_run) -> None:
    make_run("Röntgen 肺 à droite", records=2, classes=CLASSES)
    at = open_page("live")
    assert not at.exception
    assert at.subheader[0].value == plain("Röntgen 肺 à droite")


def test_predict_shows_them(make_run, monkeypatch) -> None:
    def predict(run, images, progress=None, *, heat=False, views=ALONE):
        return [
            Prediction(name, CLASSES[2], 0.5, dict(zip(CLASSES, (0.2, 0.3, 0.5), strict=True))) for name, _ in images
        ]

    monkeypatch.setattr(asking, "predict", predict)
    make_run("trained", records=1, model=True, classes=CLASSES)
    at = open_page("predict")
    out = io.BytesIO()
    Image.new("RGB", (30, 20), "grey").save(out, "PNG")
    at.file_uploader[0].upload("Aufnahme n° 1 肺.png", out.getvalue())
    at.run()
    assert not at.exception
    assert [bar.text for bar in at.get("progress")] == [
        plain(f"{CLASSES[2]}") + " 50.0\xa0%", plain(CLASSES[1]) + " 30.0\xa0%", plain(CLASSES[0]) + " 20.0\xa0%",
    ]  # fmt: skip
    table = at.dataframe[0].value
    assert table["label"].tolist() == [CLASSES[2]]
    assert table["file"].tolist() == ["Aufnahme n° 1 肺.png"]
