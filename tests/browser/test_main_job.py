"""The whole main job as a person does it: home, dataset, train, live, predict, in Chromium."""

import io
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.app_server import Server
from tests.browser.conftest import settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CLASSES = {"Größe normal": 70, "肺炎 [x](y) $z$": 180}
"""Names a careless page would break on, with the mean brightness that tells the classes apart."""


@pytest.fixture(scope="module")
def server(home_of_file: Path) -> Iterator[Server]:
    running = Server(home_of_file, real_workers=True)
    yield running
    running.close()


def image(brightness: int, seed: int) -> bytes:
    pixels = np.random.default_rng(seed).normal(brightness, 40, (64, 64, 3)).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def upload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip of 2 x 40 training and 2 x 12 validation images, one damaged file, and a Mac's rubbish."""
    path = tmp_path_factory.mktemp("upload") / "meine Bilder.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for k, (name, brightness) in enumerate(CLASSES.items()):
            for split, count in (("train", 40), ("val", 12)):
                for n in range(count):
                    archive.writestr(f"bilder/{split}/{name}/{n:03}.png", image(brightness, 1000 * k + n + 100 * count))
        archive.writestr(f"bilder/train/{next(iter(CLASSES))}/broken.png", b"\x89PNG not really")
        archive.writestr("__MACOSX/bilder/train/x/._000.png", b"junk")
    return path


def test_a_person_opens_images_trains_watches_and_predicts(
    server: Server, page: Page, browser: Browser, upload: Path, tmp_path: Path
) -> None:
    page.goto(server.url)
    expect(page.get_by_role("button", name="Run the demo")).to_be_visible()
    expect(page.get_by_text("Train image classifiers by transfer learning")).to_be_visible()
    open_zip(page, upload)
    start_training(page)
    watch_training(page, browser)
    predict_with_it(page, tmp_path)
    assert "Traceback" not in server.log()


def open_zip(page: Page, upload: Path) -> None:
    """Dataset: the zip is taken in, counted and shown."""
    page.get_by_role("link", name="Dataset").first.click()
    page.get_by_text("Upload a zip").click()
    page.locator("[data-testid='stFileUploaderDropzoneInput']").set_input_files(upload)
    expect(page.get_by_role("button", name="Train on this")).to_be_visible(timeout=60_000)
    settle(page)
    expect(page.locator("[data-testid='stMetric']", has_text="Unreadable").first).to_contain_text("1")
    page.get_by_role("tab", name="Problems").click()
    expect(page.get_by_text("broken").first).to_be_attached()
    page.get_by_role("tab", name="Batch composition").click()
    expect(page.locator("[data-testid='stPlotlyChart']").first).to_be_visible()
    page.get_by_role("tab", name="Images").click()
    expect(page.locator("[data-testid='stImage'] img").first).to_be_visible()


def start_training(page: Page) -> None:
    """Train: a mistake is one sentence and Start waits; put right, it starts and opens Live, the run in the address."""
    page.get_by_role("button", name="Train on this").click()
    settle(page)
    page.get_by_text("Customise: every setting of the training").click()
    settle(page)
    set_number(page, "Image size", "10")
    expect(page.get_by_text("data.image_size is 10; it may be 16 to 1024").first).to_be_visible()
    expect(page.get_by_role("button", name="Start training")).to_be_disabled()
    set_number(page, "Image size", "48")
    set_number(page, "Epochs", "150")  # some seconds, or they are over before a page has looked
    set_number(page, "Early stopping", "0")
    page.get_by_role("textbox", name="Run name").fill("Über 肺炎")
    page.get_by_role("textbox", name="Run name").press("Enter")
    settle(page)
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(re.compile(r"/live\?run=[0-9]{8}-"), timeout=60_000)


def watch_training(page: Page, browser: Browser) -> None:
    """Live: the curves grow; a second browser sees the same; a reload loses nothing."""
    seen = growing_epochs(page)
    assert len(seen) >= 2, f"the curves were seen at epochs {seen} only"
    assert seen == sorted(seen)
    other = browser.new_context().new_page()
    other.goto(page.url)
    expect(other.get_by_role("heading", name="Über 肺炎")).to_be_visible()
    other.context.close()
    expect(page.get_by_role("heading", name="Confusion matrix")).to_be_visible(timeout=120_000)
    expect(page.get_by_role("tab", name="ROC curve")).to_be_visible()
    expect(page.get_by_text(re.compile("95 % CI")).first).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Confusion matrix")).to_be_visible()


def predict_with_it(page: Page, folder: Path) -> None:
    """Predict: new images, one of them damaged, as a table and as CSV."""
    page.get_by_role("link", name="Predict with this run").click()
    settle(page)
    for k, brightness in enumerate(CLASSES.values()):
        (folder / f"neu {k}.png").write_bytes(image(brightness, 5000 + k))
    (folder / "kaputt.png").write_bytes(b"\x89PNG")
    page.locator("[data-testid='stFileUploaderDropzoneInput']").first.set_input_files(sorted(folder.glob("*.png")))
    as_csv = page.locator("[data-testid='stDownloadButton'] button")
    expect(as_csv).to_be_visible(timeout=90_000)
    with page.expect_download() as download:
        as_csv.click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["kaputt.png", ""],
        ["neu 0.png", next(iter(CLASSES))],
        ["neu 1.png", list(CLASSES)[1]],
    ]


def set_number(page: Page, label: str, value: str) -> None:
    field = page.get_by_role("spinbutton", name=re.compile(label)).first  # the label of a changed field carries a mark
    field.fill(value)
    field.press("Enter")
    settle(page)


def growing_epochs(page: Page) -> list[int]:
    """The epochs at which the page was caught while the run was at work."""
    seen: list[int] = []
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not page.get_by_role("heading", name="Confusion matrix").is_visible():
        text = page.locator("[data-testid='stMain']").inner_text()
        if (found := re.search(r"^Epoch (\d+)$", text, re.MULTILINE)) and int(found[1]) not in seen:
            seen.append(int(found[1]))
            assert page.locator("[data-testid='stVegaLiteChart']").count() >= 3
        time.sleep(0.2)
    return seen
