"""From Home to a running training in three clicks; Start stays in sight; the title of the tab tells how far it is; an
address shows the same again."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from core.store import examples
from tests.browser.app_server import Server
from tests.browser.conftest import settle

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("thin_workers")]


@pytest.fixture(scope="module")
def served(
    home_of_file: Path, lay_images: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = lay_images(tmp_path_factory.mktemp("photos") / "apples and pears", train=(30, 30), val=(8, 8))
    running = Server(home_of_file, PARITY_DATA=str(folder.parent))
    yield running
    running.close()


@pytest.fixture
def server(served: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """One for all tests of this file."""
    monkeypatch.setenv("PARITY_HOME", str(served.home))
    return served


def in_sight(page: Page, name: str) -> bool:
    box: Any = page.get_by_role("button", name=name).bounding_box()
    size: Any = page.viewport_size
    return bool(box and box["y"] >= 0 and box["y"] + box["height"] <= size["height"])


def test_three_clicks_lead_to_a_training_that_is_followed_and_stopped(server: Server, page: Page) -> None:
    page.goto(server.url)
    settle(page)
    page.get_by_role("combobox", name="Or a folder on this machine").click()  # 1
    page.get_by_role("option", name="apples and pears").click()  # 2
    page.wait_for_url(re.compile("/train"))
    expect(page.get_by_role("radio", name=re.compile("Recommended"))).to_be_checked()
    expect(page.get_by_role("spinbutton", name=re.compile("Epochs")).first).to_be_hidden()
    start = page.get_by_role("button", name="Start training")
    expect(start).to_be_enabled()

    page.get_by_text(
        "Customise: every setting of the training"
    ).click()  # a look aside: the whole form, and a mistake in it
    settle(page)
    rate = page.get_by_role("spinbutton", name=re.compile("Epochs")).first
    rate.fill("0")
    rate.press("Enter")
    settle(page)
    expect(page.get_by_text("training.epochs is 0; it may be 1 to 1000")).to_have_count(1)
    expect(page.get_by_text("Correct these fields before you start: Epochs.")).to_be_visible()
    expect(start).to_be_disabled()
    for size in ({"width": 1280, "height": 900}, {"width": 390, "height": 800}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.mouse.move(size["width"] / 2, 300)
        for _ in range(6):
            page.mouse.wheel(0, 900)
            assert in_sight(page, "Start training"), size
    page.set_viewport_size({"width": 1280, "height": 1000})
    rate.fill("400")
    rate.press("Enter")
    patience = page.get_by_role("spinbutton", name=re.compile("Early stopping")).first
    patience.fill("0")
    patience.press("Enter")
    settle(page)

    start.click()  # 3
    page.wait_for_url(re.compile(r"/live\?run="), timeout=60_000)
    expect(page).to_have_title(re.compile(r"^[0-9]+ % · .* · Parity$"), timeout=60_000)
    expect(page.get_by_text("Time left (run)")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Home").first.click()
    expect(page.get_by_role("heading", name=re.compile("Running now"))).to_be_visible()
    page.get_by_role("button", name="Stop").first.click()
    expect(page.get_by_role("heading", name=re.compile("Running now"))).to_have_count(0, timeout=60_000)
    assert "Traceback" not in server.log()


def test_the_health_of_a_data_set_leads_to_its_tabs(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/dataset")
    settle(page)
    page.get_by_role("tab", name="Images").click()
    settle(page)
    page.get_by_role("button", name=re.compile("Detail")).first.click()
    expect(page.get_by_role("dialog").get_by_text(re.compile("pixels"))).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Overview").click()
    page.get_by_role("button", name="Open Quality").first.click()
    settle(page)
    expect(page.get_by_role("tab", name=re.compile("Quality"))).to_have_attribute("aria-selected", "true")
    assert "Traceback" not in server.log()


FOLDER = "dataset=folder%3Aapples+and+pears"


def test_an_address_shows_the_same_after_a_reload_in_a_second_tab_and_after_back(
    server: Server, page: Page, browser: Browser
) -> None:
    examples.install()
    good, bad, _ = examples.puzzle()
    page.goto(f"{server.url}/dataset?{FOLDER}")
    settle(page)
    page.get_by_role("tab", name="Images").click()
    page.get_by_role("combobox", name="Class").click()
    page.get_by_role("option", name="b", exact=True).click()
    stays(page, browser, images_of_a_class)

    page.goto(f"{server.url}/train?{FOLDER}")
    settle(page)
    page.get_by_test_id("stRadioGroup").get_by_text("Fast", exact=True).first.click()
    settle(page)
    page.get_by_text("Customise: every setting of the training").click()
    epochs = page.get_by_role("spinbutton", name=re.compile("Epochs")).first
    epochs.fill("7")
    epochs.press("Enter")
    stays(page, browser, a_changed_setting)

    page.goto(f"{server.url}/live?run={good}")
    settle(page)
    page.get_by_role("combobox", name="Run", exact=True).click()
    page.get_by_role("option", name=re.compile("Puzzle: end to end")).click()
    page.wait_for_url(re.compile(bad))
    stays(page, browser, the_bad_run)

    page.goto(f"{server.url}/diagnose?a={bad}&b={good}")
    stays(page, browser, the_bad_run_first)
    assert "Traceback" not in server.log()


def stays(page: Page, browser: Browser, shows: Callable[[Page], None]) -> None:
    """What is shown is shown again after a reload, in a second tab of somebody else, and after a look elsewhere."""
    shows(page)
    settle(page)
    page.reload()
    shows(page)
    other = browser.new_context().new_page()
    other.goto(page.url)
    shows(other)
    other.context.close()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Runs").click()
    page.wait_for_url(re.compile("/runs"))
    expect(page.get_by_role("combobox", name="Chosen runs")).to_be_visible()
    settle(page)
    page.go_back()
    shows(page)


def images_of_a_class(page: Page) -> None:
    expect(page.get_by_text("1 to 24 of 30 images")).to_be_visible()
    expect(page.get_by_role("tab", name="Images")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("combobox", name="Class")).to_have_value("b")
    expect(page.get_by_role("heading", name="apples and pears")).to_be_visible()


def a_changed_setting(page: Page) -> None:
    expect(page.get_by_role("radio", name=re.compile("^Fast")).first).to_be_checked()
    expect(page.get_by_text(re.compile("Epochs: 7 instead of 10")).first).to_be_visible()
    expect(page.get_by_text("apples and pears").first).to_be_visible()


def the_bad_run(page: Page) -> None:
    expect(page.get_by_role("heading", name="Puzzle: end to end")).to_be_visible()


def the_bad_run_first(page: Page) -> None:
    expect(page.get_by_role("combobox", name="Run A", exact=True)).to_have_value(re.compile("Puzzle: end to end"))
    expect(page.get_by_role("combobox", name="Run B", exact=True)).to_have_value(re.compile("Puzzle: bottleneck"))
