"""Takes the README's pictures from the running app: `python -m tests.browser.take_pictures [HOME]`, some five minutes.

It presses "Show me the puzzle" and photographs each page when it has something to show. A home that has the sample's
features already makes it faster; without one a new home is made and removed.
"""

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.app_server import ROOT, Server
from tests.browser.conftest import ARGUMENTS, CHROMIUM, settle

PICTURES = ROOT / "docs" / "pictures"
WAIT = 600_000


def main() -> None:
    """Runs the puzzle and takes the pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        server = Server(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder) / "home")
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = chromium.new_context(viewport={"width": 1280, "height": 1180}).new_page()
        try:
            _story(page, server.url)
        finally:
            chromium.close()
            server.close()


def _story(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Show me the puzzle").click()
    page.wait_for_url("**/live?run=*")
    page.get_by_text("After epoch 6").wait_for(timeout=WAIT)
    _take(page, "live")
    expect(page.get_by_role("heading", name="Confusion matrix")).to_be_visible(timeout=WAIT)
    page.get_by_role("heading", name="Confusion matrix").scroll_into_view_if_needed()
    _take(page, "evaluation")
    page.get_by_role("link", name="Predict with this run").click()
    settle(page)
    page.get_by_text("Pictures of the data set").click()
    page.get_by_role("heading", name="Answers").wait_for(timeout=WAIT)
    _take(page, "predict")
    page.goto(f"{url}/dataset")
    page.get_by_role("tab", name="Pictures").click()
    page.locator("[data-testid='stImage'] img").first.wait_for(timeout=WAIT)
    _take(page, "dataset")
    page.get_by_role("tab", name="Batch X-ray").click()
    _take(page, "batch-x-ray")
    page.goto(f"{url}/train")
    _take(page, "train")
    page.goto(url)
    page.get_by_role("link", name="See the verdict").wait_for(timeout=WAIT)
    _take(page, "home")
    page.get_by_role("link", name="See the verdict").click()
    _take(page, "diagnose")


def _take(page: Page, name: str) -> None:
    settle(page)
    time.sleep(1.5)  # charts and pictures fade in
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
