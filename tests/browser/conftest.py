"""A real server with a real worker behind it, and a real Chromium in front."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from core.data.dataset import SAMPLE, scan_dataset
from core.store import examples
from tests.browser.app_server import Server

CHROMIUM = os.environ.get("PARITY_CHROMIUM") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",  # a container's root may not have one
    "--disable-gpu",
    "--no-first-run",
    # The browser itself looks for nothing outside: what is tested is a page that needs no network.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"there is no browser at {CHROMIUM}; PARITY_CHROMIUM names one")
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    yield context.new_page()
    context.close()


@pytest.fixture
def home_with_sample(home: Path, drawn_sample: Path) -> Path:
    """A home in which no page draws or scans the sample first; how that goes is seen in test_puzzle_story.py."""
    return with_sample(home, drawn_sample)


@pytest.fixture(scope="module")
def home_of_file(tmp_path_factory: pytest.TempPathFactory, drawn_sample: Path) -> Path:
    """The same for all tests of a file."""
    return with_sample(tmp_path_factory.mktemp("app") / "home", drawn_sample)


@pytest.fixture
def server(home_with_sample: Path) -> Iterator[Server]:
    """A server of a home without runs."""
    running = Server(home_with_sample)
    yield running
    running.close()


@pytest.fixture
def server_with_examples(home_with_sample: Path) -> Iterator[Server]:
    """A server of a home with the runs that come with the program."""
    examples.install()
    running = Server(home_with_sample)
    yield running
    running.close()


def with_sample(home: Path, drawn: Path) -> Path:
    """Puts the sample into a home, scanned: a server knows nothing of other homes, and would take seconds for it."""
    shutil.copytree(drawn, home / "sample")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARITY_HOME", str(home))
        scan_dataset(SAMPLE)
    return home


def settle(page: Page) -> None:
    """Waits until the page has run to its end."""
    page.wait_for_selector("[data-testid='stApp'][data-test-connection-state='CONNECTED']", timeout=30_000)
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']", timeout=60_000)
