"""One button on the home page, and at its end a verdict with a proof: the puzzle, in Chromium."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_server import Server
from tests.browser.conftest import settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WAIT = 600_000
"""Milliseconds for two trainings and the search between them; about five minutes on two idle cores."""


@pytest.fixture(scope="module")
def server(sample_home: Path) -> Iterator[Server]:
    running = Server(sample_home)
    yield running
    running.close()


def test_the_puzzle_ends_with_the_setting_that_made_the_difference(server: Server, page: Page) -> None:
    page.goto(server.url)
    page.get_by_role("button", name="Show me the puzzle").click()
    page.wait_for_url(re.compile(r"/live\?run=[0-9]{8}-"), timeout=60_000)
    expect(page.get_by_role("heading", name="Puzzle: bottleneck")).to_be_visible()

    page.goto(server.url)
    page.get_by_role("link", name="See the verdict").click(timeout=WAIT)
    settle(page)
    expect(page.get_by_role("heading", name="Diagnose")).to_be_visible()
    expect(page.get_by_text("One setting makes the difference")).to_be_visible()
    expect(page.get_by_text(re.compile(r"data\.shuffle .*alone, switched in the good run, takes"))).to_be_visible()
    expect(page.get_by_text(re.compile("The batches part at epoch 1, batch 1")).first).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("button", name="Report, HTML").click()
    report = download.value.path().read_text(encoding="utf-8")
    assert "data.shuffle" in report
    assert str(server.home) not in report
    assert "<img" not in report
    assert "Traceback" not in server.log()
