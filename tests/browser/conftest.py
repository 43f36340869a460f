"""A real server with a real worker behind it, and a real Chromium in front."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
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


class Server:
    """`streamlit run app.py` with a home of its own.

    Attributes:
        url: str. Where it answers.
        seconds_to_health: float. From its start to its first healthy answer.
    """

    def __init__(self, home: Path, **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url, self.home = f"http://127.0.0.1:{port}", home
        self._log = (home.parent / "server.log").open("wb")
        started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.address", "127.0.0.1", "--server.port",
             str(port), "--server.headless", "true", "--server.fileWatcherType", "none"],
            cwd=ROOT,
            env={**os.environ, "PARITY_HOME": str(home), **environment},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        while not self._healthy():
            assert time.monotonic() - started < 60, self.log()
            time.sleep(0.05)
        self.seconds_to_health = time.monotonic() - started

    def log(self) -> str:
        """What the server has printed."""
        return Path(self._log.name).read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """Ends the server; its workers end with it."""
        self.process.terminate()
        self.process.wait(20)
        self._log.close()

    def _healthy(self) -> bool:
        try:
            return urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1).status == 200
        except (urllib.error.URLError, OSError):
            return False


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


def settle(page: Page) -> None:
    """Waits until the page has run to its end."""
    page.wait_for_selector("[data-testid='stApp'][data-test-connection-state='CONNECTED']", timeout=30_000)
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']", timeout=60_000)
