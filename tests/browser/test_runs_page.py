"""The Runs page in Chromium: sorted, filtered, chosen by the boxes, compared, renamed, and the same after a reload."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.store import examples
from core.store.runs import RunStore
from tests.browser.app_server import Server
from tests.browser.conftest import settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GOOD, BAD, SAMPLE = "Puzzle: bottleneck", "Puzzle: end to end", "Sample: pooled head"

BOX_X, HEAD, ROW = 17, 36, 35
"""Pixels: the middle of the column of boxes, and the heights of the table's head and of a row."""


@pytest.fixture
def server(home_with_sample: Path) -> Iterator[Server]:
    examples.install()
    running = Server(home_with_sample)
    yield running
    running.close()


def test_runs_are_sorted_filtered_compared_and_renamed(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/runs")
    expect(cell(page, SAMPLE)).to_have_count(1, timeout=90_000)
    page.get_by_role("combobox", name="Sort by").click()
    page.get_by_role("option", name="Accuracy", exact=True).click()
    expect(page).to_have_url(re.compile("sort=val_accuracy"))
    settle(page)
    assert [number(page, name) for name in (SAMPLE, GOOD, BAD)] == [0, 1, 2]

    words = page.get_by_role("textbox", name="Filter by words")
    words.fill("puzzle")
    words.press("Enter")
    expect(cell(page, SAMPLE)).to_have_count(0)
    page.reload()
    expect(cell(page, GOOD)).to_have_count(1)
    expect(page.get_by_role("textbox", name="Filter by words")).to_have_value("puzzle")
    expect(cell(page, SAMPLE)).to_have_count(0)

    tick(page, GOOD)
    expect(page.get_by_role("button", name="Rename")).to_be_visible()
    tick(page, BAD)
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("heading", name="What differs")).to_be_visible()
    expect(page.get_by_text("Validation loss", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="What differs")).to_be_visible()
    page.get_by_role("button", name="Back to the table").click()

    run = next(run for run in RunStore().list() if run.title() == GOOD)
    page.goto(f"{server.url}/runs?chosen={run.id}")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Größe <b>")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(cell(page, "Größe <b>")).to_have_count(1)
    assert run.title() == "Größe <b>"
    assert "Traceback" not in server.log()


def cell(page: Page, name: str) -> Locator:
    """The first cell of a run's row, as a screen reader meets it; its id ends with the number of the row."""
    return page.get_by_role("gridcell", name=name, exact=True, include_hidden=True)


def number(page: Page, name: str) -> int:
    """The row of a run."""
    return int((cell(page, name).get_attribute("id") or "").rsplit("-", 1)[1])


def tick(page: Page, name: str) -> None:
    """Chooses a run by the box at the left of its row."""
    settle(page)
    table = page.locator("[data-testid='stDataFrame']").first
    table.scroll_into_view_if_needed()
    table.click(position={"x": BOX_X, "y": HEAD + ROW * number(page, name) + ROW // 2})
    settle(page)
