"""What axe-core finds on the pages, in the light and in the dark theme: nothing serious of what this program writes."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.store import examples
from tests.browser.app_server import ROOT, Server
from tests.browser.conftest import settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(os.environ.get("PARITY_AXE") or ROOT / ".venv" / "axe-core-4.14.1" / "package" / "axe.min.js")

OF_STREAMLIT: dict[str, tuple[str, str]] = {}
"""Rules that a widget of Streamlit breaks by itself: part of its HTML, and why it cannot be changed from here."""

PAGES = {
    "home": "",
    "dataset": "dataset",
    "train": "train",
    "live": "live?run={good}",
    "live of a run at chance": "live?run={bad}",
    "runs": "runs",
    "diagnose": "diagnose?a={good}&b={bad}&bisect={bisect}",
    "predict": "predict?run={model}",
}


TABS = {"dataset": ["Images", "Batch composition"]}
"""Tabs that are looked into as well."""

WAIT_FOR = {"live": "stPlotlyChart", "predict": "stFileUploader", "train": "stBaseButton-primary"}


@pytest.fixture
def server(home_with_sample: Path) -> Iterator[Server]:
    if not AXE.exists():
        pytest.skip("there is no axe-core; tests/browser/axe.sh provides it, or PARITY_AXE names axe.min.js")
    examples.install()
    running = Server(home_with_sample)
    yield running
    running.close()


def test_no_page_has_a_serious_violation_in_either_theme(server: Server, page: Page) -> None:
    good, bad, bisect = examples.puzzle()
    names = {"good": good, "bad": bad, "bisect": bisect, "model": examples.run_with_model()}
    found: list[str] = []
    for name, address in PAGES.items():
        page.emulate_media(color_scheme="light")
        page.goto(f"{server.url}/{address.format(**names)}")
        settle(page)
        if name in WAIT_FOR:
            page.get_by_test_id(WAIT_FOR[name]).first.wait_for()
        page.add_script_tag(path=AXE)
        found += violations(page, name)
        for tab in TABS.get(name, []):
            page.get_by_role("tab", name=tab).click()
            settle(page)
            found += violations(page, f"{name}, {tab}")
    assert found == [], "\n".join(found)
    assert "Traceback" not in server.log()


def violations(page: Page, name: str) -> list[str]:
    """What is serious: all of it in the light theme; in the dark one, which has the same elements, their contrast."""
    told = []
    for scheme, options in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        app = page.get_by_test_id("stApp")
        expect(app).to_have_css("color-scheme", scheme)
        page.wait_for_timeout(300)  # colours fade over
        result: dict[str, Any] = page.evaluate(
            "options => axe.run(document, {resultTypes: ['violations'], ...options})", options
        )
        for violation in result["violations"]:
            if violation["impact"] in ("serious", "critical"):
                told += [
                    f"{name}, {scheme}: {violation['id']}: {node['html'][:300]} {node['failureSummary'][:300]}"
                    for node in violation["nodes"]
                    if not of_streamlit(violation["id"], node["html"])
                ]
    return told


def of_streamlit(rule: str, html: str) -> bool:
    """Whether a widget of Streamlit breaks the rule by itself."""
    return any(rule == known and part in html for part, (known, _) in OF_STREAMLIT.items())
