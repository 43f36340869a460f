"""Models from elsewhere through the Predict page, in Chromium: what is missing is said, then they answer."""

import re
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.store.runs import RunStore
from tests.browser.app_server import Server
from tests.browser.conftest import settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def zip_like_teachable_machine(path: Path, model: Path, labels: str) -> Path:
    """keras_model.h5 and labels.txt in one zip, as its export gives them."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(model, "keras_model.h5")
        archive.writestr("labels.txt", labels)
    return path


def own_model(path: Path) -> Path:
    """A classifier of 32 pixels by brightness: dark, light."""
    model = keras.Sequential(
        [keras.Input((32, 32, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(1, 4, 4),
         keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, activation="softmax")]
    )  # fmt: skip
    model.layers[1].set_weights([np.full((4, 4, 3, 1), 1 / 48, np.float32), np.zeros(1, np.float32)])
    model.layers[3].set_weights([np.array([[-9.0, 9.0]], np.float32), np.array([4.5, -4.5], np.float32)])
    model.save(path)
    return path


def bring(page: Page, path: Path, classes: str = "") -> None:
    """Gives a file to "Import model", which is open, and presses its button."""
    form = page.get_by_test_id("stExpander").filter(has_text="Import model")
    form.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(path)
    settle(page)
    box = form.get_by_role("textbox", name="Its classes, separated by commas")
    box.fill(classes)
    box.press("Tab")
    settle(page)
    button = form.get_by_role("button", name="Import", exact=True)
    expect(button).to_be_enabled()
    button.click()
    settle(page)


def answer(page: Page, path: Path) -> None:
    page.get_by_test_id("stMain").get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(path)
    expect(page.get_by_text("Predicted with")).to_be_visible(timeout=180_000)
    settle(page)


def open_form(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/predict")
    settle(page)
    expect(page.get_by_text("Or import a model below.")).to_be_visible()
    page.get_by_text("Import model", exact=True).click()
    settle(page)


def test_a_zip_like_teachable_machines_needs_no_names_and_its_model_answers(
    server: Server, page: Page, tmp_path: Path
) -> None:
    model = own_model(tmp_path / "keras_model.h5")
    Image.new("RGB", (80, 60), (250, 250, 250)).save(tmp_path / "paper.png")
    open_form(page, server)
    bring(page, model)
    expect(page.get_by_text("The classes are not given; give their names in the order of the outputs")).to_be_visible()
    bring(page, model, "dark, light, red")
    expect(page.get_by_text("The model has 2 classes, and 3 names were given; give 2")).to_be_visible(timeout=120_000)
    bring(page, zip_like_teachable_machine(tmp_path / "converted_keras.zip", model, "0 dark\n1 light\n"))
    expect(page).to_have_url(re.compile(r"run="), timeout=120_000)
    settle(page)
    expect(page.get_by_role("radio", name="Images of the dataset")).to_have_count(0)
    answer(page, tmp_path / "paper.png")
    expect(page.get_by_test_id("stMain").get_by_text(re.compile(r"^light · (9\d|100)\.\d\s%$"))).to_be_visible()
    assert RunStore().list()[0].classes() == ["dark", "light"]
    page.goto(f"{server.url}/live")
    settle(page)
    expect(page.get_by_text("Imported model · 32 pixels · 2 classes")).to_be_visible()
    assert "Traceback" not in server.log()


def test_a_real_zip_of_teachable_machine_is_known_for_what_it_is(
    server: Server, page: Page, tmp_path: Path, test_data: Path
) -> None:
    folder = test_data / "models" / "teachable-machine"
    if not folder.is_dir():
        pytest.skip("PARITY_TEST_DATA has no models/teachable-machine")
    labels = (folder / "labels.txt").read_text()
    pixels = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    open_form(page, server)
    bring(page, zip_like_teachable_machine(tmp_path / "converted_keras.zip", folder / "keras_model.h5", labels))
    expect(page.get_by_text("This is a model of Teachable Machine, so its pixels are scaled to -1..1.")).to_be_visible(
        timeout=120_000
    )
    settle(page)
    answer(page, tmp_path / "noise.png")
    expect(page.get_by_test_id("stMain").get_by_text(re.compile(r"^plastic · \d"))).to_be_visible()
    expect(page.get_by_text("Grad-CAM: a gradient-based estimate")).to_be_visible()
    assert "Traceback" not in server.log()
