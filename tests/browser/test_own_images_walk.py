"""From a zip of 60 images of one's own to a prediction: counted in clicks and in seconds, from the Home page on."""

import io
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.app_server import Server
from tests.browser.conftest import settle

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("thin_workers")]

MOST_CLICKS = 8
CLASSES = {"day": 190, "night": 60}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "home")
    yield running
    running.close()


class Hand:
    """Presses and gives files, and counts; a file that is chosen counts as one click, as one that is dropped does."""

    def __init__(self) -> None:
        self.clicks: list[str] = []

    def press(self, what: Locator, name: str) -> None:
        what.click(timeout=180_000)  # for the training, on a machine that has other work, too
        self.clicks.append(name)

    def give(self, what: Locator, path: Path) -> None:
        what.set_input_files(path)
        self.clicks.append(path.name)


def image(brightness: int, seed: int) -> bytes:
    pixels = np.random.default_rng(seed).normal(brightness, 40, (96, 96, 3)).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def zip_of_60(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for k, (name, brightness) in enumerate(CLASSES.items()):
            for n in range(30):
                archive.writestr(f"{name}/{n:02}.jpg", image(brightness, 100 * k + n))
    return path


def test_from_a_zip_to_a_prediction_in_few_clicks(server: Server, page: Page, tmp_path: Path, record_property) -> None:
    images, hand, began = zip_of_60(tmp_path / "my photos.zip"), Hand(), time.monotonic()
    (tmp_path / "new.jpg").write_bytes(image(CLASSES["night"], 999))
    page.goto(server.url)
    settle(page)
    hand.give(page.get_by_test_id("stFileUploaderDropzoneInput").first, images)
    hand.press(page.get_by_role("button", name="Start training").first, "Start training")
    page.wait_for_url(re.compile(r"/live\?run="), timeout=60_000)
    hand.press(page.get_by_role("link", name="Predict with this run"), "Predict with this run")
    page.wait_for_url(re.compile(r"/predict"))
    settle(page)
    hand.give(page.get_by_test_id("stFileUploaderDropzoneInput").first, tmp_path / "new.jpg")
    expect(page.get_by_test_id("stMain").get_by_text(re.compile(r"night.* · \d")).first).to_be_visible(timeout=180_000)
    seconds = time.monotonic() - began
    record_property("seconds", round(seconds))
    print(f"{len(hand.clicks)} clicks, {seconds:.0f} s: {', '.join(hand.clicks)}")
    assert len(hand.clicks) <= MOST_CLICKS
    assert "Traceback" not in server.log()
