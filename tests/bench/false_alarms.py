"""How often the checks of parts, classes and groups say something of a healthy data set that is divided by lot.

    python -m tests.bench.false_alarms FOLDER [FOLDER ...] [--splits 40]

All images of a folder, whatever part they lie in, are divided anew, a fifth of each class to validation, again and
again: what is said then of parts is false, and so is what is said of classes and groups of a healthy set. A folder may
be the word `sample`.
"""

import argparse
from collections import Counter
from collections.abc import Iterator

import numpy as np

from core.checks import class_marks, class_traces, name_tokens, parts_differ
from core.checks.context import Context
from core.config import make_config
from core.data.dataset import Dataset, scan_dataset
from core.data.scan import DatasetIndex, ImageFile
from core.data.split import AUTO, Split, join_files
from core.stats.metrics import wilson

CHECKS = (
    parts_differ.parts_differ, class_marks.class_told_by_mark, class_traces.class_told_by_compression,
    class_traces.class_told_by_looks, name_tokens.leak_group,
)  # fmt: skip


def splits(index: DatasetIndex, count: int, share: float = 0.2) -> Iterator[Split]:
    """Splits by lot; images of a patient and copies stay together, as the program itself keeps them."""
    groups = [list(group) for group in join_files(index.files, AUTO)]
    for seed in range(count):
        rng = np.random.default_rng(seed)
        wanted = Counter(file.label for file in index.files)
        held, val = Counter[str](), list[ImageFile]()
        for k in rng.permutation(len(groups)):
            label = groups[k][0].label
            if held[label] < share * wanted[label]:
                held[label] += len(groups[k])
                val += groups[k]
        paths = {file.path for file in val}
        train = tuple(file for file in index.files if file.path not in paths)
        yield Split(train, tuple(file for file in index.files if file.path in paths))


def alarms(reference: str, count: int) -> Counter[tuple[str, str]]:
    """How many of so many splits have each finding, by id and severity."""
    index, found = scan_dataset(reference), Counter[tuple[str, str]]()
    copies = None
    for split in splits(index, count):
        context = Context(make_config(reference, {}), Dataset(index, split))
        if copies is None:
            copies = context.altered_copies  # of all images, however they are divided
        context.__dict__["altered_copies"] = copies
        for check in CHECKS:
            if (one := check(context)) is not None:
                found[one.id, one.severity] += 1
    return found


def main() -> None:
    """Prints a line for each folder and finding."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--splits", type=int, default=40)
    options = parser.parse_args()
    for folder in options.folders:
        found = alarms(folder, options.splits)
        print(f"{folder}: {options.splits} splits", flush=True)
        for (id, severity), number in sorted(found.items()) or [(("nothing", ""), 0)]:
            low, high = wilson(number, options.splits)
            print(f"  {id} {severity} {number} ({100 * low:.1f} to {100 * high:.1f} %)", flush=True)


if __name__ == "__main__":
    main()
