"""The map in a real browser: the card under the pointer, a lasso, a click, and all of it again on another map."""

import colorsys
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from core.config import DataConfig
from core.data.dataset import prepare, scan_dataset
from core.label_review.store import ReviewStore
from core.store.runs import Status
from tests.browser.app_server import Server
from tests.browser.conftest import settle

pytestmark = [pytest.mark.slow, pytest.mark.browser]

AWKWARD = 'größe <img src=x onerror="window.hit=1"> &amp; {}.png'
NUMBER = 30

# Where the dot of a file is on the screen: there is no element to ask for it.
SPOT = """(name) => {
  const chart = document.querySelector(".js-plotly-plot")
  const layout = chart._fullLayout, box = chart.getBoundingClientRect()
  for (const trace of chart._fullData) {
    const k = trace.hoverinfo === "skip" ? -1 : trace.customdata.findIndex((data) => data[0].endsWith("/" + name))
    if (k >= 0) return {x: box.left + layout._size.l + layout.xaxis.d2p(trace.x[k]),
                        y: box.top + layout._size.t + layout.yaxis.d2p(trace.y[k])}
  }
}"""

# The colour in the middle of the card's image.
PIXEL = """(image) => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 1, height: 1}), pen = canvas.getContext("2d")
  pen.drawImage(image, image.naturalWidth / 2, image.naturalHeight / 2, 1, 1, 0, 0, 1, 1)
  return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)]
}"""


def colour_of(n: int) -> tuple[int, ...]:
    return tuple(round(255 * part) for part in colorsys.hsv_to_rgb(n / NUMBER, 0.9, 0.9))


def name_of(n: int) -> str:
    return AWKWARD.format(n) if n % 2 else f"plain {n}.png"


@pytest.fixture(scope="module")
def server(home_of_file: Path) -> Iterator[Server]:
    """A dataset of images of one colour each, reviewed: they lie on the map in rows of six."""
    home = home_of_file
    folder = home.parent / "data" / "colours"
    for n in range(NUMBER):
        path = folder / ("train" if n % 3 else "val") / ("warm" if n < NUMBER // 2 else "cold") / name_of(n)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (80, 60), colour_of(n)).save(path)
    data = prepare(scan_dataset(str(folder)), DataConfig())
    review = ReviewStore(home / "reviews").create(str(folder), data)
    rows = []
    for file in data.index.files:
        n = int(file.path.rsplit(" ", 1)[1].removesuffix(".png"))
        x, y = float(n % 6), float(n // 6)
        rows.append({"file": file.path, "label": file.label, "suggested": "cold" if n == 1 else file.label,
                     "score": 0.5, "issue": n == 1, "neighbours": 5, "x": x, "y": y, "tsne": [y, x]})  # fmt: skip
    review.write_result({"method": "cleanlab", "pictures": NUMBER, "issues": 1, "explained": [0.5, 0.2], "files": rows})
    review.write_status(Status(status="finished"))
    server = Server(home, PARITY_DATA=str(folder.parent))
    yield server
    server.close()


@pytest.fixture
def mapped(page: Page, server: Server) -> Page:
    return open_map(page, server)


def open_map(page: Page, server: Server) -> Page:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{server.url}/dataset")
    settle(page)
    page.get_by_text("Folder on this machine").click()
    page.get_by_role("combobox").first.click()
    page.get_by_role("option", name="colours").click()
    page.get_by_role("button", name="Use this folder").click()
    page.wait_for_url(re.compile("colours"))  # else the tab that is pressed may be one of the data set before
    settle(page)
    page.get_by_role("tab", name="Map").click()
    page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=60_000)
    settle(page)
    page.locator(".js-plotly-plot").evaluate("e => e.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(500)
    assert errors == []
    return page


def hover(page: Page, name: str) -> dict[str, float]:
    """Moves the pointer onto a dot, as a hand does: not in one step."""
    spot: dict[str, float] = page.evaluate(SPOT, name)
    page.mouse.move(spot["x"] - 4, spot["y"] - 30)
    page.mouse.move(spot["x"], spot["y"], steps=4)
    return spot


def expect_card(page: Page, n: int, *about: str) -> None:
    """The card is open, says the name literally and shows the very image."""
    card = page.locator(".card.open")
    expect(card.locator(".name")).to_have_text(name_of(n))
    for text in about:
        expect(card).to_contain_text(text)
    image = card.locator("img[src^='data:image/jpeg']")
    expect(image).to_be_visible()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image.element_handle())
    assert image.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [80, 60]
    seen: list[int] = image.evaluate(PIXEL)
    assert all(abs(a - b) < 12 for a, b in zip(seen, colour_of(n), strict=True)), (seen, colour_of(n))
    box = card.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= page.viewport_size["width"]  # type: ignore[index]


def selected(page: Page) -> Any:
    return page.get_by_role("heading", level=5)


def test_the_card_shows_the_image_the_lasso_picks_and_a_click_picks_one(mapped: Page) -> None:
    hover(mapped, name_of(8))
    expect_card(mapped, 8, "warm · training")
    spot = hover(mapped, name_of(1))
    expect_card(mapped, 1, "warm · training", "label looks wrong: looks like cold")
    assert mapped.evaluate("window.hit") is None
    assert mapped.locator(".hoverlayer").is_hidden()  # Plotly's own label does not lie on the card
    mapped.keyboard.press("Escape")
    expect(mapped.locator(".card.open")).to_have_count(0)

    # A lasso around dots 1, 2, 7 and 8.
    step = mapped.evaluate(SPOT, name_of(8))["x"] - mapped.evaluate(SPOT, name_of(7))["x"]
    left, right = spot["x"] - step / 2, spot["x"] + 1.5 * step
    bottom, top = spot["y"] + 25, mapped.evaluate(SPOT, name_of(7))["y"] - 25
    mapped.mouse.move(left, bottom)
    mapped.mouse.down()
    for x, y in ((right, bottom), (right, top), (left, top), (left, bottom)):
        mapped.mouse.move(x, y, steps=5)
    mapped.mouse.up()
    expect(selected(mapped)).to_have_text("4 selected")
    expect(mapped.locator("[data-testid='stImage'] img")).to_have_count(4)

    hover(mapped, name_of(7))  # inside the lasso
    expect_card(mapped, 7)
    mapped.mouse.down()
    mapped.mouse.up()
    expect(selected(mapped)).to_have_text("1 selected")
    expect(mapped.locator("[data-testid='stImage'] img")).to_have_count(1)


def test_another_map_and_other_colours_have_the_card_too(mapped: Page) -> None:
    hover(mapped, name_of(20))
    expect_card(mapped, 20, "cold · training")
    mapped.get_by_text("t-SNE (local neighbourhoods)").click()
    mapped.locator(".js-plotly-plot .xtick").first.wait_for(state="hidden")
    settle(mapped)
    hover(mapped, name_of(20))
    expect_card(mapped, 20, "cold · training")
    mapped.get_by_text("Label quality").click()
    mapped.locator(".js-plotly-plot .colorbar").wait_for()
    settle(mapped)
    hover(mapped, name_of(21))
    expect_card(mapped, 21, "cold · validation")
    mapped.locator(".modebar-btn[data-title='Fullscreen']").click()
    mapped.locator(".modebar-btn[data-title='Close fullscreen']").wait_for()
    mapped.wait_for_timeout(500)
    hover(mapped, name_of(22))
    expect_card(mapped, 22)
    assert mapped.locator(".hoverlayer").is_hidden()


def test_a_tap_shows_the_card_on_a_phone(browser: Browser, server: Server) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = open_map(context.new_page(), server)
    spot = page.evaluate(SPOT, name_of(14))
    page.touchscreen.tap(spot["x"], spot["y"])
    expect_card(page, 14)
    expect(selected(page)).to_have_text("1 selected")
    context.close()
