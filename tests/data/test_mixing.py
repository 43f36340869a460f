"""Mixup: which images are mixed is a function of seed, epoch and batch; a batch by hand, with and without weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.dataset import open_dataset
from core.data.mixing import mixed, mixed_batch, mixture
from core.data.order import epoch_batches
from core.data.pipeline import ImageBatches, Images, Mixup
from core.sections.data import DataConfig

SEEDS = st.integers(0, 2**31 - 1)


@given(st.integers(1, 40), st.floats(1e-6, 10), SEEDS, st.integers(0, 1000), st.integers(0, 100))
@settings(max_examples=150, deadline=None)
def test_partners_are_a_permutation_and_shares_are_fractions(
    count: int, alpha: float, seed: int, epoch: int, batch: int
) -> None:
    partners, shares = mixture(count, alpha, seed=seed, epoch=epoch, batch=batch)
    assert sorted(partners) == list(range(count))
    assert shares.dtype == np.float32
    assert np.all((shares >= 0) & (shares <= 1))
    again = mixture(count, alpha, seed=seed, epoch=epoch, batch=batch)
    assert np.array_equal(partners, again[0])
    assert np.array_equal(shares, again[1])


def test_seed_epoch_and_batch_each_give_other_mixtures() -> None:
    base = {"seed": 1, "epoch": 0, "batch": 0}
    _, shares = mixture(8, 0.4, **base)
    for name in base:
        assert not np.array_equal(shares, mixture(8, 0.4, **{**base, name: 2})[1]), name


@pytest.mark.parametrize("alpha", [5e-324, 1e-300, 1e-9, 10.0])
def test_the_least_and_the_largest_alpha_give_numbers(alpha: float) -> None:
    _, shares = mixture(1000, alpha, seed=1, epoch=0, batch=0)
    assert np.all(np.isfinite(shares))
    away = np.abs(shares - 0.5).mean()
    assert away < 0.2 if alpha == 10 else away > 0.49, "a small alpha leaves nearly all of one of the two images"


def test_shares_have_the_spread_of_the_distribution() -> None:
    """The variance of Beta(a, a) is 1 / (4 (2 a + 1))."""
    shares = np.concatenate([mixture(100, 0.4, seed=1, epoch=0, batch=k)[1] for k in range(100)])
    assert shares.mean() == pytest.approx(0.5, abs=0.01)
    assert shares.var() == pytest.approx(1 / (4 * 1.8), rel=0.05)


def test_a_mixture_by_hand() -> None:
    partners, shares = np.array([1, 0, 2]), np.array([0.75, 0.5, 0.1], np.float32)
    images: Any = np.array([[[0, 200]], [[100, 40]], [[7, 255]]], np.uint8)
    got: Any = mixed(images, partners, shares)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, np.array([[[25, 160]], [[50, 120]], [[7, 255]]], np.float32), rtol=1e-6)
    targets = np.array([[0], [1], [1]], np.float32)
    by_hand: Any = [[0.25], [0.5], [1]]
    np.testing.assert_allclose(np.asarray(mixed(targets, partners, shares)), by_hand, rtol=1e-6)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_loss_of_a_mixed_image_is_that_of_both_labels_with_share_and_weight(classes: int) -> None:
    """With label smoothing too, which is linear; of a loss of its own for each label, taken from the definition."""
    import keras

    rng, count = np.random.default_rng(0), 12
    labels = rng.integers(0, classes, count)
    targets = labels.astype(np.float32)[:, None] if classes == 2 else np.eye(classes, dtype=np.float32)[labels]
    weights = np.array([0.4, 1.7, 2.5], np.float32)[labels]
    said = rng.dirichlet(np.ones(classes), count).astype(np.float32)
    said = said[:, 1:] if classes == 2 else said
    partners, shares = mixture(count, 1.0, seed=3, epoch=0, batch=0)
    kind = keras.losses.BinaryCrossentropy if classes == 2 else keras.losses.CategoricalCrossentropy
    loss = kind(label_smoothing=0.1, reduction="none")
    each = [np.asarray(loss(targets[which], said)) for which in (np.arange(count), partners)]
    plain = shares * each[0] + (1 - shares) * each[1]
    _, one = mixed_batch((targets, targets), partners, shares)
    np.testing.assert_allclose(np.asarray(loss(one, said)), plain, rtol=1e-4)
    weighted = shares * weights * each[0] + (1 - shares) * weights[partners] * each[1]
    _, label, weight = mixed_batch((targets, targets, weights), partners, shares)
    np.testing.assert_allclose(weight * np.asarray(loss(label, said)), weighted, rtol=1e-4)
    assert np.all((label >= 0) & (label <= 1))
    assert classes == 2 or label.sum(axis=1) == pytest.approx(np.ones(count), rel=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_batch_of_image_files_is_mixed_after_augmentation(image_folder: Any, weighted: bool) -> None:
    folder: Path = image_folder(train=(6, 5), val=(1, 1), size=36)
    dataset = open_dataset(str(folder), DataConfig())
    files, labels = dataset.split.train, dataset.labels(dataset.split.train)
    images = Images(folder, files, 32, "flip horizontal, brightness 0.5", 7)
    targets, weights = labels.astype(np.float32)[:, None], np.linspace(1, 2, 11, dtype=np.float32)
    order = epoch_batches(11, 4, "samples", seed=1, epoch=3)
    batches = ImageBatches(images, targets, order, 3, weights if weighted else None, Mixup(0.4, 7, 3))
    plain = ImageBatches(images, targets, order, 3)
    for k in (0, 2, 1):
        got, batch = batches[k], order[k]
        assert plain[k][0].dtype == np.uint8
        assert [part.dtype for part in got] == [np.dtype(np.float32)] * (3 if weighted else 2)
        partners, shares = mixture(len(batch), 0.4, seed=7, epoch=3, batch=k)
        for i, position in enumerate(batch):
            other, share = batch[partners[i]], float(shares[i])
            one, two = (images.one(int(which), 3).astype(np.float64) for which in (position, other))
            np.testing.assert_allclose(got[0][i], share * one + (1 - share) * two, atol=1e-3)
            parts = [share, 1 - share]
            if weighted:
                parts = [share * float(weights[position]), (1 - share) * float(weights[other])]
                assert got[2][i] == pytest.approx(sum(parts), rel=1e-5)
            label = sum(part * float(labels[which]) for part, which in zip(parts, (position, other), strict=True))
            assert got[1][i, 0] == pytest.approx(label / sum(parts), rel=1e-5)
    batches.close()
    plain.close()
