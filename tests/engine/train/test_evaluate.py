"""Figures of the held-out images: the interval counts what belongs together, and no pattern of names can lose them."""

import numpy as np

from core.data.dataset_index import ImageFile
from core.engine.train.evaluate import evaluate
from core.stats.grouped_share import share_interval
from core.stats.metrics import wilson


def an_image(k: int, patient: str) -> ImageFile:
    return ImageFile(f"val/a/{patient}_{k}.png", "a", "val", f"{k:064d}", 9, 8, 8, "L", "PNG", 1)


def test_the_interval_counts_patients():
    files = [an_image(k, f"person{k // 5}") for k in range(50)]
    right = np.arange(50) >= 5  # all images of one patient are missed
    said = np.stack([right * 0.8 + 0.1, 0.9 - right * 0.8], axis=1).astype(np.float32)
    found = evaluate(files, np.zeros(50, np.int64), said, ["a", "b"])
    assert found.groups == 10
    assert found.interval == list(share_interval(right, np.arange(50) // 5))
    assert found.interval[0] < wilson(45, 50)[0] - 0.1
    alone = evaluate(files, np.zeros(50, np.int64), said, ["a", "b"], pattern="")
    assert (alone.groups, alone.interval) == (None, list(wilson(45, 50)))


def test_a_pattern_that_is_no_regular_expression_loses_no_figures():
    files = [an_image(k, "x") for k in range(4)]
    said = np.full((4, 2), [0.9, 0.1], np.float32)
    assert evaluate(files, np.zeros(4, np.int64), said, ["a", "b"], pattern="(").groups is None


def test_a_network_that_has_blown_up_has_no_area_and_no_curve():
    files = [an_image(k, "x") for k in range(4)]
    said = np.full((4, 2), np.nan, np.float32)
    found = evaluate(files, np.array([0, 1, 0, 1]), said, ["a", "b"], pattern="")
    assert (found.auc, found.loss, found.roc) == (None, None, {})
