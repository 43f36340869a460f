"""What the public demonstration needs of a small machine: every page, a training and predictions, in a real browser.

    python tests/load/memory.py [PYTHON]

PYTHON: the interpreter of the virtual environment that runs the app, when it is another than this one; its workers
are the same. Printed: resident memory of the server and of all processes it has started, at their peak in each part,
with and without what the system may drop (mapped files), in MB of 10**6.
"""

import contextlib
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from playwright.sync_api import Page, expect, sync_playwright  # noqa: E402

from tests.browser.app_server import Server  # noqa: E402
from tests.browser.conftest import ARGUMENTS, CHROMIUM, settle  # noqa: E402
from tests.load.clone import cloned, python_of  # noqa: E402

PAGES = ("", "dataset", "train", "live", "diagnose", "predict")


class Peaks(threading.Thread):
    """Looks at a process and at those it has started, ten times a second.

    Attributes:
        rows: dict. Part -> most MB so far of the server (RSS), the others (RSS), both, and both without mapped files.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.part, self.over = pid, "start", threading.Event()
        self.rows: dict[str, list[float]] = {}

    def run(self) -> None:
        while not self.over.wait(0.1):
            server, others = _memory(self.pid), [_memory(pid) for pid in _descendants(self.pid)]
            now = [server[0], sum(m[0] for m in others)]
            now += [sum(now), server[1] + sum(m[1] for m in others)]
            before = self.rows.setdefault(self.part, [0.0] * len(now))
            self.rows[self.part] = [max(pair) for pair in zip(before, now, strict=True)]

    @contextlib.contextmanager
    def during(self, part: str) -> Iterator[None]:
        """Counts what happens inside as `part`."""
        self.part = part
        print(f"{part} …", file=sys.stderr)
        yield
        self.part = "between"


def _memory(pid: int) -> tuple[float, float]:
    """Resident memory, and what of it is no mapped file, in MB; zero for a process that has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0, 0.0
    found = {name: int(kb) * 1024 / 1e6 for name, kb in re.findall(r"^(VmRSS|RssAnon):\s+(\d+) kB", text, re.M)}
    return found.get("VmRSS", 0.0), found.get("RssAnon", 0.0)


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found, new = list[int](), [pid]
    while new:
        new = [child for parent in new for child in children.get(parent, [])]
        found += new
    return found


def visit(page: Page, server: Server) -> None:
    """Opens every page, and of Dataset every tab."""
    for name in PAGES:
        page.goto(f"{server.url}/{name}")
        settle(page)
        for tab in page.get_by_role("tab").all():
            tab.click()
            settle(page)


def train(page: Page, server: Server) -> None:
    """The largest training that a visitor may start: 50 epochs at 224 pixels."""
    page.goto(f"{server.url}/train")
    settle(page)
    page.get_by_text("Customise: every setting of the training").click()
    settle(page)
    for label, value in (("Image size", "224"), ("Epochs", "50"), ("Batch size", "64"), ("Early stopping", "0")):
        field = page.get_by_role("spinbutton", name=re.compile(label)).first
        if field.count():
            field.fill(value)
            field.press("Enter")
            settle(page)
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(re.compile(r"/live\?run="), timeout=120_000)
    expect(page.get_by_role("heading", name="Confusion matrix")).to_be_visible(timeout=900_000)


def predict(page: Page, images: list[Path]) -> None:
    """Twenty images to the run that has just been trained."""
    page.get_by_role("link", name="Predict with this run").click()
    settle(page)
    page.locator("[data-testid='stFileUploaderDropzoneInput']").first.set_input_files(images)
    expect(page.locator("[data-testid='stDownloadButton'] button").first).to_be_visible(timeout=300_000)


def main() -> None:
    """Prints the table."""
    interpreter = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    environment = Path(interpreter).absolute().parents[1]
    with (
        tempfile.TemporaryDirectory() as folder,
        cloned(Path(folder), environment) as root,
        sync_playwright() as play,
    ):
        home = root / ".parity"
        server = Server(home, python_of(root), root=root, PARITY_MODE="public")
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        peaks = Peaks(server.process.pid)
        try:
            peaks.start()
            page = browser.new_page()
            with peaks.during("every page"):
                visit(page, server)
            with peaks.during("a training"):
                train(page, server)
            with peaks.during("every page again"):
                visit(page, server)
            with peaks.during("20 predictions"):
                page.goto(f"{server.url}/live")
                settle(page)
                predict(page, sorted((home / "sample").rglob("*.jpg"))[:20])
        finally:
            peaks.over.set()
            browser.close()
            server.close()
        show(peaks)


def show(peaks: Peaks) -> None:
    """The table, a line for each part."""
    print(f"{'MB at the peak':20}{'server':>9}{'workers':>9}{'together':>10}{'of it not files':>17}")
    for part, row in peaks.rows.items():
        print(f"{part:20}{row[0]:9.0f}{row[1]:9.0f}{row[2]:10.0f}{row[3]:17.0f}")


if __name__ == "__main__":
    main()
