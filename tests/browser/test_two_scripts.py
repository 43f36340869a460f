"""Two scripts, two results, from the Home page in Chromium: given, trained, answered, and the same after a reload."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_server import Server
from tests.why import scripts
from tests.why.prepared import BY_AUC, ask, carry_through, end_at_once

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("thin_workers")]

SAME = scripts.SHUFFLED.replace("model", "network").replace("reader", "images")
"""What SHUFFLED does, in other names."""


def test_two_scripts_that_do_the_same_are_told_so_and_one_that_is_no_run_gets_the_recorder(
    server: Server, page: Page, tmp_path: Path
) -> None:
    files = {"eins.py": scripts.SHUFFLED, "größe 2.py": SAME, "own.py": scripts.CUSTOM}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    page.goto(server.url)
    page.get_by_text("Compare two scripts").click()
    give(page, "First script", tmp_path / "own.py")
    page.get_by_role("button", name="Find the line").click()
    expect(page.get_by_text("parity_recorder.py").first).to_be_visible(timeout=60_000)
    expect(page.get_by_role("alert").filter(has_text="own.py").first).to_be_visible(timeout=60_000)

    page.reload()
    page.get_by_text("Compare two scripts").click()
    give(page, "First script", tmp_path / "eins.py")
    give(page, "Second script", tmp_path / "größe 2.py")
    page.get_by_role("button", name="Find the line").click()
    expect(page).to_have_url(re.compile("why="), timeout=120_000)
    verdict = page.get_by_role("heading", name=re.compile("no difference|differ in nothing|same", re.IGNORECASE))
    expect(verdict.first).to_be_visible(timeout=600_000)
    page.reload()
    expect(verdict.first).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="Report").click()
    report = Path(download.value.path()).read_text(encoding="utf-8")
    assert "eins.py" in report
    assert "größe 2.py" in report
    assert "Traceback" not in server.log()


def test_the_cause_is_shown_with_its_lines_the_measure_that_decided_and_the_diff(
    home_with_sample: Path, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a question that was answered before: nothing is trained here."""
    end_at_once(monkeypatch).update(BY_AUC)
    why = ask(scripts.BOTTLENECK, scripts.END_TO_END)
    carry_through(why)
    running = Server(home_with_sample)
    try:
        page.goto(f"{running.url}/?why={why.id}")
        heading = page.get_by_role("heading", name="One setting makes the difference: data.shuffle")
        expect(heading).to_be_visible(timeout=120_000)
        line = scripts.END_TO_END.splitlines().index("    shuffle=False)") + 1
        expect(page.get_by_text(f"second.py, line {line}").first).to_be_visible()
        expect(page.get_by_text("-    shuffle=False)").first).to_be_visible()
        expect(page.get_by_role("columnheader", name="Validation AUC, mean over 12 seeds")).to_be_visible()
        expect(page.get_by_role("row", name=re.compile(r"second.py, repaired 0\.986 .* 77\.5\s%"))).to_be_visible()
        expect(page.get_by_text("read again and trained: cured. Validation AUC over 12 seeds")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("button", name="Repaired script").click()
        assert "    shuffle=True)" in Path(download.value.path()).read_text(encoding="utf-8")
        if folder := os.environ.get("PARITY_SCREENSHOTS"):
            page.screenshot(path=f"{folder}/why.png", full_page=True)
        assert "Traceback" not in running.log()
    finally:
        running.close()


def give(page: Page, label: str, path: Path) -> None:
    box = page.get_by_test_id("stFileUploader").filter(has_text=label)
    box.locator("input[type=file]").set_input_files(path)
    expect(box.get_by_text(path.name)).to_be_visible(timeout=60_000)
