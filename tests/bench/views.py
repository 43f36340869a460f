"""What test-time augmentation does on labelled images: the same heads, asked about one view of an image and about more.

    PARITY_HOME=/tmp/defaults python -m tests.bench.views [--images N] [--repeats 3] [--views 1 2 4 8] \
        --set data.augmentation=light --set data.augmentation_draws=4 FOLDER FILE.json
    python -m tests.bench.defaults table --against "1 view" FILE.json

Folds, held-out images and figures are those of `tests.bench.defaults`. A head is trained once a fold, on augmented
images; its answers are averaged over the first so many views of `core.insight.views`. Seconds are those of the
processor: the features of all images in so many views, and the training of one head.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.config import RunConfig, make_config
from core.cross_validation.store import chooses_epoch, config_of_repeat
from core.data.folds import Folds, make_folds
from core.engine.features.features import forward_batches
from core.engine.jobs.fold_heads import _FoldTrial, with_split
from core.insight.views import Views, views_of
from core.store.runs import RunStore
from tests.bench.defaults import FOLDS, SEED, Bench, figures_of


class ViewsBench(Bench):
    """Measures several numbers of views by the same heads."""

    def measure_views(self, settings: dict[str, Any], counts: Sequence[int], repeats: int) -> None:
        """All folds of all numbers of views."""
        config = make_config(self._folder, settings)
        views = views_of(RunStore().create(config), max(counts))
        self.record["views"] = views.to_record()
        rows = {
            count: self.record["measured"].setdefault(_name(count), {"heads": [], "features": None}) for count in counts
        }
        for repeat in range(1, repeats + 1):
            folds = make_folds(self._dataset, FOLDS, SEED + repeat - 1, config.data.group_pattern)
            if repeat == 1:
                self._features(config, folds, {"features": None})
                arrays, seconds = self._view_features(config, folds, views)
                row_of = {file.path: row for row, file in enumerate(folds.files)}
            for fold in range(1, FOLDS + 1):
                for count, head in self._heads_of_fold(config, folds, repeat, fold, arrays, row_of, counts).items():
                    rows[count]["heads"].append(head)
                    rows[count]["features"] = sum(seconds[:count])
                self._results.write_text(json.dumps(self.record, indent=1) + "\n")

    def _view_features(self, config: RunConfig, folds: Folds, views: Views) -> tuple[list[Any], list[float]]:
        """Features of all images in each view, and the seconds of each."""
        whole = self._heads.whole(config, self._dataset, folds.files, self._reporter)
        images = whole.images(folds.files, augmented=False)
        found: list[list[Any]] = [[] for _ in range(views.count)]
        seconds = [0.0] * views.count
        for batch in forward_batches(len(images)):
            began = time.process_time()
            pixels = np.stack([images.one(int(position), 0) for position in batch])
            changed = views.others(pixels)
            for k in range(views.count):
                found[k].append(np.asarray(whole.forward(next(changed) if k else pixels), np.float32))
                seconds[k] += time.process_time() - began
                began = time.process_time()
        return [np.concatenate(parts) for parts in found], seconds

    def _heads_of_fold(
        self, config: RunConfig, folds: Folds, repeat: int, fold: int, arrays: list[Any], row_of: dict[str, int],
        counts: Sequence[int],
    ) -> dict[int, dict[str, Any]]:  # fmt: skip
        """One head, and its figures by the number of views."""
        began, config = time.process_time(), config_of_repeat(config, repeat - 1)
        inner = config.data.validation_split if chooses_epoch(config) else 0.0
        split = folds.split(fold - 1, inner, config.data.seed + repeat - 1)
        dataset, held_out = with_split(self._dataset, split.train, split.val, split.test), split.test or split.val
        whole = self._heads.whole(config, dataset, folds.files, self._reporter)
        context, head = self._heads._prepared(config, dataset, self._reporter)
        assert _FoldTrial(context, head, self._heads._tensor, whole).fit() is not None
        took, rows = time.process_time() - began, [row_of[file.path] for file in held_out]
        said = [head.observer.on_features(array[rows]).probabilities for array in arrays]
        labels = self._dataset.labels(held_out)
        return {
            count: {
                "repeat": repeat, "fold": fold, "seconds": took,
                **figures_of(labels, np.mean(said[:count], axis=0, dtype=np.float64)),
            }
            for count in counts
        }  # fmt: skip


def _name(count: int) -> str:
    return "1 view" if count == 1 else f"{count} views"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.views", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--views", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args(arguments)
    settings = dict(one.split("=", 1) for one in options.settings)
    ViewsBench(options.folder, options.file, options.images).measure_views(settings, options.views, options.repeats)


if __name__ == "__main__":
    main()
