"""Probe: the same images through the pipelines of two runs; `python -m core.engine.jobs.probe RUN_DIR RUN_DIR OUT`.

Where the traces tell what happened in training, this looks at the two saved models as they are: what each makes of 16
validation images at every stage, and the largest difference.
"""

import hashlib
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.engine.saved_network import open_network
from core.errors import RunError, UserError
from core.insight.answer import class_probabilities
from core.store import records
from core.store.job_records import Probe, ProbeStage
from core.store.record_types import known
from core.store.run_images import run_loader
from core.store.runs import Run

IMAGES = 16

Array = NDArray[Any]


def measure(a: Run, b: Run) -> Probe:
    """Pushes the same images through both saved models.

    Args:
        a: Run. With a model.
        b: Run. With a model.

    Returns:
        The stages in the order of the computation; `a` and `b` are the values where the difference is largest.

    Raises:
        RunError: a model or the images are gone, or the runs have no image in common.
    """
    chosen = common_images(a, b)
    names = [str(mine.name) for mine, _ in chosen]
    one = _stages(a, [mine for mine, _ in chosen])
    other = _stages(b, [theirs for _, theirs in chosen])
    stages = [_difference(stage, one[stage], other[stage], names) for stage in one if stage in other]
    return Probe(pictures=names, stages=stages)


def common_images(a: Run, b: Run) -> list[tuple[Path, Path]]:
    """Validation images of the first run that the second has too, by the content of the files; each where it lies."""
    mine, theirs = _paths(a, ("val",)), _paths(b, ("val", "train", "test"))
    known = sorted(mine.keys() & theirs.keys())
    found = list(islice(((mine[key], theirs[key]) for key in known if _are(key, mine[key], theirs[key])), IMAGES))
    if not found:
        raise RunError("the two runs have no image in common that is still where it was")
    return found


def _paths(run: Run, parts: tuple[str, ...]) -> dict[str, Path]:
    manifest = run.data()
    root, listed = Path(manifest.root), [item for part in parts for item in manifest.part(part)]
    paths = {item["sha256"]: root / item["path"] for item in listed if "sha256" in item}
    return {key: path for key, path in paths.items() if path.is_file()}


def _are(content: str, *files: Path) -> bool:
    """Whether files still have the content that the manifests say."""
    return all(hashlib.sha256(file.read_bytes()).hexdigest() == content for file in files)


def _stages(run: Run, images: list[Path]) -> dict[str, Array]:
    """What the run makes of the images, stage by stage."""
    load = run_loader(run)
    pixels = np.stack([load(path) for path in images])
    model = open_network(run)
    values: dict[str, Array] = {"decoded pixels": pixels}
    given = pixels.astype(np.float32)
    base = next((layer for layer in model.layers if layer.name == "base"), None)
    if base is not None:
        prepared = _prepared(base)
        values["preprocessed input"] = given if prepared is None else prepared.predict_on_batch(given)
        values["features"] = base.predict_on_batch(given)
    values["probabilities"] = class_probabilities(model.predict_on_batch(given))
    return values


def _prepared(base: keras.Model) -> keras.Model | None:
    """The part of a base that scales the pixels; None where it takes them as they are."""
    scaling = [layer for layer in base.layers if layer.name in ("preprocess", "rgb_to_bgr")]
    return keras.Model(base.inputs, scaling[-1].output) if scaling else None


def _difference(stage: str, one: Array, other: Array, names: list[str]) -> ProbeStage:
    if one.shape != other.shape:
        shapes = " and ".join("×".join(map(str, value.shape[1:])) for value in (one, other))
        note = f"They have different shapes, {shapes}."
        return ProbeStage(stage=stage, largest_difference=None, file="", a=None, b=None, note=note)
    gap = np.abs(one.astype(np.float64) - other.astype(np.float64))
    worst = np.unravel_index(int(gap.argmax()), gap.shape)
    return ProbeStage(
        stage=stage,
        largest_difference=known(float(gap[worst])),
        file=names[int(worst[0])],
        a=known(float(one[worst])),
        b=known(float(other[worst])),
        note="",
    )


def main(arguments: list[str]) -> int:
    """Measures two run folders and writes the result; returns 0, or 1 with a sentence on stderr."""
    a, b, out = (Path(argument) for argument in arguments)
    try:
        records.write(out, measure(Run(a), Run(b)))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
