"""The order of the batches: what chance explains is never flagged, what it does not is."""

from math import comb

import numpy as np
import pytest

from core.checks import order
from core.data.order import epoch_batches
from tests.told import told

BALANCED = {"train": {"cat": 200, "dog": 200}, "val": {"cat": 60, "dog": 60}}


def test_class_by_class_is_an_error_with_its_figures(make_context):
    finding = told(
        order.class_ordered_batches(make_context({"data.shuffle": "none", "data.batch_size": 20}, counts=BALANCED))
    )
    assert (finding.id, finding.severity) == ("class-ordered-batches", "error")
    assert finding.claim == (
        "The batches are ordered by class: 20 of 20 hold a single class, expected under shuffling: 0.0. Up to 200 "
        "images in a row are of one class."
    )
    assert finding.evidence == {
        "batches": 20,
        "single_class_batches": 20,
        "expected_by_chance": 0.0,
        "mean_run_length": 200.0,
        "expected_run_length": 2.0,
        "longest_run": 200,
        "first_batch": {"cat": 20},
        "last_batch": {"dog": 20},
    }
    assert finding.change == {"data.shuffle": "samples"}


def test_two_batches_in_class_order_are_found_by_their_runs(make_context):
    counts = {"train": {"cat": 20, "dog": 20}, "val": {"cat": 60, "dog": 60}}
    finding = told(
        order.class_ordered_batches(make_context({"data.shuffle": "none", "data.batch_size": 32}, counts=counts))
    )
    assert "1 of 2 hold a single class" in finding.claim


def test_one_batch_may_have_any_order(make_context):
    counts = {"train": {"cat": 10, "dog": 10}, "val": {"cat": 60, "dog": 60}}
    context = make_context({"data.shuffle": "none", "data.batch_size": 32}, counts=counts)
    assert order.class_ordered_batches(context) is None


def test_kept_together_batches_in_random_order_are_the_other_finding(make_context):
    context = make_context({"data.shuffle": "batches", "data.batch_size": 20}, counts=BALANCED)
    assert order.class_ordered_batches(context) is None
    finding = told(order.single_class_batches(context))
    assert (finding.severity, finding.change) == ("warning", {"data.shuffle": "samples"})
    assert finding.claim == (
        "20 of 20 batches hold a single class, expected under shuffling: 0.0. Only the order of the batches is random."
    )


@pytest.mark.parametrize("shuffle", ["none", "samples"])
def test_single_class_batches_are_not_said_of_another_order(make_context, shuffle):
    assert order.single_class_batches(make_context({"data.shuffle": shuffle}, counts=BALANCED)) is None


@pytest.mark.parametrize(
    ("counts", "batch"), [((950, 50), 20), ((3875, 1341), 8), ((30, 30), 4), ((5, 5), 1), ((3, 3, 90), 6), ((2, 2), 2)]
)
def test_chance_is_never_flagged(counts, batch):
    labels = np.repeat(np.arange(len(counts)), counts)
    for seed in range(60):
        batches = epoch_batches(len(labels), batch, "samples", seed=seed, epoch=seed % 3)
        assert order.measure(labels, batches, len(counts)).by_chance


def test_expectation_is_the_hypergeometric_one():
    assert order.chance_of_one_class([3875, 1341], 20) * 261 == pytest.approx(0.67, abs=0.02)
    assert order.chance_of_one_class([2, 2], 2) == pytest.approx(2 / comb(4, 2))
    labels, rng = np.repeat([0, 1], [9, 4]), np.random.default_rng(1)
    shuffled = [np.split(rng.permutation(13), [4, 8, 12]) for _ in range(3000)]
    measured = [order.measure(labels, batches, 2) for batches in shuffled]
    assert measured[0].expected == pytest.approx(np.mean([m.pure for m in measured]), abs=0.05)
    # The mean number of runs is what is expected; their mean length is its inverse.
    runs = np.mean([13 / m.run_length for m in measured])
    assert 13 / measured[0].expected_run_length == pytest.approx(runs, abs=0.1)


def test_dropped_tail_of_a_fixed_order_names_the_class_that_loses(make_context):
    settings = {"data.shuffle": "none", "data.drop_remainder": True, "data.batch_size": 35}
    finding = told(order.partial_batch_dropped(make_context(settings)))
    assert (finding.severity, finding.change) == ("warning", {"data.drop_remainder": False})
    assert finding.claim == (
        "30 of 240 training images (12 %) are left out of each epoch: the same in every epoch, of dog."
    )
    assert finding.evidence["classes"] == {"dog": 30}
    assert finding.evidence["files"][0] == "train/dog/dog090.jpg"


def test_dropped_tail_of_shuffled_samples_is_worth_knowing(make_context):
    finding = told(order.partial_batch_dropped(make_context({"data.drop_remainder": True, "data.batch_size": 35})))
    assert finding.severity == "info"
    assert finding.claim.endswith("different ones in every epoch.")


def test_dropped_tail_of_balanced_samples_is_another_one_in_every_epoch(make_context):
    settings = {"data.sampling": "balanced", "data.shuffle": "none"}
    counts = {"train": {"cat": 91, "dog": 150}, "val": {"cat": 5, "dog": 5}}
    dropping = make_context({**settings, "data.drop_remainder": True, "data.batch_size": 35}, counts=counts)
    assert told(order.partial_batch_dropped(dropping)).claim.endswith("different ones in every epoch.")
    assert order.tiny_last_batch(make_context({**settings, "data.batch_size": 80}, counts=counts)) is None
    assert order.tiny_last_batch(make_context({"data.shuffle": "none", "data.batch_size": 80}, counts=counts))


def test_full_batches_lose_nothing(make_context):
    assert order.partial_batch_dropped(make_context({"data.drop_remainder": True, "data.batch_size": 24})) is None


def test_no_batch_left_is_an_error(make_context):
    context = make_context({"data.drop_remainder": True, "data.batch_size": 256})
    finding = told(order.steps_zero(context))
    assert finding.severity == "error"
    assert finding.claim == (
        "The 240 training images do not fill one batch of 256, and partial batches are dropped: no batch is left."
    )
    assert order.partial_batch_dropped(context) is None
    assert order.steps_zero(make_context({"data.batch_size": 256})) is None


def test_tiny_last_batch_matters_in_a_fixed_order_only(make_context):
    counts = {"train": {"cat": 33, "dog": 32}, "val": {"cat": 60, "dog": 60}}
    finding = told(order.tiny_last_batch(make_context({"data.shuffle": "batches"}, counts=counts)))
    assert finding.claim == ("The last batch has 1 of 32 images, the same in every epoch, and counts as a full step.")
    assert finding.evidence["files"] == ["train/dog/dog031.jpg"]
    assert order.tiny_last_batch(make_context({"data.shuffle": "samples"}, counts=counts)) is None
    assert order.tiny_last_batch(make_context({"data.shuffle": "batches"})) is None
