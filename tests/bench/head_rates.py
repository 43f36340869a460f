"""At which learning rates heads learn, by optimizer and head: the table of docs/checks.md.

    python -m tests.bench.head_rates FILE.npz ...                     features that were kept
    python -m tests.bench.head_rates --dataset FOLDER --keep FILE.npz  features of a dataset, computed and kept

A file holds `xt`, `xv` (features of training and validation images) and `yt`, `yv` (labels). Every cell is the median
over the seeds of balanced validation accuracy after the best epoch by validation loss, as early stopping keeps it.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.small_heads import Settings, train

RATES = (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0)
OPTIMIZERS = ("adam", "rmsprop", "sgd")
HEADS = {"linear": 0, "128 relu": 128}
SEEDS = (1, 2, 3)
EPOCHS = 10


def grid(data: dict[str, Any], seeds: tuple[int, ...], epochs: int) -> Iterator[tuple[str, str, list[float]]]:
    """Head, optimizer, and the score at each rate."""
    for head, units in HEADS.items():
        for optimizer in OPTIMIZERS:
            yield (
                head,
                optimizer,
                [
                    float(
                        np.median([score(data, Settings(optimizer, rate, units, epochs=epochs, seed=s)) for s in seeds])
                    )
                    for rate in RATES
                ],
            )


def score(data: dict[str, Any], settings: Settings) -> float:
    """Balanced accuracy on validation after the epoch of the lowest loss; 0.5 or 1/k where nothing was learned."""
    labels, classes = data["yv"], int(data["yt"].max()) + 1
    best, kept = np.inf, 1 / classes
    for epoch in train(data["xt"], data["yt"], data["xv"], classes, settings):
        answers = np.nan_to_num(epoch.validation)
        loss = float(-np.log(np.clip(answers[np.arange(len(labels)), labels], 1e-7, 1)).mean())
        if loss < best:
            right = answers.argmax(axis=1) == labels
            best, kept = loss, float(np.mean([right[labels == k].mean() for k in np.unique(labels)]))
    return kept


def features(folder: str, keep: Path) -> dict[str, Any]:
    """Features of a dataset by the built-in network, kept in a file."""
    from core.config import make_config
    from core.data.dataset import open_dataset
    from core.engine.reporter import Reporter
    from core.engine.train.context import make_training_context
    from core.store.runs import RunStore

    config = make_config(folder, {"data.image_size": 128})
    dataset = open_dataset(folder, config.data)
    context = make_training_context(config, dataset, Reporter(RunStore().create(config)))
    split = dataset.split
    xt, xv = (
        np.array(context.features(context.images(part, augmented=False), 0, ""), np.float32)
        for part in (split.train, split.val)
    )
    data: dict[str, Any] = {"xt": xt, "xv": xv, "yt": dataset.labels(split.train), "yv": dataset.labels(split.val)}
    np.savez(keep, xt=xt, xv=xv, yt=data["yt"], yv=data["yv"])
    return data


def main() -> None:
    """Prints a row for each head and optimizer."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.head_rates", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE.npz")
    parser.add_argument("--dataset", default="")
    parser.add_argument("--keep", type=Path, default=Path("features.npz"))
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    options = parser.parse_args()
    sets = {path.stem: dict(np.load(path)) for path in options.files}
    if options.dataset:
        sets[options.dataset] = features(options.dataset, options.keep)
    print("| data | head | optimizer |", " | ".join(f"{rate:g}" for rate in RATES), "|")
    print("|" + "---|" * (3 + len(RATES)))
    for name, data in sets.items():
        data["yt"], data["yv"] = data["yt"].astype(np.int64), data["yv"].astype(np.int64)
        for head, optimizer, row in grid(data, tuple(range(1, options.seeds + 1)), options.epochs):
            print(f"| {name} | {head} | {optimizer} |", " | ".join(f"{value:.2f}" for value in row), "|", flush=True)


if __name__ == "__main__":
    main()
