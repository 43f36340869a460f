"""Ten scripts as Keras runs them, and as runs of this program, from the same initial weights in the same order.

    python -m tests.bench.agree [SEEDS [NAME ...]]

The images are drawn here: three classes that differ in colour, brightness and stripes, under noise. Nothing is
downloaded: initial weights are drawn by their shape and the seed, so both ways begin with the same ones. In both ways
nothing is shuffled, flipped or dropped, so what is left is arithmetic: the loss of every epoch can be compared, not
only the accuracy of the last one. A script is run as it stands otherwise, in a folder that has its images; its run is
what `import_script` makes of it.

Two wrong conversions, another learning rate and another scale of the pixels, show what the measure tells apart. Prints
a table; the exit code is 1 where a script and its run lie further apart than `CLOSE`, or a wrong rate lies closer.
"""

import contextlib
import io
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras.src.initializers.random_initializers import RandomInitializer
from keras.src.legacy.preprocessing.image import ImageDataGenerator
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
EPOCHS, BATCH = 8, 72
CLOSE = 0.02
"""Largest difference of a loss, as a share of it or of `LEAST`, that rounding makes in these epochs."""
LEAST = 0.1
"""Losses below it are as good as nothing: their differences count as shares of this."""
_EPOCHS = re.compile(r'(epochs=|EPOCHS = |epochs: int = |"--epochs", type=int, default=)\d+')
_BATCH = re.compile(r"(batch(?:_size)?(?:\"|: int)?(?: = |=|: ))12")
_RANDOM = {"horizontal_flip=True": "horizontal_flip=False", "Dropout(0.2)": "Dropout(0.0)"}

Course = list[tuple[float, float, float]]
"""Loss, loss on the validation images and accuracy on them, an epoch each."""


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


def without_chance(text: str) -> str:
    """A script without random layers, of a few epochs, with all images in one batch, as smaller ones hold one class."""
    for random, fixed in _RANDOM.items():
        text = text.replace(random, fixed)
    return _EPOCHS.sub(rf"\g<1>{EPOCHS}", _BATCH.sub(rf"\g<1>{BATCH}", text))


@contextlib.contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """An attribute that is another one for a while."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextlib.contextmanager
def same_weights(text: str, seed: int) -> Iterator[None]:
    """Initial weights that depend on their shape and the seed alone: uniform, as He's (2015), as Glorot's in a ResNet.

    Layers with He's keep the scale of what they are given; with Glorot's, a VGG16 makes 1e-2 of it. Branches that are
    added up, as a ResNet's, double it with He's, and rounding grows with it.
    """

    def call(initializer: Any, shape: Any, dtype: Any = None) -> Any:
        sides = [int(side) for side in shape]
        fans = int(np.prod(sides[:-1])) + ("ResNet" in text) * int(np.prod(sides[:-2])) * sides[-1]
        limit = np.sqrt(6.0 / fans)
        drawn = np.random.default_rng([seed, *sides]).uniform(-limit, limit, sides)
        return keras.ops.convert_to_tensor(drawn.astype(np.float32))

    with contextlib.ExitStack() as stack:
        for kind in _kinds(RandomInitializer):
            if "__call__" in vars(kind):
                stack.enter_context(replaced(kind, "__call__", call))
        yield


def _kinds(kind: type) -> list[type]:
    found = [kind]
    for one in found:
        found += type.__subclasses__(one)
    return found


def by_keras(text: str, folder: Path, seed: int) -> Course:
    """The epochs of a script that is run as it stands, in the order of the files."""
    keras.utils.set_random_seed(seed)
    found: list[Any] = []
    fit = keras.Model.fit

    def remembered(model: Any, *args: Any, **options: Any) -> Any:
        found.append(fit(model, *args, **{**options, "verbose": 0, "shuffle": False}))
        return found[-1]

    def in_order(make: Any) -> Any:
        return lambda *args, **options: make(*args, **{**options, "shuffle": False})

    with contextlib.ExitStack() as stack:
        stack.enter_context(same_weights(text, seed))
        stack.enter_context(replaced(keras.Model, "fit", remembered))
        for home in (keras.utils, tf.keras.utils):
            made = in_order(home.image_dataset_from_directory)
            stack.enter_context(replaced(home, "image_dataset_from_directory", made))
        made = in_order(ImageDataGenerator.flow_from_directory)
        stack.enter_context(replaced(ImageDataGenerator, "flow_from_directory", made))
        stack.enter_context(contextlib.chdir(folder))
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        exec(compile(text, "script", "exec"), {"__name__": "__main__"})  # a script of this repository
    history = found[-1].history
    accuracy = next(name for name in history if name.startswith("val_") and "acc" in name)
    return list(zip(history["loss"], history["val_loss"], history[accuracy], strict=True))


def by_run(text: str, folder: Path, seed: int, changes: Mapping[str, Any] | None = None) -> Course:
    """The same of the run that the script becomes; with changes, of another run."""
    record = import_script(text)
    fixed = {"training.seed": seed, "data.seed": seed, "data.shuffle": "none", **(changes or {})}
    answers = Answers(str(folder / "images"), fixed)
    if missing(record, answers) or beyond(record, answers):
        raise SystemExit(f"{missing(record, answers)} {beyond(record, answers)}")
    run = RunStore().create(run_config(record, answers))
    reporter = Reporter(run)
    with same_weights(text, seed):
        reporter.finish(train(reporter), "")
    history = run.history()
    columns = (history["loss"], history["val_loss"], history["val_accuracy"])
    return [(a or 0.0, b or 0.0, c or 0.0) for a, b, c in zip(*columns, strict=True)]


def apart(one: Course, other: Course) -> float:
    """Largest difference of a loss of the two, as a share of it or of `LEAST`."""
    pairs = zip(one, other, strict=True)
    return max(abs(a[k] - b[k]) / max(abs(a[k]), LEAST) for a, b in pairs for k in (0, 1))


def wrong(text: str) -> dict[str, dict[str, Any]]:
    """Wrong conversions: a rate that is three times as high, and pixels scaled in another way."""
    settings = import_script(text)["settings"]
    scale = settings["data.preprocessing"]["value"]
    return {
        "rate": {"training.learning_rate": 3 * settings["training.learning_rate"]["value"]},
        "scale": {"data.preprocessing": "rescale" if scale == "backbone" else "backbone"},
    }


def row(name: str, text: str, folder: Path, seeds: int) -> tuple[str, bool]:
    """One line of the table, and whether it is as it should be."""
    text = without_chance(text)
    ways = [[way(text, folder, seed) for seed in range(1, seeds + 1)] for way in (by_keras, by_run)]
    told = []
    for courses in ways:
        last = [course[-1][2] for course in courses]
        told.append(f"{np.mean(last):.3f} ({min(last):.2f} to {max(last):.2f})")
    largest = max(apart(a, b) for a, b in zip(*ways, strict=True))
    others = [apart(ways[0][0], by_run(text, folder, 1, changes)) for changes in wrong(text).values()]
    agrees = largest < CLOSE
    cells = [name, *told, f"{largest:.1g}", "yes" if agrees else "NO", *(f"{other:.1g}" for other in others)]
    return f"| {' | '.join(cells)} |", agrees and others[0] > CLOSE


def main(seeds: int, names: list[str]) -> int:
    """Prints the table."""
    failed = 0
    print("| script | Keras | run | largest difference of a loss | agrees | with another rate | with another scale |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["PARITY_HOME"] = str(folder / "home")
        draw(folder / "images")
        for one in examples("agree.txt"):
            if names and one.name not in names:
                continue
            begun = time.process_time()
            line, is_right = row(one.name, one.text, folder, seeds)
            print(line, flush=True)
            print(f"{one.name}: {time.process_time() - begun:.0f} CPU s", file=sys.stderr)
            failed += not is_right
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, sys.argv[2:]))
