"""Checks of the order of the images (shuffling), from the batches that an epoch will really have."""

from collections import Counter
from math import comb, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.checks.context import Context, named, paths_of, percent
from core.checks.finding import Finding
from core.data.order import Indices

_MANY_RUNS = 5
"""Times the run length that chance gives from which on an order is no chance."""


class Purity(NamedTuple):
    """How the classes lie in the batches of an epoch, and what a random order would give."""

    batches: int
    pure: int
    expected: float
    run_length: float
    expected_run_length: float
    longest_run: int

    @property
    def by_chance(self) -> bool:
        """Whether a random order explains it."""
        many = self.pure > self.expected + 4 * sqrt(self.expected) + 1
        return not many and self.run_length <= _MANY_RUNS * self.expected_run_length


def class_ordered_batches(context: Context) -> Finding | None:
    """Batches of one class after the other, class by class: the last class of an epoch overwrites what was learned.

    Measured on X-rays: accuracy stays at exactly the share of the last class for ten epochs. Could be mistaken for a
    wrong learning rate or a base that is not frozen; neither repairs it.
    """
    purity = _mixed_badly(context)
    if purity is None or context.config.data.shuffle == "batches":
        return None
    return Finding(
        "class-ordered-batches",
        "error",
        f"The batches are ordered by class: {purity.pure} of {purity.batches} hold a single class, expected under "
        f"shuffling: {purity.expected:.1f}. Up to {purity.longest_run} images in a row are of one class.",
        {**_evidence(purity), "first_batch": _mix(context, 0), "last_batch": _mix(context, -1)},
        "Shuffle the samples in every epoch: data.shuffle=samples.",
        {"data.shuffle": "samples"},
    )


def single_class_batches(context: Context) -> Finding | None:
    """Batches of one class each, in random order: learning starts slowly and in jumps.

    This is what Keras' `fit` makes of an unshuffled directory iterator. Measured: dips to 0.65 where shuffled samples
    have 0.92, but it recovers.
    """
    purity = _mixed_badly(context)
    if purity is None or context.config.data.shuffle != "batches":
        return None
    return Finding(
        "single-class-batches",
        "warning",
        f"{purity.pure} of {purity.batches} batches hold a single class, expected under shuffling: "
        f"{purity.expected:.1f}. Only the order of the batches is random.",
        _evidence(purity),
        "Shuffle the samples, not the batches: data.shuffle=samples.",
        {"data.shuffle": "samples"},
    )


def steps_zero(context: Context) -> Finding | None:
    """No full batch and the partial one is dropped: nothing would be trained on."""
    data, count = context.config.data, len(context.train)
    if not data.drop_remainder or not 0 < count < data.batch_size:
        return None
    return Finding(
        "steps-zero",
        "error",
        f"The {count} training images do not fill one batch of {data.batch_size}, and partial batches are dropped: "
        "no batch is left.",
        {"pictures": count, "batch_size": data.batch_size},
        "Keep the last partial batch: data.drop_remainder=false.",
        {"data.drop_remainder": False},
    )


def partial_batch_dropped(context: Context) -> Finding | None:
    """The tail of the order is left out; in a fixed order these are the same images, all of the last classes."""
    data, count = context.config.data, len(context.train)
    lost = count % data.batch_size
    if not data.drop_remainder or not lost or count < data.batch_size:
        return None
    changing = data.shuffle == "samples" or data.sampling == "balanced"
    tail = context.train[count - lost :]
    classes = {name: sum(f.label == name for f in tail) for name in sorted({f.label for f in tail})}
    which = "different ones in every epoch" if changing else f"the same in every epoch, of {named(classes)}"
    return Finding(
        "partial-batch-dropped",
        "info" if changing else "warning",
        f"{lost} of {count} training images ({percent(lost, count)}) are left out of each epoch: {which}.",
        {"left_out": lost, "pictures": count} | ({} if changing else {"classes": classes, "files": paths_of(tail)}),
        "Keep the last partial batch: data.drop_remainder=false.",
        {"data.drop_remainder": False},
    )


def tiny_last_batch(context: Context) -> Finding | None:
    """The same one to three images make a batch of their own in every epoch, a full step for each of them."""
    data, count = context.config.data, len(context.train)
    last = count % data.batch_size
    if data.shuffle == "samples" or data.drop_remainder or not 1 <= last <= 3 or data.batch_size < 8:
        return None
    if count <= data.batch_size or data.sampling == "balanced":
        return None
    tail = context.train[count - last :]
    return Finding(
        "tiny-last-batch",
        "info",
        f"The last batch has {last} of {data.batch_size} images, the same in every epoch, and counts as a full step.",
        {"last_batch": last, "batch_size": data.batch_size, "files": paths_of(tail)},
        "Shuffle the samples, so that they change: data.shuffle=samples.",
        {"data.shuffle": "samples"},
    )


def measure(labels: NDArray[np.integer], batches: list[Indices], classes: int) -> Purity:
    """How pure batches are, and how pure a random order would make them.

    Args:
        labels: integer array of shape `(count,)`.
        batches: as from `core.data.order.epoch_batches`; at least one.
        classes: int. Number of classes.
    """
    order = labels[np.concatenate(batches)]
    counts = np.bincount(order, minlength=classes)
    sizes = np.bincount([len(batch) for batch in batches])
    runs = np.diff(np.flatnonzero(np.concatenate(([True], order[1:] != order[:-1], [True]))))
    return Purity(
        batches=len(batches),
        pure=sum(int((labels[batch] == labels[batch[0]]).all()) for batch in batches),
        expected=float(sum(n * chance_of_one_class(counts.tolist(), size) for size, n in enumerate(sizes) if n)),
        run_length=float(runs.mean()),
        expected_run_length=len(order) / _expected_runs(counts),
        longest_run=int(runs.max()),
    )


def chance_of_one_class(counts: list[int], size: int) -> float:
    """Chance that a batch drawn at random holds a single class (hypergeometric)."""
    return sum(comb(count, size) for count in counts) / comb(sum(counts), size)


def _mixed_badly(context: Context) -> Purity | None:
    """How the first epoch's batches are mixed, where chance does not explain it."""
    batches = context.batches
    # One batch is all there is: its inner order changes nothing.
    if len(batches) < 2 or len(set(context.labels.tolist())) < 2:
        return None
    purity = measure(context.labels, batches, len(context.dataset.classes))
    return None if purity.by_chance else purity


def _expected_runs(counts: NDArray[np.integer]) -> float:
    """Mean number of runs in a random order of so many things of each kind."""
    total = int(counts.sum())
    return 1 + (total * total - int((counts.astype(np.int64) ** 2).sum())) / total


def _evidence(purity: Purity) -> dict[str, object]:
    return {
        "batches": purity.batches,
        "single_class_batches": purity.pure,
        "expected_by_chance": round(purity.expected, 2),
        "mean_run_length": round(purity.run_length, 1),
        "expected_run_length": round(purity.expected_run_length, 1),
        "longest_run": purity.longest_run,
    }


def _mix(context: Context, batch: int) -> dict[str, int]:
    """Images by class in one batch."""
    return dict(Counter(context.train[k].label for k in context.batches[batch]))
