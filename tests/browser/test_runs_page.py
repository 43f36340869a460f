"""The Runs page in Chromium: sorted, filtered, chosen by the boxes, compared, renamed, and the same after a reload."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.bisect.store import BisectStore
from core.store import examples
from core.store.runs import RunStore
from tests.browser.app_server import Server
from tests.browser.conftest import settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GOOD, BAD, SAMPLE = "Puzzle: bottleneck", "Puzzle: end to end", "Sample: pooled head"

BOX_X, STATE_X, HEAD, ROW = 17, 420, 36, 35
"""Pixels: the middle of the column of boxes, a point in the head of State; heights of the table's head and of a row."""


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    examples.install()
    running = Server(home)
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
    save_the_first_figure(page)
    page.get_by_role("button", name="Back to the table").click()

    run = next(run for run in RunStore().list() if run.title() == GOOD)
    page.goto(f"{server.url}/runs?chosen={run.id}")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Größe <b>")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(cell(page, "Größe <b>")).to_have_count(1)
    assert run.title() == "Größe <b>"

    page.goto(f"{server.url}/runs")
    sort_by_a_head(page)
    delete_a_bisect_and_take_it_back(server, page)
    assert "Traceback" not in server.log()


def save_the_first_figure(page: Page) -> None:
    """As PNG, SVG and CSV."""
    begins = {"PNG": b"\x89PNG", "SVG": b"<svg ", "CSV": "\ufeffseries,epoch".encode()}
    settle(page)
    page.get_by_role("button", name="Save").first.click()
    for kind, begin in begins.items():
        with page.expect_download() as saved:
            page.get_by_role("button", name=kind, exact=True).click(no_wait_after=True)
        assert saved.value.suggested_filename == f"runs-loss.{kind.lower()}"
        assert saved.value.path().read_bytes().startswith(begin)
    page.keyboard.press("Escape")


def sort_by_a_head(page: Page) -> None:
    """A press sorts by the state, another one turns the order round; a reload knows of it."""
    expect(cell(page, SAMPLE)).to_have_count(1)
    for way in ("asc", "desc"):
        settle(page)
        page.locator("[data-testid='stDataFrame']").first.click(position={"x": STATE_X, "y": HEAD // 2})
        expect(page).to_have_url(re.compile(f"sort=status(:|%3A){way}"))
    page.reload()
    expect(page.get_by_role("combobox", name="Sort by")).to_have_value("State")


def delete_a_bisect_and_take_it_back(server: Server, page: Page) -> None:
    """With its trials."""
    (bisect,) = BisectStore().list()
    page.goto(f"{server.url}/runs?chosen={bisect.id}")
    expect(page.get_by_role("link", name="Its verdict")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name=re.compile("With its 6 trials")).click()
    expect(page.get_by_text("1 bisect or sweep and 6 runs were deleted")).to_be_visible()
    assert len(RunStore().list()) == 3
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("7 are back.")).to_be_visible()
    assert len(RunStore().list()) == 9
    assert BisectStore().by_id(bisect.id)


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
