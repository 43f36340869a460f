"""A zip with a table whose columns have to be told: mapped on the Dataset page and trained on, in Chromium."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.app_server import Server
from tests.browser.conftest import settle

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("thin_workers")]


@pytest.fixture(scope="module")
def server(home_of_file: Path) -> Iterator[Server]:
    running = Server(home_of_file)
    yield running
    running.close()


@pytest.fixture(scope="module")
def upload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip of 60 images in one folder, with a table in which brightness and side may both be the class."""
    path = tmp_path_factory.mktemp("upload") / "Wolken 2024.zip"
    rows = ["scan;brightness;side;patient"]
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(60):
            pixels = np.random.default_rng(n).normal((70, 180)[n % 2], 40, (40, 40, 3)).clip(0, 255).astype(np.uint8)
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "PNG")
            archive.writestr(f"scans/{n:03}.png", file.getvalue())
            rows.append(f"{n:03};{('dunkel', 'hell')[n % 2]};{('left', 'right')[n // 2 % 2]};p{n // 4}")
        archive.writestr("liste.csv", "\n".join(rows).encode("cp1252"))
    return path


def test_a_table_is_mapped_and_trained_on(server: Server, page: Page, upload: Path) -> None:
    page.goto(server.url)
    page.get_by_role("link", name="Dataset").first.click()
    page.get_by_text("Upload a zip").click()
    page.locator("[data-testid='stFileUploaderDropzoneInput']").set_input_files(upload)
    expect(page.get_by_text("has several columns that may be the class: brightness, side")).to_be_visible(
        timeout=60_000
    )
    page.get_by_text("Take the labels from a table", exact=True).click()
    settle(page)
    # The rows shown above are drawn late, and an open list closes when it moves.
    expect(page.locator("[data-testid='stDataFrame'] canvas").first).to_be_visible()
    page.wait_for_timeout(1000)
    box = page.get_by_role("combobox", name="Class")
    box.focus()
    box.press("ArrowDown")
    page.get_by_role("option", name="brightness").click()
    page.keyboard.press("Escape")
    settle(page)
    page.get_by_role("button", name="Use this table").click()
    expect(page.get_by_role("button", name="Train on this")).to_be_visible(timeout=60_000)
    settle(page)
    expect(page.get_by_role("heading", name="Wolken 2024.zip")).to_be_visible()
    expect(page.get_by_text(re.compile("the class in brightness, the group in patient")).first).to_be_visible()
    page.get_by_role("button", name="Train on this").click()
    settle(page)
    page.get_by_text("Customise: every setting of the training").click()
    settle(page)
    for label, value in (("Image size", "32"), ("Epochs", "3")):
        field = page.get_by_role("spinbutton", name=re.compile(label)).first
        field.fill(value)
        field.press("Enter")
        settle(page)
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(re.compile(r"/live\?run=[0-9]{8}-"), timeout=60_000)
    matrix = page.get_by_role("heading", name="Confusion matrix")
    expect(matrix).to_be_visible(timeout=180_000)
    manifest = next((server.home / "runs").glob("*/manifest.json")).read_text(encoding="utf-8")
    assert '"layout": "table liste.csv"' in manifest
    assert '"path": "scans/000.png"' in manifest
    assert "Traceback" not in server.log()
