"""Start of the server and the first visit of each page, against an empty Streamlit app of the same version.

    python tests/bench/bench_pages.py        (PARITY_CHROMIUM names the browser; without it nothing is measured)

The empty app has the same menu and, on every page, its title. Servers of both start one after the other, in turn; a
visit is a click in the menu until the page has run to its end. Seconds of the processor are the server's. Every server
has a home of its own without caches; the sample is drawn in the first one, which counts for nothing else, since Python
compiles the modules there as well, and lies in the later ones.
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.figures import Figure, ratio, table

ROUNDS = 5
ALLOWED = {"Home": 1.6, "Dataset": 30, "Train": 8, "Live": 2.5, "Runs": 2, "Diagnose": 2, "Predict": 2}
"""Each page's largest ratio to the empty app by the clock. Dataset reads the 960 images of the sample meanwhile; Train
has forms that Streamlit builds. By the processor there is none: an empty visit of 0.07 s is too short to divide by."""
PAGES = tuple(ALLOWED)
ROOT = Path(__file__).resolve().parents[2]
SETTLED = "[data-testid='stApp'][data-test-connection-state='CONNECTED'][data-test-script-state='notRunning']"

Times = dict[str, tuple[float, float]]
"""Page to seconds by the clock and of the server's processor."""

_EMPTY = """import streamlit as st

st.set_page_config(page_title="{name}", layout="wide")
with st.sidebar:
    for page, label in {menu!r}:
        st.page_link(page, label=label)
st.title("{name}")
"""


def measure() -> list[Figure]:
    """Every figure; about three minutes."""
    from playwright.sync_api import sync_playwright

    if not os.environ.get("PARITY_CHROMIUM"):
        return []
    found: dict[str, list[Times]] = {"ours": [], "empty": []}
    with sync_playwright() as play, tempfile.TemporaryDirectory() as folder:
        roots = {"ours": ROOT, "empty": _empty_app(Path(folder) / "empty")}
        for k in range(ROUNDS + 1):
            for name in roots if k % 2 else reversed(roots):
                found[name].append(_visit_all(play, roots[name], _home(Path(folder), name, k)))
    return [*(figure for page in PAGES for figure in _figures(page, found)), _drawing(found["ours"])]


def _home(folder: Path, name: str, k: int) -> Path:
    """A new home; all but the first have the sample already."""
    home = folder / f"{name}{k}" / "home"
    home.mkdir(parents=True)
    if name != "empty" and k:
        shutil.copytree(folder / f"{name}0" / "home" / "sample", home / "sample")
    return home


def _drawing(ours: list[Times]) -> Figure:
    (clock, processor), (_, usual) = ours[0]["Dataset"], sorted(times["Dataset"] for times in ours[1:])[ROUNDS // 2]
    label = "first visit of Dataset in a new home, which draws the 960 images of the sample"
    note = f"one visit; {processor:.1f} s of the processor, {usual:.1f} s with the sample in place"
    return Figure(label, round(clock, 1), "", "s", note)


def _figures(page: str, found: dict[str, list[Times]]) -> list[Figure]:
    label = "server's start to the first interactive page" if page == "Home" else f"first visit of {page}"
    rows = []
    for n, kind in enumerate(("", ", seconds of the processor")):
        ours, empty = ([times[page][n] for times in found[name][1:]] for name in ("ours", "empty"))
        halves = f"{sorted(ours)[len(ours) // 2]:.2f} s against {sorted(empty)[len(empty) // 2]:.2f} s"
        note = f"{halves}, load {os.getloadavg()[0]:.1f}"
        target = "" if kind else f"<= {ALLOWED[page]:g}"
        rows.append(ratio(f"{label}, of an empty app{kind}", ours, empty, target, note))
    return rows


def _visit_all(play: Any, root: Path, home: Path) -> Times:
    from tests.browser.app_server import Server
    from tests.load.client import cpu_seconds

    browser = play.chromium.launch(
        executable_path=os.environ["PARITY_CHROMIUM"], args=["--no-sandbox", "--disable-gpu"]
    )
    page, times = browser.new_page(), Times()
    started = time.perf_counter()
    server = Server(home, root=root, PYTHONDONTWRITEBYTECODE="")  # what a start of the program finds: compiled modules
    try:
        before = 0.0
        for name in PAGES:
            if name == "Home":
                page.goto(server.url)
            else:
                started = time.perf_counter()
                page.get_by_test_id("stSidebar").get_by_role("link", name=name).click()
            page.get_by_test_id("stHeading").first.get_by_text("Parity" if name == "Home" else name).wait_for()
            page.wait_for_selector(SETTLED, timeout=60_000)
            taken, now = time.perf_counter() - started, cpu_seconds(server.process.pid)
            times[name] = taken, now - before
            before = now
    finally:
        browser.close()
        server.close()
    return times


def _empty_app(root: Path) -> Path:
    """A Streamlit app with the same menu and nothing on its pages, with our settings of the server."""
    shutil.copytree(ROOT / ".streamlit", root / ".streamlit")
    (root / "pages").mkdir()
    files = {name: "app.py" if name == "Home" else f"pages/{name.lower()}.py" for name in PAGES}
    menu = [(path, name) for name, path in files.items()]
    for name, path in files.items():
        title = "Parity" if name == "Home" else name
        (root / path).write_text(_EMPTY.format(name=title, menu=menu), encoding="utf-8")
    return root


if __name__ == "__main__":
    print(table(measure()))
