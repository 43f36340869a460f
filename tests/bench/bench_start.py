"""How long a person waits: for the first page, for the first batch, for one answer; and what watching costs.

python tests/bench/bench_start.py        (PARITY_CHROMIUM names the browser; without it the first page is left out)
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tests.bench.figures import Figure, middle, rounds, table
from tests.bench.images import draw

SETTINGS = {"data.image_size": 150, "data.augmentation": "none", "training.epochs": 2}


def measure() -> list[Figure]:
    """Every figure; about three minutes on a quiet machine."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        os.environ["PARITY_HOME"] = str(home)
        run, start = _start(draw(Path(folder) / "pictures", side=224, train=100, val=20))
        return [*_first_page(home), *start, *_prediction(run, Path(folder)), *_viewer(Path(folder))]


def _first_page(home: Path) -> list[Figure]:
    """From the start of the server to the button of the home page, in a browser that has just been opened."""
    from playwright.sync_api import sync_playwright

    from tests.browser.app_server import Server

    if not os.environ.get("PARITY_CHROMIUM"):
        return []
    found = []
    with sync_playwright() as play:
        for _ in range(3):
            browser = play.chromium.launch(
                executable_path=os.environ["PARITY_CHROMIUM"], args=["--no-sandbox", "--disable-gpu"]
            )
            page, started = browser.new_page(), time.perf_counter()
            server = Server(home)
            page.goto(server.url)
            page.get_by_role("button", name="Run the demo").wait_for()
            found.append((time.perf_counter() - started, server.seconds_to_health))
            browser.close()
            server.close()
    whole, health = ([*values] for values in zip(*found, strict=True))
    note = f"the server answers after {median(health):.2f} s"
    return [middle("server's start to the first interactive page", whole, "<= 3", "s", note)]


def _start(folder: Path) -> tuple[Any, list[Figure]]:
    """From the click on Start to the first batch: features cached, the worker ready, as the Train page leaves it."""
    from core.config import make_config
    from core.store.runs import RunStore
    from core.workers import launch, warm

    def run(seed: int) -> tuple[Any, float]:
        config = make_config(str(folder), {**SETTINGS, "training.seed": seed}, preset="question-bottleneck")
        started = time.perf_counter()
        made = RunStore().create(config)
        launch.start(made, parent_pipe=True)
        while not made.read_status().batch and launch.poll(made).is_active:
            time.sleep(0.01)
        return made, time.perf_counter() - started

    def finish(made: Any) -> None:
        while launch.poll(made).is_active:
            time.sleep(0.05)

    finish(run(1)[0])  # computes the features
    cold, ready = [], []
    for k in range(3):
        made, took = run(10 + k)
        cold.append(took)
        finish(made)
        launch.get_ready()
        _wait_until_idle(warm._waiting().process.pid)
        made, took = run(20 + k)
        ready.append(took)
        finish(made)
    note = f"without a worker kept ready {median(cold):.2f} s"
    return made, [middle("start to the first batch, features cached, worker ready", ready, "<= 6", "s", note)]


def _wait_until_idle(pid: int) -> None:
    """Until the process has loaded TensorFlow and uses no processor any more."""
    from tests.load.client import cpu_seconds

    before = -1.0
    while (now := cpu_seconds(pid)) != before or now < 1:
        before = now
        time.sleep(0.5)


def _prediction(run: Any, folder: Path) -> list[Figure]:
    """One image, asked of the process that holds the model, against the forward pass alone."""
    import keras
    import tensorflow as tf

    from core.engine.features.features import forward_function
    from core.engine.insight.predict import load_model
    from core.workers.predict_client import predict, release

    image = next((folder / "pictures").rglob("*.jpg"))
    network = keras.saving.load_model(run.path / "model.keras")
    forward, pixels = forward_function(network), tf.zeros((1, 150, 150, 3), tf.uint8)
    load_model(run)
    found = rounds(30, ask=lambda: predict(run, [("one.jpg", image)]), forward=lambda: forward(pixels).numpy())
    release()
    extra = [1000 * (a - b) for a, b in zip(found["ask"], found["forward"], strict=True)]
    note = f"{1000 * median(found['ask']):.0f} ms in all, forward pass {1000 * median(found['forward']):.0f} ms"
    return [middle("prediction of one image beyond its forward pass", extra, "<= 50", "ms", note)]


def _viewer(folder: Path) -> list[Figure]:
    """What one viewer of a training costs the machine: the server's share of all its processors."""
    from tests.load.clone import cloned
    from tests.load.viewers import measure as watch

    settings = {"training.mode": "end_to_end", "training.literal": True, "data.image_size": 64}
    with cloned(folder / "watched") as root:
        found = watch(1, 20, root, settings)
    share = found["server % of a core"] / (os.cpu_count() or 1)
    arrived = f"{found['ticks arrived']:.0f} of {found['ticks asked']:.0f} ticks, p95 {found['p95 ms']:.0f} ms"
    note = f"of {os.cpu_count()} cores; {arrived}"
    return [Figure("a viewer of a training: the server's share of the processors", round(share, 2), "", "%", note)]


if __name__ == "__main__":
    print(table(measure()))
