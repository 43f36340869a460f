"""The ⋮ menu of a run in the table on the home page, in Chromium: clone a run into the form; delete one and undo it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.store import examples
from core.store.runs import RunStore
from tests.browser.app_server import Server
from tests.browser.conftest import settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAME = "Puzzle: end to end"

NUMBERS = {
    "Image size": "data.image_size", "Batch size": "data.batch_size", "Epochs": "training.epochs",
    "Hidden units": "model.dense_units", "Learning rate": "training.learning_rate",
}  # fmt: skip
"""Fields of the form, by their labels, with the settings they stand for."""

MENU_X, HEAD, ROW = 263, 36, 35
"""Pixels: the middle of the column of menus (150 for the name and 78 for "Curves" come before its 70), and the heights
of the table's head and of a row. The table is one canvas; only what a screen reader hears of it has names."""


@pytest.fixture
def server(home_with_sample: Path) -> Iterator[Server]:
    examples.install()
    running = Server(home_with_sample)
    yield running
    running.close()


def test_a_run_is_cloned_deleted_and_brought_back(server: Server, page: Page) -> None:
    page.goto(server.url)
    run = next(run for run in RunStore().list() if run.title() == NAME)
    choose_in_menu(page, NAME, "Clone")
    expect(page.get_by_text(f"The form has the settings of “{NAME}”.")).to_be_visible()
    expect(page).to_have_url(f"{server.url}/train")
    settle(page)
    settings = run.config().settings()
    for label, key in NUMBERS.items():
        expect(page.get_by_role("spinbutton", name=label).first).to_have_value(f"{settings[key]:g}")
    assert settings["data.shuffle"] == "none"
    expect(page.get_by_role("combobox", name="Order of the samples")).to_have_value("None: as on disk")
    expect(page.get_by_role("textbox", name="Name of the run")).to_have_value(NAME)

    page.get_by_role("link", name="Home").first.click()
    choose_in_menu(page, NAME, "Delete")
    expect(page.get_by_text(f"“{NAME}” was deleted; it is kept for 30 days.")).to_be_visible()
    expect(cell(page, NAME)).to_have_count(0)
    assert run.id not in [other.id for other in RunStore().list()]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"“{NAME}” is back.")).to_be_visible()
    expect(cell(page, NAME)).to_have_count(1)
    assert run.id in [other.id for other in RunStore().list()]
    assert "Traceback" not in server.log()


def cell(page: Page, name: str) -> Locator:
    """The first cell of a run's row, as a screen reader meets it; its id ends with the number of the row."""
    return page.get_by_role("gridcell", name=name, exact=True, include_hidden=True)


def choose_in_menu(page: Page, name: str, entry: str) -> None:
    """Opens the menu of a run's row and chooses one of its entries."""
    expect(cell(page, name)).to_have_count(1)
    settle(page)
    row = int((cell(page, name).get_attribute("id") or "").rsplit("-", 1)[1])
    table = page.locator("[data-testid='stDataFrame']").first
    table.scroll_into_view_if_needed()
    table.click(position={"x": MENU_X, "y": HEAD + ROW * row + ROW // 2})
    page.get_by_role("menuitem", name=entry).click()
