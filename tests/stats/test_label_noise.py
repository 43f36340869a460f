"""The share of wrong labels from answers: found with its interval, and not where images hardly show their class."""

import numpy as np
import pytest

from core.stats.label_noise import margins, wrong_shares

Answers = tuple[np.ndarray, np.ndarray]


def answers(count: int, apart: float, wrong: float, hard: float = 0.0, rare: float = 0.5, seed: int = 0) -> Answers:
    """Labels, a share of them exchanged, and calibrated answers to scores of two classes that lie so far apart."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(count) < rare).astype(np.int64)
    shown = np.where(rng.random(count) < hard, 0, apart / 2)
    odds = apart * ((2 * truth - 1) * shown + rng.normal(0, 1, count)) + np.log(rare / (1 - rare))
    sure = 1 / (1 + np.exp(-odds))
    labels = np.where(rng.random(count) < wrong, 1 - truth, truth)
    return labels, np.column_stack([1 - sure, sure])


@pytest.mark.parametrize("wrong", [0.05, 0.1, 0.2, 0.3])
def test_the_share_is_in_its_interval_and_the_interval_is_without_0(wrong):
    (found,) = wrong_shares(*answers(2000, 4, wrong), np.zeros(2000, np.int64))
    assert 0.02 < found.low <= wrong <= found.high
    assert found.high - found.low < 0.15
    assert found.share == pytest.approx(wrong, abs=0.04)


@pytest.mark.parametrize(
    "healthy",
    [
        {"apart": 0.6}, {"apart": 1.0}, {"apart": 2.0}, {"apart": 3.0, "hard": 0.3}, {"apart": 5.0, "hard": 0.5},
        {"apart": 3.0, "rare": 0.1}, {"apart": 8.0},
    ],
    ids=str,
)  # fmt: skip
def test_images_that_hardly_show_their_class_are_no_wrong_labels(healthy):
    for seed in range(4):
        for count in (100, 400, 1500):
            (found,) = wrong_shares(*answers(count, wrong=0, seed=seed, **healthy), np.zeros(count, np.int64))
            assert found.evidence < 3.3, (seed, count, found)


def test_each_part_has_its_own_share():
    right, half = answers(800, 3, 0.0), answers(300, 3, 0.2, seed=1)
    labels, probabilities = (np.concatenate(both) for both in zip(right, half, strict=True))
    train, val = wrong_shares(labels, probabilities, np.repeat([0, 1], [800, 300]))
    assert train.low == 0 and train.high < 0.05
    assert val.low > 0.05 and val.share == pytest.approx(0.2, abs=0.08)
    assert train.evidence < 1 and val.evidence > 10
    assert (train.labels, val.labels) == (800, 300)


def test_more_classes_and_answers_that_are_not_calibrated():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 10, 1500)
    scores = rng.normal(0, 1, (1500, 10)) + 5 * np.eye(10)[truth]
    flipped = rng.random(1500) < 0.15
    labels = np.where(flipped, (truth + rng.integers(1, 10, 1500)) % 10, truth)
    for scale in (0.2, 1.0, 3.0):
        sure = np.exp(scale * scores - (scale * scores).max(axis=1, keepdims=True))
        sure /= sure.sum(axis=1, keepdims=True)
        (found,) = wrong_shares(labels, sure, np.zeros(1500, np.int64))
        assert found.low > 0.05 and found.share == pytest.approx(0.15, abs=0.05)


def test_margins_say_how_much_likelier_the_first_class_is():
    margin, agrees = margins(np.array([0, 1]), np.array([[0.8, 0.2], [0.6, 0.4]]))
    assert margin == pytest.approx(np.log([4, 1.5]))
    assert agrees.tolist() == [True, False]
    (same,) = wrong_shares(np.arange(60) % 2, np.full((60, 2), 0.5), np.zeros(60, np.int64))
    assert same.low == 0  # answers that say nothing
