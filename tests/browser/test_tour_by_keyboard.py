"""The guided tour in Chromium: by the keyboard from the first step to the last, and the address is clean afterwards."""

import re

import pytest
from playwright.sync_api import Page, expect

from pages.shared.shell.tour import STEPS
from tests.browser.app_server import Server
from tests.browser.conftest import settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_keyboard_leads_from_home_to_the_end(server: Server, page: Page) -> None:
    page.goto(server.url)
    link = page.get_by_role("link", name="Take the tour")
    link.focus()
    page.keyboard.press("Enter")
    for number, step in enumerate(STEPS, 1):
        expect(page.get_by_text(f"{number} of {len(STEPS)}", exact=True)).to_be_visible(timeout=60_000)
        expect(page.get_by_text(step.title, exact=True)).to_be_visible()
        settle(page)
        assert page.locator("[data-testid='stException']").count() == 0
        assert cut_figures(page) == []
        if number < len(STEPS):
            page.get_by_role("button", name="Next").focus()
            page.keyboard.press("Enter")
    page.get_by_role("button", name="End the tour").click()
    expect(page.get_by_text(f"of {len(STEPS)}", exact=False)).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/train$"))
    assert "Traceback" not in server.log()


def cut_figures(page: Page) -> list[str]:
    """Metrics that are wider than their place: they are cut, or lie over others."""
    wide: list[str] = page.get_by_test_id("stMetricValue").evaluate_all(
        """values => values.filter(value => [value, ...value.querySelectorAll("*")].some(
            part => part.clientWidth && part.scrollWidth > part.clientWidth
        )).map(value => value.innerText)"""
    )
    return wide
