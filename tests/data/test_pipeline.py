"""Batches on their way to `fit()`: each epoch's own, through one dataset."""

from typing import Any

import numpy as np
import pytest

from core.data.order import epoch_batches
from core.data.pipeline import EpochStream, FeatureBatches

FEATURES = np.arange(35, dtype=np.float16).reshape(7, 5)
TARGETS = np.arange(7, dtype=np.float32)[:, None]


def epoch(number: int, weights: Any = None) -> FeatureBatches:
    return FeatureBatches(FEATURES, TARGETS, epoch_batches(7, 3, "samples", seed=0, epoch=number), weights)


@pytest.mark.parametrize("weights", [None, np.linspace(1, 2, 7, dtype=np.float32)])
def test_a_stream_serves_the_epoch_that_was_put_in_last(weights: Any) -> None:
    stream = EpochStream()
    first = stream.of(epoch(0, weights))
    for number in range(3):
        data, wanted = stream.of(epoch(number, weights)), epoch(number, weights)
        assert data is first, "a new one would be traced anew in every fit()"
        served = list(data.as_numpy_iterator())
        assert len(served) == len(wanted) == int(data.cardinality()) == 3
        for batch, other in zip(served, (wanted[k] for k in range(3)), strict=True):
            assert len(batch) == (2 if weights is None else 3)
            assert all(np.array_equal(a, b) for a, b in zip(batch, other, strict=True))


def test_features_are_served_as_the_head_takes_them() -> None:
    features, targets = epoch(0)[0]
    assert (features.dtype, features.shape) == (np.dtype(np.float32), (3, 5))
    assert np.array_equal(features[:, 0] / 5, targets[:, 0]), "a feature vector keeps its target"
