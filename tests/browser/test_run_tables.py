"""Tables of runs in Chromium: on Runs sorted, filtered, compared, renamed, tagged, exported, deleted and brought back,
and the same after a reload; on Home the menu of a run."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Download, Page, expect

from core.bisect.store import BisectStore
from core.store import examples
from core.store.notes import read_note
from core.store.runs import RunStore
from tests.browser.app_server import Server
from tests.browser.conftest import settle
from tests.browser.run_table import HEAD, cell, click_row, number

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GOOD, BAD, SAMPLE = "Puzzle: bottleneck", "Puzzle: end to end", "Sample: pooled head"
RENAMED = "Größe <b>"

NUMBERS = {
    "Image size": "data.image_size", "Batch size": "data.batch_size", "Epochs": "training.epochs",
    "Hidden units": "model.dense_units", "Learning rate": "training.learning_rate",
}  # fmt: skip
"""Fields of the form, by their labels, with the settings they stand for."""

BOX_X, STATE_X, MENU_X = 17, 515, 353
"""Pixels: on Runs the middle of the column of boxes, and a point in the head of State; on Home the middle of the column
of menus."""


@pytest.fixture(scope="module")
def served(home_of_file: Path) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARITY_HOME", str(home_of_file))
        examples.install()
    running = Server(home_of_file)
    yield running
    running.close()


@pytest.fixture
def server_with_examples(served: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """One for both tests: the first brings back what it deletes."""
    monkeypatch.setenv("PARITY_HOME", str(served.home))
    return served


def test_runs_are_sorted_filtered_compared_and_renamed(server_with_examples: Server, page: Page) -> None:
    page.goto(f"{server_with_examples.url}/runs")
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
    page.goto(f"{server_with_examples.url}/runs?chosen={run.id}")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name", exact=True).fill(RENAMED)
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(cell(page, RENAMED)).to_have_count(1)
    assert run.title() == RENAMED

    page.goto(f"{server_with_examples.url}/runs")
    sort_by_a_head(page)
    choose_many(page)
    tag_them(page)
    export_them(page)
    delete_them_and_take_them_back(page)
    assert "Traceback" not in server_with_examples.log()


def save_the_first_figure(page: Page) -> None:
    """As PNG, SVG and CSV."""
    begins = {"PNG": b"\x89PNG", "SVG": b"<svg ", "CSV": "\ufeffseries,epoch".encode()}
    settle(page)
    page.get_by_role("button", name="Save").first.click()
    for kind, begin in begins.items():
        file = saved(page, kind)
        assert file.suggested_filename == f"runs-loss.{kind.lower()}"
        assert file.path().read_bytes().startswith(begin)
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


def choose_many(page: Page) -> None:
    """By the boxes: two runs and a bisect, which stands for its six trials."""
    for name in (SAMPLE, BAD, f"Bisect: {RENAMED} / {BAD}"):
        tick(page, name)
    page.reload()
    expect(page.get_by_role("button", name="Compare 8")).to_be_visible()
    expect(page.get_by_role("link", name="Its verdict")).to_be_visible()


def tag_them(page: Page) -> None:
    """All eight at once."""
    page.get_by_role("button", name="Tags").click()
    field = page.get_by_role("combobox", name="Add to 8 runs")
    field.fill("größer")
    field.press("Enter")
    field.press("Tab")  # else its list lies over the button
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("The tags of 8 runs were changed.")).to_be_visible()
    tagged = [run for run in RunStore().list() if read_note(run).tags == ("größer",)]
    assert len(tagged) == 8
    assert RENAMED not in {run.title() for run in tagged}


def export_them(page: Page) -> None:
    """As one table, and as a report each."""
    settle(page)
    page.get_by_role("button", name="Export").click()
    lines = list(csv.DictReader(io.StringIO(saved(page, "Table, CSV").path().read_text(encoding="utf-8-sig"))))
    assert len(lines) == 8
    assert {line["tags"] for line in lines} == {"größer"}
    assert [line["kind"] for line in lines].count("trial") == 6
    with zipfile.ZipFile(saved(page, "8 reports, HTML in a zip").path()) as reports:
        assert sorted(reports.namelist()) == sorted(f"{line['run']}.html" for line in lines)
        assert b"</html>" in reports.read(reports.namelist()[0])
    page.keyboard.press("Escape")


def delete_them_and_take_them_back(page: Page) -> None:
    """The bisect with its trials, and the runs beside it."""
    (bisect,) = BisectStore().list()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The 2 other chosen runs go as well.")).to_be_visible()
    page.get_by_role("button", name=re.compile("With its 6 trials")).click()
    expect(page.get_by_text("1 bisect or sweep and 8 runs were deleted")).to_be_visible()
    assert [run.title() for run in RunStore().list()] == [RENAMED]
    assert BisectStore().list() == []
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("9 restored.")).to_be_visible()  # the table drawn before may still be there, with its runs
    expect(cell(page, SAMPLE)).to_have_count(1)
    assert len(RunStore().list()) == 9
    assert BisectStore().by_id(bisect.id)


def saved(page: Page, label: str) -> Download:
    """The file that a button saves."""
    with page.expect_download() as download:
        page.get_by_role("button", name=label, exact=True).click(no_wait_after=True)
    return download.value


def tick(page: Page, name: str) -> None:
    """Chooses a row by the box at its left."""
    click_row(page, name, BOX_X)
    expect(
        page.get_by_role("button", name=f"Remove {name}", exact=True)
    ).to_be_visible()  # among the chosen runs by name
    settle(page)


def test_a_run_is_cloned_deleted_and_brought_back_on_home(server_with_examples: Server, page: Page) -> None:
    page.goto(server_with_examples.url)
    run = next(run for run in RunStore().list() if run.title() == BAD)
    choose_in_menu(page, BAD, "Clone")
    expect(page.get_by_text(f"The form has the settings of “{BAD}”.")).to_be_visible()
    expect(page).to_have_url(f"{server_with_examples.url}/train")
    settle(page)
    settings = run.config().settings()
    for label, key in NUMBERS.items():
        expect(page.get_by_role("spinbutton", name=label).first).to_have_value(f"{settings[key]:g}")
    assert settings["data.shuffle"] == "none"
    expect(page.get_by_role("combobox", name="Shuffle")).to_have_value("Off")
    expect(page.get_by_role("textbox", name="Run name")).to_have_value(BAD)

    page.get_by_role("link", name="Home").first.click()
    choose_in_menu(page, BAD, "Delete")
    expect(page.get_by_text(f"“{BAD}” was deleted; it is kept for 30 days.")).to_be_visible()
    expect(cell(page, BAD)).to_have_count(0)
    assert run.id not in [other.id for other in RunStore().list()]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"“{BAD}” restored.")).to_be_visible()
    expect(cell(page, BAD)).to_have_count(1)
    assert run.id in [other.id for other in RunStore().list()]
    assert "Traceback" not in server_with_examples.log()


def choose_in_menu(page: Page, name: str, entry: str) -> None:
    """Opens the menu of a run's row and chooses one of its entries."""
    click_row(page, name, MENU_X)
    page.get_by_role("menuitem", name=entry).click()
