"""How often the checks of parts, classes and groups say something of a healthy dataset that is divided by lot.

    python -m tests.bench.false_alarms FOLDER [FOLDER ...] [--splits 40] [--features] [--share 0.8]

All images of a folder, whatever part they lie in, are divided anew, a fifth of each class to validation, again and
again: what is said then of parts is false, and so is what is said of classes, labels and groups of a healthy set. With
`--features` the same is asked that a worker asks after a training, of features of the default backbone. With a share
below 1 each time other images, so many of them, are asked. A folder may be the word `sample`.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from core.checks import class_marks, class_traces, name_tokens, parts_differ
from core.checks.context import Context
from core.checks.finding import Finding
from core.config import make_config
from core.data.dataset import Dataset, scan_dataset
from core.data.dataset_index import DatasetIndex, ImageFile
from core.data.split import AUTO, Split, join_files
from core.stats.metrics import wilson

CHECKS = (
    parts_differ.parts_differ, class_marks.class_told_by_mark, class_traces.class_told_by_compression,
    class_traces.class_told_by_looks, name_tokens.leak_group,
)  # fmt: skip


def _path(file: ImageFile) -> str:
    return file.path


def splits(index: DatasetIndex, count: int, used: float = 1.0, held_out: float = 0.2) -> Iterator[Split]:
    """Splits by lot; images of a patient and copies stay together, as the program itself keeps them."""
    groups = [list(group) for group in join_files(index.files, AUTO)]
    for seed in range(count):
        rng = np.random.default_rng(seed)
        chosen = rng.permutation(len(groups))[: max(1, round(used * len(groups)))]
        wanted = Counter(file.label for k in chosen for file in groups[k])
        held, val, train = Counter[str](), list[ImageFile](), list[ImageFile]()
        for k in chosen:
            label = groups[k][0].label
            is_held = held[label] < held_out * wanted[label]
            held[label] += len(groups[k]) if is_held else 0
            (val if is_held else train).extend(groups[k])
        yield Split(tuple(sorted(train, key=_path)), tuple(sorted(val, key=_path)))


def features_of(index: DatasetIndex) -> dict[str, NDArray[np.float32]]:
    """Features of all images by the default backbone, by SHA-256."""
    from core.engine.insight.build_reference import pooled
    from core.engine.reporter import Reporter
    from core.engine.train.context import make_training_context
    from core.store.runs import RunStore

    config = make_config(str(index.root), {"data.augmentation": "none"})
    dataset = Dataset(index, Split(index.files, ()))
    context = make_training_context(config, dataset, Reporter(RunStore().create(config)))
    made = context.features(context.images(index.files, augmented=False), 0, "")
    rows = pooled(context.base, made, np.arange(len(index.files)))
    return {file.sha256: row for file, row in zip(index.files, rows, strict=True)}


def found_in(context: Context, features: Mapping[str, NDArray[np.float32]]) -> list[Finding]:
    """What the checks say of one split: without features, or with them where there are any."""
    if not features:
        return [one for check in CHECKS if (one := check(context)) is not None]
    from core.engine.insight.feature_checks import feature_findings

    parts = [
        (name, files, np.stack([features[file.sha256] for file in files]))
        for name, files in (("train", context.train), ("val", context.val))
    ]
    return feature_findings(context.config, context.dataset, parts)


def alarms(reference: str, count: int, used: float, *, with_features: bool) -> Counter[tuple[str, str]]:
    """How many of so many splits have each finding, by id and severity; the first of each above info is printed."""
    index, found = scan_dataset(reference), Counter[tuple[str, str]]()
    features = features_of(index) if with_features else {}
    for split in splits(index, count, used):
        for one in found_in(Context(make_config(str(index.root), {}), Dataset(index, split)), features):
            if not found[one.id, one.severity] and one.severity != "info":
                print(f"  {one.severity} {one.id}: {one.claim}", flush=True)
            found[one.id, one.severity] += 1
    return found


def main() -> None:
    """Prints a line for each folder and finding."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--splits", type=int, default=40)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--features", action="store_true")
    options = parser.parse_args()
    for folder in options.folders:
        started = time.process_time()
        print(f"{folder}: {options.splits} splits", flush=True)
        found = alarms(folder, options.splits, options.share, with_features=options.features)
        for (id, severity), number in sorted(found.items()) or [(("nothing", ""), 0)]:
            low, high = wilson(number, options.splits)
            print(f"  {id} {severity} {number} ({100 * low:.1f} to {100 * high:.1f} %)", flush=True)
        print(f"  {time.process_time() - started:.0f} s of processor time", flush=True)


if __name__ == "__main__":
    main()
