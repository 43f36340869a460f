"""What the presets and their parts do on labelled images: patient-safe cross-validation, the table of docs/defaults.md.

    PARITY_HOME=/tmp/defaults python -m tests.bench.defaults measure [--images N] [--rare 9] FOLDER FILE.json [NAME ...]
    PARITY_HOME=/tmp/defaults python -m tests.bench.defaults table [--against NAME] FILE.json
    python -m tests.bench.defaults digits [--images 600] FOLDER     scikit-learn's digits as PNG files, a folder a class

A name is one of `TRIED`, or settings such as `training.learning_rate=0.003,training.epochs=50`. What was measured
stands in FILE.json and is not measured again, so that it can be done in parts (`--seconds 200`). `--rare 9` leaves out
images of every second class, from the first on, until the largest class has nine times as many. Every fold is looked
at once: a fifth of its training images, whole patients, chooses the last epoch. Seconds are those of the processor, of
one training: the features of all images, and the mean of what follows them.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.config import RunConfig, make_config
from core.cross_validation.figures import fold_figures
from core.cross_validation.store import chooses_epoch, config_of_repeat
from core.data.dataset import Dataset, open_dataset
from core.data.folds import Folds, make_folds
from core.data.split import join_files
from core.search.ranking import Scored, pairs
from core.stats import metrics
from core.stats.fold_interval import corrected_t

FOLDS, SEED = 5, 1
_LIGHT = {"data.augmentation": "light", "data.augmentation_draws": 4}
_FINE = {"training.mode": "fine_tune", "training.finetune_learning_rate": 1e-4}
_SMALL = {"data.image_size": 128}
_TINY = {"data.image_size": 64, "training.finetune_epochs": 10}

TRIED: dict[str, dict[str, Any]] = {
    "20 epochs at 0.001": {"training.epochs": 20, "training.learning_rate": 1e-3},
    "50 epochs at 0.001": {"training.epochs": 50, "training.learning_rate": 1e-3},
    "20 epochs at 0.003": {"training.epochs": 20, "training.learning_rate": 3e-3},
    "50 epochs at 0.003": {"training.epochs": 50, "training.learning_rate": 3e-3},
    "128 px, 10 epochs at 0.001": {**_SMALL, "training.epochs": 10, "training.early_stopping": 3},
    "128 px, 10 epochs at 0.003": {
        **_SMALL, "training.epochs": 10, "training.early_stopping": 3, "training.learning_rate": 3e-3,
    },
    "128 px": dict(_SMALL),
    "20 epochs at 0.001, class weights": {"training.epochs": 20, "training.class_weight": "balanced"},
    "balanced sampling": {"data.sampling": "balanced"},
    "class weights": {"training.class_weight": "balanced"},
    "focal loss, gamma 2": {"training.focal_gamma": 2},
    "128 px, light augmentation": {**_SMALL, **_LIGHT},
    "128 px, fine-tuned": {**_SMALL, **_FINE, "training.finetune_stages": 2, "training.finetune_epochs": 10},
    "128 px, fine-tuned, light augmentation": {
        **_SMALL, **_FINE, **_LIGHT, "training.finetune_stages": 2, "training.finetune_epochs": 10,
    },
    "64 px, fine-tuned": {**_TINY, **_FINE},
    "64 px, fine-tuned, mixup 0.2": {**_TINY, **_FINE, "training.mixup": 0.2},
    "64 px, fine-tuned, mixup 1": {**_TINY, **_FINE, "training.mixup": 1},
    "fine-tuned": {**_FINE, "training.finetune_stages": 2, "training.finetune_epochs": 10},
    "fine-tuned, one stage": {**_FINE, "training.finetune_stages": 1, "training.finetune_epochs": 10},
    "fine-tuned, three stages": {**_FINE, "training.finetune_stages": 3, "training.finetune_epochs": 10},
    "fine-tuned, class weights": {
        **_FINE, "training.finetune_stages": 2, "training.finetune_epochs": 10, "training.class_weight": "balanced",
    },
}  # fmt: skip
"""What differs from the defaults; they are written out where a default has changed by these figures."""


class Bench:
    """Measures settings on the same folds of the same images.

    Args:
        folder: Path. The dataset.
        results: Path. What was measured.
        images: int. About so many of its images are taken, whole groups; 0 for all.
        rare: float. See `_with_rare`; 0 for the classes as they are.
    """

    def __init__(self, folder: Path, results: Path, images: int, rare: float = 0) -> None:
        from core.engine.jobs.fold_heads import FoldHeads
        from core.engine.reporter import Reporter
        from core.store.runs import RunStore

        self._results, self._heads = results, FoldHeads()
        config = make_config(str(folder), {})
        self._reporter = Reporter(RunStore().create(config))
        taken = _subset(open_dataset(str(folder), config.data), images)
        self._folder, self._dataset = str(folder), _with_rare(taken, rare) if rare else taken
        self.record: dict[str, Any] = json.loads(results.read_text()) if results.exists() else {}
        files = self._dataset.split.train
        counts = {name: sum(file.label == name for file in files) for name in self._dataset.classes}
        self.record.setdefault("images", len(files))
        self.record.setdefault("classes", counts)
        self.record.setdefault("measured", {})

    def measure(self, name: str, repeats: int, until: float) -> bool:
        """All folds of one entry that are not there yet; False where the time has run out."""
        settings = TRIED[name] if name in TRIED else dict(part.split("=", 1) for part in name.split(","))
        config = make_config(self._folder, settings)
        row = self.record["measured"].setdefault(name, {"heads": [], "features": None})
        done = {(head["repeat"], head["fold"]) for head in row["heads"]}
        for repeat in range(1, repeats + 1):
            folds = make_folds(self._dataset, FOLDS, SEED + repeat - 1, config.data.group_pattern)
            for fold in range(1, FOLDS + 1):
                if (repeat, fold) in done:
                    continue
                if time.monotonic() > until:
                    return False
                self._features(config, folds, row)
                row["heads"].append(self._fold(config, folds, repeat, fold))
                self._results.write_text(json.dumps(self.record, indent=1) + "\n")
        return True

    def _features(self, config: RunConfig, folds: Folds, row: dict[str, Any]) -> None:
        """The features of all images; what they took is kept, for all settings that share them."""
        whole = self._heads.whole(config, self._dataset, folds.files, self._reporter)
        images, plain = whole.train_images(), whole.images(folds.files, augmented=False)
        draws = sorted({whole.draw(epoch) for epoch in range(config.training.epochs)})
        wanted = {whole.key(*one): one for one in ((plain, 0), *((images, draw) for draw in draws))}
        known = self.record.setdefault("features", {})
        for key, one in wanted.items():
            if key not in known:
                began = time.process_time()
                whole.features(*one, "")
                known[key] = time.process_time() - began
        row["features"] = row["features"] or sum(known[key] for key in wanted)

    def _fold(self, config: RunConfig, folds: Folds, repeat: int, fold: int) -> dict[str, Any]:
        from core.engine.jobs.fold_heads import with_split

        began, config = time.process_time(), config_of_repeat(config, repeat - 1)
        inner = config.data.validation_split if chooses_epoch(config) else 0.0
        split = folds.split(fold - 1, inner, config.data.seed + repeat - 1)
        dataset, held_out = with_split(self._dataset, split.train, split.val, split.test), split.test or split.val
        said = self._answers(config, dataset, folds, held_out)
        record = {"repeat": repeat, "fold": fold, **figures_of(self._dataset.labels(held_out), said)}
        return {**record, "seconds": time.process_time() - began}

    def _answers(self, config: RunConfig, dataset: Dataset, folds: Folds, held_out: Any) -> Any:
        if config.training.is_on_features:
            name = "test" if dataset.split.test else "val"
            answered = self._heads.answer(config, dataset, folds.files, name, self._reporter)
            assert answered is not None
            return answered.probabilities
        return _trained(config, dataset)(held_out)


def figures_of(labels: Any, said: Any) -> dict[str, Any]:
    """Figures of one fold's answers, those that are not finite as None."""
    right = metrics.decide(said) == labels
    found = {
        "count": len(labels), "correct": int(right.sum()),
        "accuracy": metrics.accuracy(labels, said), "auc": metrics.auc(labels, said),
        "balanced": float(np.mean([right[labels == k].mean() for k in np.unique(labels)])),
        "loss": metrics.cross_entropy(labels, said),
    }  # fmt: skip
    return {key: None if isinstance(value, float) and np.isnan(value) else value for key, value in found.items()}


def _trained(config: RunConfig, dataset: Dataset) -> Any:
    """A whole training, as a run's worker has it; a function from images to probabilities."""
    from core.engine.reporter import Reporter
    from core.engine.train.context import make_training_context
    from core.engine.train.epochs import Training
    from core.engine.train.run_costs import RunCosts
    from core.engine.train.tracking import Tracking
    from core.store.runs import RunStore

    reporter = Reporter(RunStore().create(config))
    context = make_training_context(config, dataset, reporter)
    training = Training(context, Tracking(reporter), RunCosts(config, dataset))
    training.run_all()
    training.event_files.close()
    assert training.phase is not None
    return training.phase.predict


def _subset(dataset: Dataset, count: int) -> Dataset:
    """About so many images, whole groups drawn at random; no part of them is held out."""
    from core.engine.jobs.fold_heads import with_split

    files = sorted((*dataset.split.train, *dataset.split.val), key=lambda file: file.path)
    groups = join_files(files, "auto")
    taken: list[Any] = []
    for k in np.random.default_rng(SEED).permutation(len(groups)):
        if not count or len(taken) < count:
            taken += groups[k]
    return with_split(dataset, sorted(taken, key=lambda file: (file.label, file.path)))


def _with_rare(dataset: Dataset, ratio: float) -> Dataset:
    """Every second class, from the first on, with so few images that the largest class has `ratio` times as many.

    Images of whole groups stay, drawn at random.
    """
    from core.engine.jobs.fold_heads import with_split

    files = dataset.split.train
    largest = max(sum(file.label == name for file in files) for name in dataset.classes)
    left = dict.fromkeys(dataset.classes[::2], round(largest / ratio))
    groups = join_files(files, "auto")
    taken = [file for file in files if file.label not in left]
    for k in np.random.default_rng(SEED).permutation(len(groups)):
        for file in groups[k]:
            if left.get(file.label, 0) > 0:
                left[file.label] -= 1
                taken.append(file)
    return with_split(dataset, sorted(taken, key=lambda file: (file.label, file.path)))


def rows(record: dict[str, Any], against: str) -> Iterator[str]:
    """The table, in Markdown."""
    more = ("accuracy", "AUC", "balanced accuracy", "log loss")
    titles = ("settings", "folds x repeats", *more, *(f"{name} more" for name in more), "seconds")
    yield f"| {' | '.join(titles)} |"
    yield "|---" * len(titles) + "|"
    measured = {name: row for name, row in record["measured"].items() if len(row["heads"]) >= FOLDS}
    for name, row in measured.items():
        heads, found = row["heads"], fold_figures(row["heads"], FOLDS)
        low, high = found["interval"] or (0.0, 1.0)
        auc = "" if found["auc"] is None else f"{found['auc']:.3f}"
        if auc and found["auc_interval"]:
            auc += " ({:.3f} to {:.3f})".format(*found["auc_interval"])
        balanced = float(np.average([head["balanced"] for head in heads], weights=[head["count"] for head in heads]))
        cost = f"{row['features']:.0f} + {np.mean([head['seconds'] for head in heads]):.0f}"
        yield (
            f"| {name} | {FOLDS} x {len(heads) // FOLDS} | {found['accuracy']:.1%} ({low:.1%} to {high:.1%}) | {auc} | "
            f"{balanced:.1%} | {found['loss']:.3f} | {_difference(measured, name, against)} | "
            f"{_more(measured, name, against, 'auc')} | {_more(measured, name, against, 'balanced', 100, 1)} | "
            f"{_more(measured, name, against, 'loss')} | {cost} |"
        )


def _difference(measured: dict[str, Any], name: str, against: str) -> str:
    """Accuracy of an entry minus that of another, on the folds that both have."""
    if name == against or against not in measured:
        return ""
    pair = pairs([Scored(k, measured[one]["heads"], FOLDS) for k, one in enumerate((name, against))])[0]
    return "{:+.1f} ({:+.1f} to {:+.1f})".format(*(100 * value for value in (pair.difference, *pair.interval)))


def _more(measured: dict[str, Any], name: str, against: str, figure: str, times: int = 1, digits: int = 3) -> str:
    """The same of another figure of the folds; those without it (an AUC of one class) are left out."""
    if name == against or against not in measured:
        return ""
    theirs = {(head["repeat"], head["fold"]): head[figure] for head in measured[against]["heads"]}
    both = [
        (times * (head[figure] - other), head["count"])
        for head in measured[name]["heads"]
        if (other := theirs.get((head["repeat"], head["fold"]))) is not None and head[figure] is not None
    ]
    found = corrected_t([gap for gap, _ in both], 1 / (FOLDS - 1), counts=[count for _, count in both])
    return f"{found.value:+.{digits}f} ({found.low:+.{digits}f} to {found.high:+.{digits}f})"


def write_digits(folder: Path, count: int) -> None:
    """Scikit-learn's digits (scans of 8 x 8 pixels, ten classes), the first `count`, as grey PNG files of 64 pixels."""
    from PIL import Image
    from sklearn.datasets import load_digits

    found = load_digits()
    for k, (pixels, label) in enumerate(zip(found.images[:count], found.target[:count], strict=True)):
        path = folder / str(label) / f"{k:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels * 255 / 16).astype(np.uint8)).resize((64, 64), Image.Resampling.BICUBIC).save(path)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints the table, or writes the digits."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.defaults", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    measure, table, digits = (commands.add_parser(name) for name in ("measure", "table", "digits"))
    measure.add_argument("folder", type=Path)
    measure.add_argument("file", type=Path)
    measure.add_argument("names", nargs="*", metavar="NAME")
    measure.add_argument("--images", type=int, default=500)
    measure.add_argument("--rare", type=float, default=0)
    measure.add_argument("--repeats", type=int, default=1)
    measure.add_argument("--seconds", type=float, default=1e9)
    table.add_argument("file", type=Path)
    table.add_argument("--against", default=next(iter(TRIED)))
    digits.add_argument("folder", type=Path)
    digits.add_argument("--images", type=int, default=600)
    options = parser.parse_args(arguments)
    if options.command == "digits":
        write_digits(options.folder, options.images)
    elif options.command == "table":
        print("\n".join(rows(json.loads(options.file.read_text()), options.against)))
    else:
        until, bench = (
            time.monotonic() + options.seconds,
            Bench(options.folder, options.file, options.images, options.rare),
        )
        for name in options.names or TRIED:
            if not bench.measure(name, options.repeats, until):
                print(f"time is up at {name}", flush=True)
                break


if __name__ == "__main__":
    main()
