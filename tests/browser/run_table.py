"""A table of runs in Chromium. It is one canvas: only what a screen reader hears of it has names."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import settle

HEAD, ROW = 36, 35
"""Pixels: heights of the head and of a row."""


def cell(page: Page, name: str) -> Locator:
    """The first cell of a run's row; its id ends with the number of the row."""
    return page.get_by_role("gridcell", name=name, exact=True, include_hidden=True)


def number(page: Page, name: str) -> int:
    """The row of a run."""
    return int((cell(page, name).get_attribute("id") or "").rsplit("-", 1)[1])


def click_row(page: Page, name: str, x: int) -> None:
    """Clicks into a run's row, so many pixels from the left."""
    expect(cell(page, name)).to_have_count(1)
    settle(page)
    table = page.locator("[data-testid='stDataFrame']").first
    table.scroll_into_view_if_needed()
    table.click(position={"x": x, "y": HEAD + ROW * number(page, name) + ROW // 2})
