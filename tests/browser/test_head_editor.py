"""The head's editor by keyboard alone, in Chromium: a list is made, put in order, mended and trained."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from core.store.runs import RunStore
from tests.browser.app_server import Server
from tests.browser.conftest import settle

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("thin_workers")]


def press(page: Page, what: Locator, key: str = "Enter") -> None:
    """Reaches a control as Tab would, and presses a key on it."""
    expect(what).to_have_count(1)  # while a page is drawn anew, what moves down is there twice
    what.focus()
    expect(what).to_be_focused()
    page.keyboard.press(key)
    settle(page)


def test_a_head_is_made_by_keyboard_and_trained_as_it_stands_there(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/train")
    settle(page)
    page.get_by_text("Customise: every setting of the training").click()
    settle(page)
    press(page, page.get_by_role("switch", name="Head as a list of layers"), "Space")
    rows = page.locator("[class*='st-key-head'][class*='row']")
    expect(rows).to_have_text([re.compile("1. Dropout"), re.compile("2. Output")])
    expect(page.get_by_role("spinbutton", name="Hidden units")).to_have_count(0)

    press(page, page.get_by_role("button", name="Add Dense"))
    expect(rows).to_have_text([re.compile("1. Dropout"), re.compile("2. Dense"), re.compile("3. Output")])
    press(page, page.get_by_role("button", name="Up").nth(1))
    expect(rows).to_have_text([re.compile("1. Dense"), re.compile("2. Dropout"), re.compile("3. Output")])

    rate = page.get_by_role("spinbutton", name="Rate", exact=True)
    rate.fill("1.5")
    press(page, rate)
    error = page.get_by_text('Layer 2: rate of dropout is "1.5"; it may be 0 to 0.95.', exact=True)
    expect(error).to_be_visible()
    rate.fill("0.3")
    press(page, rate)
    expect(error).to_have_count(0)
    press(page, page.get_by_role("button", name="Add Batch normalisation"))
    expect(rows).to_have_count(4)  # the page has been drawn with it: the next key meets what is there
    press(page, page.get_by_role("button", name="Remove").nth(2))
    expect(rows).to_have_text([re.compile("1. Dense"), re.compile("2. Dropout"), re.compile("3. Output")])

    press(page, page.get_by_role("button", name="Start training"))
    expect(page).to_have_url(re.compile("/live"))
    assert RunStore().list()[0].config().model.head == "dense 128 relu, dropout 0.3"
    assert "Traceback" not in server.log()
