"""A phone: the menu closes, targets fit a finger, nothing scrolls sideways. The keyboard: where it is, and Enter."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from core.store import examples
from core.store.notes import rename_run
from core.store.runs import RunStore
from tests.browser.app_server import Server
from tests.browser.conftest import settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SMALL = """() => [...document.querySelectorAll(
    "[data-testid='stApp'] :is(a[data-testid='stPageLink-NavLink'], button[data-testid^='stBaseButton-'], "
    + "[role='tab'], [data-testid='stExpander'] summary, [data-testid='stCheckbox'] label)")]
  .filter(e => e.checkVisibility() && !e.closest("[data-testid='stElementToolbar'], [data-testid='stSidebar']"))
  .filter(e => e.getBoundingClientRect().height < 43.5 || e.getBoundingClientRect().width < 43.5)
  .map(e => `${e.dataset.testid || e.tagName} ${e.innerText || e.getAttribute("aria-label")}: `
    + `${Math.round(e.getBoundingClientRect().width)} x ${Math.round(e.getBoundingClientRect().height)}`)"""
"""What can be pressed, but is smaller than a finger needs."""

BUSY = """() => addEventListener("click", () => setTimeout(() => {
  for (const began = Date.now(); Date.now() < began + 800;);
}), {once: true})"""
"""After the next click the page does nothing for a while; all that the server sends meanwhile is waiting then."""

PAGES = ("", "dataset", "train", "live?run={good}", "runs", "diagnose?a={good}&b={bad}&bisect={bisect}", "predict")


def test_a_phone_and_the_keyboard(server_with_examples: Server, browser: Browser, page: Page) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True).new_page()
    the_menu_closes_after_a_choice(phone, server_with_examples)
    nothing_is_too_small_or_too_wide(phone, server_with_examples)
    phone.context.close()
    the_focus_is_told_apart_from_the_current_page(page, server_with_examples)
    enter_opens_a_row(page, server_with_examples)
    a_long_name_and_the_buttons_are_one_row(page, server_with_examples)
    what_was_open_comes_back(page, server_with_examples)
    assert "Traceback" not in server_with_examples.log()


def the_menu_closes_after_a_choice(phone: Page, server: Server) -> None:
    phone.goto(server.url)
    settle(phone)
    phone.get_by_test_id("stExpandSidebarButton").click()
    menu = phone.get_by_test_id("stSidebar")
    expect(menu).to_have_attribute("data-collapsed", "false")
    menu.get_by_role("link", name="Runs").click()
    phone.wait_for_url(re.compile("/runs"))
    expect(menu).to_have_attribute("data-collapsed", "true")


def nothing_is_too_small_or_too_wide(phone: Page, server: Server) -> None:
    good, bad, bisect = examples.puzzle()
    found = []
    for address in PAGES:
        phone.goto(f"{server.url}/{address.format(good=good, bad=bad, bisect=bisect)}")
        settle(phone)
        width = phone.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
        found += [f"/{address} is {width} pixels wide"] if width > 390 else []
        found += [f"/{address}: {small}" for small in phone.evaluate(SMALL)]
        if address in ("", "runs"):
            expect(phone.get_by_role("columnheader", name="Accuracy", include_hidden=True).first).to_be_attached()
            heads = phone.get_by_role("columnheader", include_hidden=True).all_inner_texts()
            names = [head for head in heads if head.strip()]
            assert "ccuracy" in names[1], f"beside the name, in sight: {names}"
    assert found == [], "\n".join(found)


def the_focus_is_told_apart_from_the_current_page(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/runs")
    settle(page)
    menu = page.get_by_test_id("stSidebar")
    diagnose = menu.get_by_role("link", name="Diagnose")
    for _ in range(5):  # a menu that is drawn once more while Tab is pressed loses the focus
        menu.get_by_role("link", name="Live").focus()
        page.keyboard.press("Tab")  # onto the current page
        page.keyboard.press("Tab")  # and on
        if diagnose.evaluate("link => link === document.activeElement"):
            break
        page.wait_for_timeout(1000)
    expect(diagnose).to_have_css("outline-style", "solid")
    expect(menu.get_by_role("link", name="Runs")).to_have_css("outline-style", "none")


def enter_opens_a_row(page: Page, server: Server) -> None:
    """By its name: Streamlit's tables are drawn, and the buttons in them take no key."""
    page.goto(server.url)
    settle(page)
    page.get_by_role("combobox", name="A run of the table").focus()
    page.keyboard.type("Sample")
    page.keyboard.press("Enter")
    settle(page)
    for name in ("Rename", "Clone", "Delete"):
        expect(page.get_by_role("button", name=name)).to_be_visible()
    page.get_by_role("link", name="Open", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/live\?run="), timeout=15_000)
    page.goto(f"{server.url}/runs")
    settle(page)
    field = page.get_by_role("combobox", name="Chosen runs")
    field.focus()
    page.keyboard.type("Sample")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")  # else the list lies over the page
    settle(page)
    expect(page.get_by_role("button", name="Clone")).to_be_visible()
    for name in ("Rename", "Clone", "Export", "Delete", "Compare", "Tags"):
        expect(page.get_by_role("button", name=name).first).to_be_visible()
    page.get_by_role("link", name="Open", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/live\?run="), timeout=15_000)


def a_long_name_and_the_buttons_are_one_row(page: Page, server: Server) -> None:
    """The name is cut there, and whole for a pointer that rests on it; on a phone it takes the rows it needs."""
    run = RunStore().get(examples.run_with_model())
    name = " ".join(["a name of many words"] * 4)
    rename_run(run, name)
    heights = {}
    for width in (1280, 1920, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{server.url}/live?run={run.id}")
        settle(page)
        title = page.get_by_role("heading", name=name)
        expect(title).to_be_visible()
        box, button = title.bounding_box(), page.get_by_role("button", name="Rename").bounding_box()
        assert box and button
        heights[width] = box["height"]
        assert (box["y"] < button["y"] + button["height"] / 2 < box["y"] + box["height"]) == (width > 390)
    assert heights[390] > 1.5 * heights[1280] == 1.5 * heights[1920], heights
    page.set_viewport_size({"width": 1280, "height": 1000})


def what_was_open_comes_back(page: Page, server: Server) -> None:
    """A tab, and the whole form: after a reload, and when the browser goes back."""
    page.goto(f"{server.url}/train")
    settle(page)
    page.get_by_text("Customise: every setting").click()
    expect(page.get_by_role("spinbutton", name="Batch size")).to_be_visible()
    expect(page).to_have_url(re.compile("customise=1"))
    page.reload()
    expect(page.get_by_role("spinbutton", name="Batch size")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Runs").click()
    page.wait_for_url(re.compile("/runs"))  # Streamlit has named it, and it may not be drawn yet
    page.go_back()
    expect(page.get_by_role("spinbutton", name="Batch size")).to_be_visible()
    page.goto(f"{server.url}/dataset")
    settle(page)
    page.get_by_role("tab", name="Split").click()
    expect(page).to_have_url(re.compile("tab=Split"))
    page.get_by_test_id("stSidebar").get_by_role("link", name="Runs").click()
    page.wait_for_url(re.compile("/runs"))
    page.go_back()
    expect(page.get_by_role("tab", name="Split")).to_have_attribute("aria-selected", "true")
    settle(page)  # what Dataset still writes into the address must not meet what Live does
    back_from_live_is_one_step(page)
    page.goto(f"{server.url}/live")
    page.wait_for_url(re.compile(r"/live\?run="))  # which run it shows was written there by the page itself
    settle(page)
    page.go_back()
    page.wait_for_url(re.compile("/live$"))
    settle(page)
    page.go_back()
    expect(page.get_by_role("tab", name="Split")).to_have_attribute("aria-selected", "true")


def back_from_live_is_one_step(page: Page) -> None:
    """Also where the browser is busy while it is opened: Streamlit then writes the run into the address of Dataset."""
    page.evaluate(BUSY)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Live").click()
    page.wait_for_url(re.compile(r"/live\?run="))
    settle(page)
    page.go_back()
    expect(page.get_by_role("tab", name="Split")).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(re.compile(r"/dataset\?tab=Split$"))
    settle(page)
