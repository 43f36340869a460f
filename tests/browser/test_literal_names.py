"""Names of classes and runs are text: nothing of them is drawn, run or fetched."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from core import files
from core.store import examples
from core.store.runs import RunStore
from tests.browser.app_server import Server
from tests.browser.conftest import settle

pytestmark = pytest.mark.slow

ELSEWHERE = "http://127.0.0.1:9"
AWKWARD = f"![x]({ELSEWHERE}/a.png) <img src={ELSEWHERE}/b.png onerror=window.hit=1> $\\frac$ :red[x] \u202e肺炎 größe"


def test_no_name_is_drawn_run_or_fetched(page: Page, home_with_sample: Path) -> None:
    examples.install()
    for run in RunStore().list():
        for name in ("manifest.json", "evaluation.json", "findings.json", "trace.json"):
            path = run.path / name
            if path.is_file():
                text = path.read_text(encoding="utf-8")
                path.write_text(text.replace("PNEUMONIA", json.dumps(AWKWARD)[1:-1]), encoding="utf-8")
        config = files.read_json(run.path / "config.json")
        files.write_json(run.path / "config.json", {**config, "name": AWKWARD[:100]})
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    server = Server(home_with_sample)
    try:
        run = next(run for run in RunStore().list() if run.has_model())
        for address in ("", f"live?run={run.id}", "diagnose", f"predict?run={run.id}", "dataset", "train"):
            page.goto(f"{server.url}/{address}")
            settle(page)
            page.wait_for_timeout(1500)  # what would run or be fetched has had its time
            assert page.locator("[data-testid='stException']").count() == 0
            assert page.evaluate("window.hit") is None
            assert page.locator(f"img[src^='{ELSEWHERE}']").count() == 0
            if address.startswith(("live", "diagnose")):
                assert "onerror=window.hit=1" in page.locator("section.stMain, [data-testid='stMain']").inner_text()
    finally:
        server.close()
    assert len(urls) > 20
    assert [url for url in urls if not url.startswith((server.url, "data:", "blob:", "ws:"))] == []
