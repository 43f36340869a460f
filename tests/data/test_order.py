"""Which sample comes when: the same for the same seed and epoch, and never a sample twice."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.data.order import (
    Indices,
    balanced_batches,
    batch_mix,
    batches_per_epoch,
    draw_of_epoch,
    epoch_batches,
    require_batches,
)
from core.errors import ConfigError

WAYS = ("samples", "batches", "none")
COUNTS, SIZES = st.integers(0, 60), st.integers(1, 25)
SEEDS, EPOCHS = st.integers(0, 2**31 - 1), st.integers(0, 1000)


def lists(batches: list[Indices]) -> list[list[int]]:
    return [batch.tolist() for batch in batches]


def flat(batches: list[Indices]) -> list[int]:
    return [position for batch in batches for position in batch.tolist()]


@given(COUNTS, SIZES, st.sampled_from(WAYS), SEEDS, EPOCHS, st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_epoch_is_a_pure_function_and_has_no_sample_twice(
    count: int, size: int, shuffle: str, seed: int, epoch: int, drop: bool
) -> None:
    batches = epoch_batches(count, size, shuffle, seed=seed, epoch=epoch, drop_remainder=drop)
    again = epoch_batches(count, size, shuffle, seed=seed, epoch=epoch, drop_remainder=drop)
    assert lists(batches) == lists(again)
    kept = count - count % size if drop else count
    assert len(batches) == batches_per_epoch(count, size, drop)
    assert len(flat(batches)) == len(set(flat(batches))) == kept
    assert set(flat(batches)) <= set(range(count))
    assert sorted(len(batch) for batch in batches)[1:] == [size] * (len(batches) - 1)


@given(COUNTS, SIZES, SEEDS, EPOCHS, st.booleans())
@settings(max_examples=80, deadline=None)
def test_none_is_the_order_on_disk(count: int, size: int, seed: int, epoch: int, drop: bool) -> None:
    order = flat(epoch_batches(count, size, "none", seed=seed, epoch=epoch, drop_remainder=drop))
    assert order == list(range(len(order)))


@given(COUNTS, SIZES, SEEDS, EPOCHS, st.booleans())
@settings(max_examples=80, deadline=None)
def test_batches_are_those_on_disk_in_another_order(count: int, size: int, seed: int, epoch: int, drop: bool) -> None:
    mixed = epoch_batches(count, size, "batches", seed=seed, epoch=epoch, drop_remainder=drop)
    on_disk = epoch_batches(count, size, "none", seed=seed, epoch=epoch, drop_remainder=drop)
    assert sorted(lists(mixed)) == lists(on_disk)


def test_the_partial_batch_of_shuffled_samples_is_the_last_one() -> None:
    sizes = [len(batch) for batch in epoch_batches(45, 20, "samples", seed=1, epoch=0)]
    assert sizes == [20, 20, 5]


@pytest.mark.parametrize("shuffle", ["samples", "batches"])
def test_seed_and_epoch_each_give_another_order(shuffle: str) -> None:
    orders = [flat(epoch_batches(200, 10, shuffle, seed=s, epoch=e)) for s in (1, 2) for e in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4


def test_dropping_the_tail_changes_nothing_before_it() -> None:
    whole = epoch_batches(45, 20, "samples", seed=1, epoch=3)
    assert lists(epoch_batches(45, 20, "samples", seed=1, epoch=3, drop_remainder=True)) == lists(whole[:2])


def test_the_order_is_the_same_in_every_version() -> None:
    """A run that is resumed after an update must go on in the order it began with."""
    assert flat(epoch_batches(8, 3, "samples", seed=1, epoch=0)) == [6, 1, 4, 0, 3, 2, 5, 7]
    assert flat(epoch_batches(8, 3, "batches", seed=1, epoch=0)) == [6, 7, 0, 1, 2, 3, 4, 5]


@given(st.lists(st.integers(0, 2), min_size=1, max_size=50), SIZES, st.sampled_from(WAYS))
@settings(max_examples=60, deadline=None)
def test_the_mix_counts_the_labels_of_every_batch(labels: list[int], size: int, shuffle: str) -> None:
    batches = epoch_batches(len(labels), size, shuffle, seed=1, epoch=0)
    mix = batch_mix(np.array(labels), batches, 3)
    assert mix.tolist() == [[[labels[i] for i in batch].count(k) for k in range(3)] for batch in batches]
    assert mix.sum(axis=0).tolist() == [labels.count(k) for k in range(3)]


def test_class_by_class_no_batch_but_one_holds_both_classes() -> None:
    labels = np.repeat([0, 1], [50, 40])
    mix = batch_mix(labels, epoch_batches(90, 20, "none", seed=1, epoch=0), 2)
    assert mix.tolist() == [[20, 0], [20, 0], [10, 10], [0, 20], [0, 10]]


def test_without_batches_the_mix_is_empty() -> None:
    assert batch_mix(np.array([], dtype=np.int64), [], 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("augmentation", "draws", "expected"),
    [("none", 0, [0, 0, 0, 0]), ("none", 3, [0, 0, 0, 0]), ("question", 0, [0, 1, 2, 3]),
     ("question", 1, [0, 0, 0, 0]), ("light", 3, [0, 1, 2, 0])],
)  # fmt: skip
def test_draws_come_in_turn(augmentation: str, draws: int, expected: list[int]) -> None:
    assert [draw_of_epoch(epoch, augmentation, draws) for epoch in range(4)] == expected


LABELS = st.lists(st.integers(0, 3), min_size=1, max_size=60).map(lambda labels: np.sort(np.array(labels)))


@given(LABELS, SIZES, st.sampled_from(WAYS), SEEDS, EPOCHS, st.booleans())
@settings(max_examples=120, deadline=None)
def test_balanced_epochs_have_as_many_images_as_before_and_as_many_of_each_class(
    labels: NDArray[np.int64], size: int, shuffle: str, seed: int, epoch: int, drop: bool
) -> None:
    def drawn(dropping: bool) -> list[Indices]:
        plain = epoch_batches(len(labels), size, shuffle, seed=seed, epoch=epoch, drop_remainder=dropping)
        found = balanced_batches(plain, labels, seed=seed, epoch=epoch)
        assert [len(batch) for batch in found] == [len(batch) for batch in plain]
        return found

    assert lists(drawn(drop)) == lists(drawn(drop))
    positions = np.array(flat(drawn(False)))
    counts, images = np.bincount(labels[positions]), np.bincount(positions, minlength=len(labels))
    present = np.bincount(labels) > 0
    assert counts[~present[: len(counts)]].sum() == 0
    assert counts[present].max() - counts[present].min() <= 1
    for label in np.flatnonzero(present):
        times = images[labels == label]
        assert times.max() - times.min() <= 1, "of one class an image comes at most once more than another"
    if np.ptp(np.bincount(labels)[present]) <= 1:
        assert lists(drawn(drop)) == lists(
            epoch_batches(len(labels), size, shuffle, seed=seed, epoch=epoch, drop_remainder=drop)
        )


def test_of_a_frequent_class_other_images_are_drawn_in_every_epoch_until_all_were() -> None:
    labels, plain = np.repeat([0, 1], [90, 10]), epoch_batches(100, 20, "samples", seed=1, epoch=0)
    epochs = [set(flat(balanced_batches(plain, labels, seed=1, epoch=epoch))) for epoch in range(20)]
    assert all(set(range(90, 100)) <= epoch and len(epoch) == 60 for epoch in epochs)
    assert len({frozenset(epoch) for epoch in epochs}) == 20
    assert set().union(*epochs) == set(range(100))
    assert epochs[0] != set(flat(balanced_batches(plain, labels, seed=2, epoch=0)))


def test_the_balanced_draw_is_the_same_in_every_version() -> None:
    labels, plain = np.repeat([0, 1], [6, 2]), epoch_batches(8, 8, "none", seed=1, epoch=0)
    assert flat(balanced_batches(plain, labels, seed=1, epoch=0)) == [0, 2, 3, 4, 6, 6, 7, 7]


def test_settings_that_leave_no_batch_are_refused() -> None:
    require_batches(80, 80, drop_remainder=True)
    require_batches(80, 1024, drop_remainder=False)
    said = "The 80 training images do not fill one batch of 1024 (data.batch_size), and partial batches are dropped"
    with pytest.raises(ConfigError, match=re.escape(said)):
        require_batches(80, 1024, drop_remainder=True)
