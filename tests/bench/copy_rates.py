"""How many of the altered copies that were planted are found, by kind, how many pairs are false, and what it costs.

    python -m tests.bench.copy_rates FOLDER [FOLDER ...] [--images 350] [--planted 30] [--kinds mirrored,noisy]
    python -m tests.bench.copy_rates --cost FOLDER      processor time of a scan with its checks, and of the search

Of each folder so many images are taken; none of them may be a copy of another. Then, for each kind of change apart,
copies of thirty of them are added, and the pairs that are found are compared with those that were planted.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.checks import context as checks_context
from core.checks.copies import Search, find_copies, search
from core.checks.preflight import preflight
from core.config import make_config
from core.data.dataset import open_dataset, scan_dataset
from core.data.forms import form_of
from tests.checks.planted import COPIES

MOST = 512  # pixels a side; copies are made of images of this size at most


def opened(folder: str, count: int) -> list[tuple[Image.Image, str]]:
    """Images and their classes, by lot, each file content once."""
    index = scan_dataset(folder)
    files = list({file.sha256: file for file in index.files}.values())
    chosen = np.random.default_rng(0).permutation(len(files))[:count]
    made = []
    for file in (files[k] for k in sorted(chosen)):
        with Image.open(index.root / file.path) as image:
            image.thumbnail((MOST, MOST))
            made.append((image.convert("RGB" if image.mode != "L" else "L"), file.label))
    return made


def rates(
    images: list[tuple[Image.Image, str]], planted: int, kinds: Sequence[str] = ()
) -> Iterator[tuple[str, int, int]]:
    """For each kind of change how many copies were found, and how many other pairs; first without any copy."""
    small, labels = np.stack([_form(image) for image, _ in images]), [label for _, label in images]
    names = [str(k) for k in range(len(images))]
    known = {frozenset(copy[:2]) for copy in find_copies(small, names, labels).copies}
    yield "no copies", 0, len(known)
    for number, (kind, edit) in enumerate(COPIES.items()):
        if kinds and kind not in kinds:
            continue
        rng = np.random.default_rng([11, number])
        chosen = rng.permutation(len(images))[:planted].tolist()
        made = np.stack([_form(edit(images[k][0].copy(), rng)) for k in chosen])
        ids = [*names, *(f"copy of {k}" for k in chosen)]
        found = find_copies(np.concatenate([small, made]), ids, [*labels, *(labels[k] for k in chosen)])
        pairs = {frozenset(copy[:2]) for copy in found.copies} - known
        true = {frozenset((str(k), f"copy of {k}")) for k in chosen}
        yield kind, len(pairs & true), len(pairs - true)


def cost(folder: str) -> tuple[int, float, float]:
    """Images, and processor seconds of a first scan with all checks, with and without the search for altered copies."""
    none: Callable[..., Search] = lambda *_: Search((), gave_up=False)  # noqa: E731 (it stands for the search)
    spent = []
    for searched in (search, none):
        with (
            tempfile.TemporaryDirectory() as home,
            patch.dict("os.environ", {"PARITY_HOME": home}),
            patch.object(checks_context, "search", searched),
        ):
            started = time.process_time()
            config = make_config(folder, {})
            dataset = open_dataset(folder, config.data)
            preflight(config, dataset)
            spent.append(time.process_time() - started)
    return len(dataset.index.files), spent[0], spent[1]


def _form(image: Image.Image) -> NDArray[np.uint8]:
    return form_of(image.convert("L"))


def main() -> None:
    """Prints a line for each folder and kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--images", type=int, default=350)
    parser.add_argument("--planted", type=int, default=30)
    parser.add_argument("--kinds", default="", help="names of tests/checks/planted.py, with commas; default: all")
    parser.add_argument("--cost", type=Path)
    options = parser.parse_args()
    for folder in options.folders:
        images = opened(str(folder), options.images)
        print(f"{folder}: {len(images)} images, {options.planted} copies of each kind", flush=True)
        for kind, found, false in rates(images, options.planted, list(filter(None, options.kinds.split(",")))):
            print(f"  {kind:<22} {found:>3} found {false:>3} others", flush=True)
    if options.cost:
        count, whole, without = cost(str(options.cost))
        print(f"{options.cost}: {count} images, {whole:.0f} s with the search, {without:.0f} s without")


if __name__ == "__main__":
    main()
