"""Ten scripts as Keras runs them, and as runs of this program: validation accuracy of the same seeds side by side.

    python -m tests.bench.agree [SEEDS [NAME ...]]

The images are drawn here: three classes that differ in colour, brightness and stripes, under noise. The backbones have
random weights, anew for each seed, so nothing is downloaded. A script is run as it stands, in a folder that has its
images; its run is what `import_script` makes of it. Prints a table; the exit code is 1 where the means of a script lie
further apart than the seeds of either way do.
"""

import contextlib
import io
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from PIL import Image

from core.engine.reporter import Reporter
from core.engine.train.training import train
from core.script.becoming import Answers, beyond, missing, run_config
from core.script.importing import import_script
from core.store.runs import RunStore
from tests.script.sections import examples

SIDE = 32
CLASSES = ("a", "b", "c")
COUNTS = {"train": 24, "val": 30}
LEAST = 0.1
"""Difference of two accuracies that 90 images do not tell apart: about two standard errors."""


def draw(folder: Path) -> None:
    """Images of three classes: another colour, brightness and width of stripes each, under noise."""
    rng = np.random.default_rng(0)
    for part, count in COUNTS.items():
        for k, name in enumerate(CLASSES):
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                rows = np.arange(SIDE)[:, None, None] // (2 + 3 * k) % 2
                colour = np.array([30 * (channel == k) for channel in range(3)])
                pixels = 60 + 25 * k + colour + 50 * rows + rng.normal(0, 45, (SIDE, SIDE, 3))
                Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(
                    folder / part / name / f"{number:03}.png"
                )


def by_keras(text: str, folder: Path, seed: int) -> float:
    """Validation accuracy of the last epoch of a script that is run as it stands."""
    keras.utils.set_random_seed(seed)
    found: list[Any] = []
    fit = keras.Model.fit

    def remembered(model: Any, *args: Any, **options: Any) -> Any:
        found.append(fit(model, *args, **{**options, "verbose": 0}))
        return found[-1]

    before = Path.cwd()
    os.chdir(folder)
    keras.Model.fit = remembered
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(text, "script", "exec"), {"__name__": "__main__"})  # a script of this repository
    finally:
        keras.Model.fit = fit
        os.chdir(before)
    history = found[-1].history
    return float(history[next(name for name in history if name.startswith("val_") and "acc" in name)][-1])


def by_run(text: str, folder: Path, seed: int) -> float:
    """The same of the run that the script becomes."""
    record = import_script(text)
    answers = Answers(str(folder / "images"), {"training.seed": seed, "data.seed": seed})
    if missing(record, answers) or beyond(record, answers):
        raise SystemExit(f"{missing(record, answers)} {beyond(record, answers)}")
    run = RunStore().create(run_config(record, answers))
    reporter = Reporter(run)
    reporter.finish(train(reporter), "")
    return float(run.history()["val_accuracy"][-1] or 0.0)


def main(seeds: int, names: list[str]) -> int:
    """Prints the table."""
    worst = 0
    print("| script | Keras | run | difference of the means | widest of the seeds |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["PARITY_HOME"] = str(folder / "home")
        draw(folder / "images")
        for one in examples("agree.txt"):
            if names and one.name not in names:
                continue
            begun = time.monotonic()
            ways = [[way(one.text, folder, seed) for seed in range(1, seeds + 1)] for way in (by_keras, by_run)]
            apart = abs(float(np.mean(ways[0]) - np.mean(ways[1])))
            width = max(LEAST, *(max(values) - min(values) for values in ways))
            told = [" ".join(f"{value:.2f}" for value in values) for values in ways]
            print(f"| {one.name} | {told[0]} | {told[1]} | {apart:.3f} | {width:.2f} |", flush=True)
            print(f"{one.name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
            worst += apart > width
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, sys.argv[2:]))
