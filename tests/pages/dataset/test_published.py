"""Public datasets on the Dataset page: what is said before, fetching, what goes wrong, who may."""

from collections.abc import Iterator

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core import paths
from core.access.persons import person_of
from core.data import collections
from core.errors import AccessError, DataError
from pages.shared import state
from pages.shared.dataset import published, sources
from pages.shared.shell import access, chosen_dataset
from pages.shared.widgets.text import plain
from tests.published_set import archive, serving
from tests.published_set import published as published_set


@pytest.fixture
def serve(monkeypatch) -> Iterator[list[bytes]]:
    """A server from which the only published dataset comes."""
    with serving() as content:
        only = (published_set(content, archive()),)
        monkeypatch.setattr(collections, "COLLECTIONS", only)
        monkeypatch.setattr(published, "COLLECTIONS", only)
        yield content


@pytest.fixture(autouse=True)
def another_is_chosen(image_folder, tmp_path) -> None:
    image_folder(train=(3, 3), val=(2, 2))


@pytest.fixture
def page(tmp_path) -> AppTest:
    at = AppTest.from_file("../../../app.py", default_timeout=30)
    at.switch_page("pages/dataset.py")
    at.session_state[state.DATASET] = str(tmp_path / "pictures")
    at.session_state[state.SOURCE] = sources.PUBLISHED
    return at


def button(at: AppTest, label: str):
    return next((each for each in at.button if each.label == label), None)


def said(at: AppTest) -> str:
    return "\n".join(each.value for each in at.caption).replace("\\", "")


def test_it_says_what_it_is_and_is_fetched_and_opened(serve, page):
    page.run()
    assert not page.exception
    assert "12 in train, 4 in val, 5 in test; classes normal, pneumonia. Licence CC BY 4.0. Cite: Yang" in said(page)
    assert "At most 0.1 MB are downloaded from 127.0.0.1:" in said(page)
    assert "python -m core fetch pneumoniamnist --size 28 --file FILE" in said(page)
    assert page.session_state[state.DATASET].endswith("pictures")
    button(page, "Download").click().run()
    assert not page.exception
    assert not page.error
    assert page.session_state[state.DATASET] == str(paths.collections_folder() / "pneumoniamnist-28")
    assert plain("PneumoniaMNIST (MedMNIST v2), 28 × 28 pixels") in [each.value for each in page.subheader]
    assert next(metric.value for metric in page.metric if metric.label == "Images") == "21"
    assert button(page, "Download") is None
    assert "Already downloaded." in said(page)


def test_another_file_than_the_published_one_is_one_sentence(serve, page):
    serve[0] = archive(val_labels=np.ones((4, 1), np.uint8))
    button(page.run(), "Download").click().run()
    assert not page.exception
    assert len(page.error) == 1
    assert page.error[0].value.startswith("http\u2060")  # an address is no link, and keeps its letters
    assert "sent an unexpected file: its MD5 is" in page.error[0].value.replace("\\", "")
    assert "It was discarded; try again." in page.error[0].value.replace("\\", "")
    assert page.session_state[state.DATASET].endswith("pictures")
    assert button(page, "Download")
    assert not page.run().error


def test_what_came_before_it_broke_off_is_gone_on_with(serve, page):
    paths.collections_folder().mkdir(parents=True)
    whole = serve[0]
    (paths.collections_folder() / "pneumoniamnist-28.npz.partial").write_bytes(whole[:1000])
    page.run()
    assert "0.1 MB already downloaded; the download resumes from there." in said(page)
    button(page, "Resume the download").click().run()
    assert not page.error
    assert page.session_state[state.DATASET].endswith("pneumoniamnist-28")


def test_without_room_nothing_is_fetched(serve, page, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 10**9})())
    button(page.run(), "Download").click().run()
    assert page.error[0].value.startswith(plain("The disk has 1,000 MB free, of which 2,000 MB are"))
    assert not paths.collections_folder().exists()


def refuse(reference: str) -> None:
    raise DataError("there is no dataset in this test")


@pytest.mark.parametrize(
    ("mode", "email", "may"), [("public", "", False), ("team", "vera@x", False), ("team", "tom@x", True)]
)
def test_who_may_fetch(serve, page, monkeypatch, mode, email, may):
    monkeypatch.setenv("PARITY_MODE", mode)
    monkeypatch.setenv("PARITY_VIEWERS", "vera@x")
    monkeypatch.setenv("PARITY_TRAINERS", "tom@x")
    monkeypatch.setattr(st, "user", {"email": email})
    if not may:  # the page turns to the sample then, and drawing that takes seconds
        monkeypatch.setattr(chosen_dataset, "open_view", refuse)
    page.run()
    assert not page.exception
    assert bool(button(page, "Download")) is may
    if not may:
        monkeypatch.setattr(access, "person", lambda: person_of(email, "session"))
        with pytest.raises(AccessError, match="download a public dataset"):
            published._fetch(collections.COLLECTIONS[0], lambda *_: None, lambda *_: None)
