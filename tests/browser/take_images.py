"""Takes the README's images from the running app: `python -m tests.browser.take_images [HOME]`, some three minutes.

It photographs the finished runs that come with the program. For what the Dataset and Train pages find, it uploads a
zip of images of the sample with planted faults (blurred, dark, doubled, under the wrong class), and lets the app
review the labels, search a learning rate and run a small sweep. Without a HOME a new one is made and removed.
"""

import os
import re
import sys
import tempfile
import time
import zipfile
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageFilter
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from core import paths
from core.data.sample import sample_folder
from core.store import examples
from core.store.notes import write_note
from core.store.runs import RunStore
from tests.browser.app_server import ROOT, Server
from tests.browser.conftest import ARGUMENTS, CHROMIUM, settle

IMAGES = ROOT / "docs" / "images"
WAIT = 400_000
LARGEST_BYTES = 250_000

NOTES = {
    "Sample: pooled head": ("Fifteen epochs, for the demonstration.", ["demo", "baseline"]),
    "Puzzle: bottleneck": ("", ["puzzle"]),
    "Puzzle: end to end": ("Stays at chance; see Diagnose.", ["puzzle"]),
}
"""What somebody has written on the runs: (note, tags)."""


def main() -> None:
    """Makes a home with something in it and takes the images."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        home = Path(sys.argv[1] if len(sys.argv) > 1 else f"{folder}/home").resolve()
        os.environ["PARITY_HOME"] = str(home)
        examples.install()
        for run in RunStore().list():
            if run.title() in NOTES:
                write_note(run, *NOTES[run.title()])
        server = Server(home)
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            _take_all(chromium, server.url)
        finally:
            chromium.close()
            server.close()


def _take_all(chromium: Browser, url: str) -> None:
    page = chromium.new_context(viewport={"width": 1280, "height": 1180}, locale="en-GB").new_page()
    page.set_default_timeout(WAIT)
    good, bad, bisect = examples.puzzle()
    model = examples.run_with_model()
    _open(page, url)
    _take(page, "home")
    page.goto(f"{url}/dataset")  # draws the sample, of which Predict takes images: longer than a page may take else
    page.get_by_role("button", name="Train on this").wait_for()
    settle(page)
    _live(page, url, model)
    _predict(page, url, model)
    verdict = f"{url}/diagnose?a={good}&b={bad}&bisect={bisect}"
    _open(page, verdict)
    _take(page, "diagnose")
    dark = chromium.new_context(viewport={"width": 1280, "height": 1180}, color_scheme="dark", locale="en-GB")
    _live(dark.new_page(), url, model, "-dark")
    phone = chromium.new_context(viewport={"width": 390, "height": 1000}, device_scale_factor=1.5, locale="en-GB")
    small = phone.new_page()
    _open(small, verdict)
    _take(small, "phone")
    _dataset(page, url)
    _train(page)


def _dataset(page: Page, url: str) -> None:
    _open(page, f"{url}/dataset")
    page.get_by_role("tab", name="Images").click()
    page.locator("[data-testid='stImage'] img").first.wait_for()
    _take(page, "dataset")
    page.get_by_role("tab", name="Batch composition").click()
    page.get_by_role("radio", name="Off").click()  # the order that keeps a network at chance
    page.get_by_text("batches hold a single class").wait_for()
    _to_top(page.get_by_role("tab", name="Batch composition"))
    _take(page, "batch-x-ray")
    page.get_by_text("Upload a zip").click()
    page.locator("[data-testid='stFileUploaderDropzoneInput']").set_input_files(_faulty_zip())
    page.get_by_role("tab", name="Quality").click()
    page.locator("[data-testid='stImage'] img").first.wait_for()
    _to_top(page.get_by_role("tab", name="Quality"))
    _take(page, "quality")
    page.get_by_role("tab", name="Labels").click()
    page.get_by_role("button", name="Review the labels").click()
    page.get_by_text("wrong").first.wait_for()
    _to_top(page.get_by_role("tab", name="Labels"))
    _take(page, "labels")
    page.get_by_role("tab", name="Map").click()
    page.locator("[data-testid='stPlotlyChart'] .main-svg").first.wait_for()
    page.get_by_text("t-SNE (local neighbourhoods)").click()
    settle(page)
    time.sleep(2)  # the chart is drawn anew
    _to_top(page.get_by_role("tab", name="Map"))
    _point_at_label_issue(page)
    _take(page, "map", pointed=True)


def _point_at_label_issue(page: Page) -> None:
    """Moves the pointer onto the dot of the label that looks most wrong, and waits for its image."""
    time.sleep(1)  # scrolling takes a moment, and closes the card
    spot = page.evaluate(
        """() => {
          const chart = document.querySelector(".js-plotly-plot"), box = chart.getBoundingClientRect()
          const {_size: size, xaxis, yaxis} = chart._fullLayout
          const rings = chart._fullData.find((trace) => trace.name === "label looks wrong")
          return [box.left + size.l + xaxis.d2p(rings.x[0]), box.top + size.t + yaxis.d2p(rings.y[0])]
        }"""
    )
    page.mouse.move(spot[0] - 5, spot[1] - 5)
    page.mouse.move(*spot, steps=4)
    page.locator(".card.open img[src]").wait_for()


def _faulty_zip() -> Path:
    """127 images of each class of the sample; some are blurred, dark, doubled or really of the other class."""
    path = Path(os.environ["PARITY_HOME"]).parent / "chest films.zip"
    folders = sorted((sample_folder(paths.samples_folder()) / "train").iterdir())
    with zipfile.ZipFile(path, "w") as archive:
        for folder, other in zip(folders, reversed(folders), strict=True):
            files = sorted(folder.iterdir())
            for number, file in enumerate([*files[:120], *sorted(other.iterdir())[130:134], *files[:3]]):
                image = Image.open(file).convert("RGB")
                if number in (10, 11):
                    image = image.filter(ImageFilter.GaussianBlur(6))
                if number == 12:
                    image = image.point(lambda level: level // 8)
                data = BytesIO()
                image.save(data, "PNG")
                archive.writestr(f"chest films/{folder.name}/film {number:03}.png", data.getvalue())
    return path


def _train(page: Page) -> None:
    """On the images that were uploaded: they are few, so the search and the sweep take seconds."""
    page.get_by_role("link", name="Train", exact=True).click()
    page.get_by_role("button", name="Start training").wait_for()
    page.set_viewport_size({"width": 1280, "height": 1400})  # what is found about the images, whole
    _take(page, "train")
    page.set_viewport_size({"width": 1280, "height": 1180})
    page.get_by_text("Learning-rate finder").click()
    page.get_by_role("button", name="Start the search").click()
    page.get_by_role("button", name="(valley)").wait_for()
    _to_top(page.get_by_text("Learning-rate finder"))
    _take(page, "rate-finder")
    page.get_by_text("Sweep: grid or random search").click()
    page.get_by_role("button", name=re.compile(r"Start \d+ trials")).click()
    page.get_by_role("button", name="Stop the sweep").wait_for()
    expect(page.get_by_role("button", name="Stop the sweep")).to_have_count(0, timeout=WAIT)
    _to_top(page.get_by_text(re.compile(r"Best of \d+")))
    _take(page, "sweep")


def _live(page: Page, url: str, run: str, ending: str = "") -> None:
    _open(page, f"{url}/live?run={run}")
    page.locator("[data-testid='stVegaLiteChart']").first.wait_for()
    _take(page, f"live{ending}")
    if not ending:
        _to_top(page.get_by_role("slider"))
        _take(page, "evaluation")


def _predict(page: Page, url: str, run: str) -> None:
    _open(page, f"{url}/predict?run={run}")
    page.get_by_text("Images of the dataset").click()
    page.get_by_role("heading", name="Predictions").wait_for()
    _take(page, "predict")
    _to_top(page.get_by_role("heading", name="Detail"))
    _take(page, "closer-look")


def _open(page: Page, address: str) -> None:
    page.goto(address)
    settle(page)


def _to_top(spot: Locator) -> None:
    """Scrolls a little less than to the very top: the page's own bar lies there."""
    spot.first.evaluate("e => { e.style.scrollMarginTop = '4rem'; e.scrollIntoView({block: 'start'}) }")


def _take(page: Page, name: str, *, pointed: bool = False) -> None:
    settle(page)
    if not pointed:
        page.mouse.move(0, 0)  # what lay under the pointer would show its help
    time.sleep(2)  # charts and images fade in
    width = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert width <= page.viewport_size["width"], f"{name} scrolls sideways: {width} pixels"  # type: ignore[index]
    _write(Image.open(BytesIO(page.screenshot())).convert("RGB"), IMAGES / f"{name}.png")


def _write(image: Image.Image, path: Path) -> None:
    """With as many colours as fit into the size."""
    for colours in (256, 128, 64, 32):
        image.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= LARGEST_BYTES:
            return


if __name__ == "__main__":
    main()
