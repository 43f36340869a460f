"""Feature extraction against the network's own speed, and against the question's generator; bfloat16.

    python tests/bench/bench_features.py

The limit is the pure forward pass on tensors that are in memory already. Files must be decoded too, which costs
processor time that the forward pass wants: with all cores busy, an image takes at least `forward + decode / cores`.
For small JPEGs the second part is next to nothing; for large ones it is the bound that is named.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tests.bench.figures import Figure, ratio, rounds, table
from tests.bench.images import draw

ROUNDS = 5
NETWORKS = {"VGG16": 150, "EfficientNetLite0": 224}
COUNT = {"VGG16": 32, "EfficientNetLite0": 96}
"""Images per round: a second or two."""


class Extraction:
    """One network and one folder of images: the same work done in several ways."""

    def __init__(self, network: str, folder: Path, count: int, augmentation: str = "none") -> None:
        import numpy as np
        import tensorflow as tf

        from core.data.pipeline import Images
        from core.data.scan import scan
        from core.engine.features.features import BATCH, forward_function
        from core.models import catalogue
        from core.models.build import build_base

        self.size, self.folder, self.count = NETWORKS[network], folder, count
        index = scan(folder)
        weights = "imagenet" if catalogue.find_weights(catalogue.find(network)) else "none"
        self.base = build_base(catalogue.find(network), self.size, weights, "flatten", "rescale")
        self.forward = forward_function(self.base)
        self.images = Images(index.root, index.files[:count], self.size, augmentation, 0)
        self.target = np.zeros((count, self.base.output_shape[-1]), np.float32)
        pixels = np.stack([self.images.one(k, 0) for k in range(count)])
        self._in_memory = [tf.constant(pixels[start : start + BATCH]) for start in range(0, count, BATCH)]

    def pure(self) -> None:
        """The forward pass alone."""
        for pixels in self._in_memory:
            self.forward(pixels).numpy()

    def ours(self) -> None:
        """From the files to an array of features, as a run does it."""
        from core.engine.features.features import extract

        extract(self.forward, self.images, 0, self.target, lambda done: None)

    def decode_seconds(self) -> float:
        """Processor time that decoding, resizing and augmenting one image takes."""
        started = time.process_time()
        for k in range(min(self.count, 32)):
            self.images.one(k, 0)
        return (time.process_time() - started) / min(self.count, 32)

    def generator(self, **augmentation: Any) -> Callable[[], None]:
        """The question's way: Keras' ImageDataGenerator and `predict`."""
        import math

        import keras
        from keras.src.legacy.preprocessing.image import ImageDataGenerator

        raw = keras.Model(self.base.layers[2].input, self.base.output)  # behind our own scaling
        flow = ImageDataGenerator(rescale=1 / 255, **augmentation).flow_from_directory(
            self.folder / "train", target_size=(self.size, self.size), batch_size=32, class_mode=None, shuffle=False
        )

        def call() -> None:
            flow.reset()
            raw.predict(flow, steps=math.ceil(self.count / 32), verbose=0)

        return call


def measure() -> list[Figure]:
    """Every figure; about three minutes. Bfloat16 only where the processor has instructions for it."""
    from core.models.cpu import has_bfloat16

    return _measure(bfloat16=has_bfloat16() is True)


def measure_long() -> list[Figure]:
    """Bfloat16 as well where the processor has to imitate it."""
    return _measure(bfloat16=True)


def _measure(*, bfloat16: bool) -> list[Figure]:
    with tempfile.TemporaryDirectory() as home:
        os.environ["PARITY_HOME"] = home
        figures = [*_against_forward(Path(home)), *_against_generator(Path(home))]
        return [*figures, *(_bfloat16(Path(home)) if bfloat16 else [])]


def _against_forward(home: Path) -> list[Figure]:
    figures = []
    for network, size in NETWORKS.items():
        for side, count in ((224, COUNT[network]), (1500, COUNT[network] // 2)):
            work = Extraction(network, draw(home / f"{side}", side=side, train=count // 2), count)
            decode = median(work.decode_seconds() for _ in range(3))
            found = rounds(ROUNDS, pure=work.pure, ours=work.ours)
            rate, cores = count / median(found["pure"]), os.cpu_count() or 1
            note = f"forward alone {rate:.1f}/s, decoding {1000 * decode:.1f} ms an image"
            name = f"extraction from {side} px JPEGs, {network} at {size} px,"
            if side == 224:
                figures.append(ratio(f"{name} of the pure forward pass", found["pure"], found["ours"], ">= 0.95", note))
                continue
            bound = [seconds + count * decode / cores for seconds in found["pure"]]
            sum_of_both = f"{1000 / rate:.1f} + {1000 * decode:.1f} / {cores} cores"
            note += f"; bound = {sum_of_both} = {1000 * median(bound) / count:.1f} ms"
            figures.append(ratio(f"{name} of forward + decode", bound, found["ours"], ">= 0.95", note))
    return figures


def _against_generator(home: Path) -> list[Figure]:
    figures = []
    question = {"shear_range": 0.2, "zoom_range": 0.2, "horizontal_flip": True}
    for network, side, target, kind in (
        ("VGG16", 224, ">= 1.2", "none"),
        ("EfficientNetLite0", 1500, ">= 1.5", "question"),
    ):
        count = COUNT[network] if side == 224 else COUNT[network] // 2
        work = Extraction(network, draw(home / f"{side}", side=side, train=count // 2), count, kind)
        theirs = work.generator(**(question if kind == "question" else {}))
        found = rounds(ROUNDS, ours=work.ours, theirs=theirs)
        name = f"extraction against ImageDataGenerator + predict, {network}, {side} px, augmentation {kind}"
        note = f"{count / median(found['ours']):.1f}/s against {count / median(found['theirs']):.1f}/s"
        figures.append(ratio(name, found["theirs"], found["ours"], target, note))
    return figures


def _bfloat16(home: Path) -> list[Figure]:
    from core.engine.features.features import forward_function
    from core.models import catalogue
    from core.models.build import build_base
    from core.models.cpu import has_bfloat16

    figures = []
    for network, size in NETWORKS.items():
        work = Extraction(network, draw(home / "224", side=224, train=COUNT[network] // 2), COUNT[network])
        row = catalogue.find(network)
        weights = "imagenet" if catalogue.find_weights(row) else "none"
        half = Extraction(network, home / "224", COUNT[network])
        half.base = build_base(row, size, weights, "flatten", "rescale", precision="bfloat16")
        half.forward = forward_function(half.base)
        found = rounds(ROUNDS, exact=work.ours, half=half.ours)
        target = ">= 1.8" if network == "VGG16" and has_bfloat16() else ""
        note = f"the processor has bfloat16: {has_bfloat16()}"
        figures.append(
            ratio(f"extraction in bfloat16 against float32, {network}", found["exact"], found["half"], target, note)
        )
    return figures


if __name__ == "__main__":
    print(table(measure()))
