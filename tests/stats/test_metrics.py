"""Figures against the obvious way of counting them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.stats.metrics import (
    EPSILON,
    accuracy,
    at_threshold,
    auc,
    average_precision,
    balanced_accuracy,
    confusion,
    cross_entropy,
    decide,
    per_class,
    precision_recall,
    roc,
    wilson,
)

Scores = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]), min_size=2, max_size=30)


def two(scores: list[float]) -> NDArray[np.float64]:
    """Probabilities of two classes from the second one's."""
    second = np.array(scores, dtype=np.float64)
    return np.stack([1 - second, second], axis=1)


def counted_auc(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> float | None:
    """The chance that a positive has the higher score, pair by pair, half for equal ones."""
    pairs = [(p > n) + 0.5 * (p == n) for p in scores[positive] for n in scores[~positive]]
    return sum(pairs) / len(pairs) if pairs else None


@st.composite
def labelled(draw: Any) -> tuple[NDArray[np.int64], list[float]]:
    scores = draw(Scores)
    labels = draw(st.lists(st.integers(0, 1), min_size=len(scores), max_size=len(scores)))
    return np.array(labels), scores


@given(labelled())
@settings(max_examples=150, deadline=None)
def test_auc_is_the_count_over_all_pairs(case: tuple[NDArray[np.int64], list[float]]) -> None:
    labels, scores = case
    expected = counted_auc(labels == 1, np.array(scores))
    assert auc(labels, two(scores)) == (None if expected is None else pytest.approx(expected))


def test_auc_of_several_classes_is_the_mean_over_those_that_can_be_compared() -> None:
    rng = np.random.default_rng(0)
    labels, probabilities = rng.integers(0, 3, 60), rng.dirichlet(np.ones(4), 60)
    each = [counted_auc(labels == k, probabilities[:, k]) for k in range(3)]
    assert auc(labels, probabilities) == pytest.approx(np.mean([area for area in each if area is not None]))


@pytest.mark.parametrize(
    ("scores", "expected"), [([0.1, 0.2, 0.8, 0.9], 1.0), ([0.9, 0.8, 0.2, 0.1], 0.0), ([0.3] * 4, 0.5)]
)
def test_auc_of_the_plain_cases(scores: list[float], expected: float) -> None:
    assert auc(np.array([0, 0, 1, 1]), two(scores)) == expected


@pytest.mark.parametrize("label", [0, 1])
def test_auc_of_one_class_alone_is_none(label: int) -> None:
    assert auc(np.full(3, label), two([0.1, 0.5, 0.9])) is None


def test_auc_is_high_where_every_image_gets_the_same_class() -> None:
    labels, probabilities = np.array([0, 0, 1, 1]), two([0.51, 0.6, 0.7, 0.99])
    assert (accuracy(labels, probabilities), auc(labels, probabilities)) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("correct", "count", "low", "high"),
    [(8, 16, 0.28, 0.72), (14, 16, 0.64, 0.965), (86, 100, 0.78, 0.915), (172, 200, 0.805, 0.90)],
)
def test_wilson_gives_the_published_intervals(correct: int, count: int, low: float, high: float) -> None:
    assert wilson(correct, count) == pytest.approx((low, high), abs=0.006)


@given(st.integers(1, 300), st.data())
@settings(max_examples=100, deadline=None)
def test_wilsons_ends_are_where_the_score_test_just_rejects(count: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, count))
    share = correct / count
    ends = wilson(correct, count)
    assert 0 <= ends[0] <= share + 1e-12
    assert share - 1e-12 <= ends[1] <= 1
    for end in (end for end in ends if 1e-9 < end < 1 - 1e-9):
        assert abs(share - end) / (end * (1 - end) / count) ** 0.5 == pytest.approx(1.959964)


def test_without_a_trial_everything_is_possible() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == pytest.approx(1.0)


def test_cross_entropy_is_the_mean_surprise() -> None:
    probabilities = np.array([[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]], dtype=np.float32)
    expected = -(np.log(0.5) + np.log(0.9) + np.log(0.8)) / 3
    assert cross_entropy(np.array([0, 0, 1]), probabilities) == pytest.approx(expected, rel=1e-6)


def test_certainty_costs_a_finite_amount_when_it_is_wrong() -> None:
    assert cross_entropy(np.array([1]), two([0.0])) == pytest.approx(-np.log(EPSILON))
    assert cross_entropy(np.array([1]), two([1.0])) == pytest.approx(EPSILON, rel=1e-3)


def test_one_half_is_the_first_class() -> None:
    assert decide(two([0.5, 0.5000001, 0.4])).tolist() == [0, 1, 0]
    assert accuracy(np.array([0, 1, 1]), two([0.5, 0.9, 0.4])) == pytest.approx(2 / 3)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_confusion_counts_pairs_of_true_and_predicted(pairs: list[tuple[int, int]]) -> None:
    true, said = np.array(pairs).T
    table = confusion(true, said, 4)
    assert table.tolist() == [[pairs.count((row, column)) for column in range(4)] for row in range(4)]


def test_per_class_figures_of_a_small_table() -> None:
    table = np.array([[3, 1, 0], [2, 4, 0], [0, 0, 0]])
    rows = per_class(table, ["a", "b", "empty"])
    assert (rows[0].name, rows[0].precision, rows[0].recall, rows[0].support) == ("a", 0.6, 0.75, 4)
    assert rows[0].f1 == pytest.approx(2 / 3)
    assert rows[1].precision == 0.8
    assert (rows[1].recall, rows[1].f1) == pytest.approx((2 / 3, 8 / 11))
    assert rows[2] == ("empty", None, None, None, 0)


def test_a_class_that_is_never_predicted_has_no_precision_and_f1_of_zero() -> None:
    row = per_class(np.array([[0, 5], [0, 5]]), ["a", "b"])[0]
    assert row == ("a", None, 0.0, 0.0, 5)


@given(labelled())
@settings(max_examples=100, deadline=None)
def test_roc_rises_from_corner_to_corner_and_its_area_is_auc(case: tuple[NDArray[np.int64], list[float]]) -> None:
    labels, scores = case
    labels[:2] = 0, 1
    false, true = roc(labels == 1, np.array(scores))
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert (np.diff(false) >= 0).all()
    assert (np.diff(true) >= 0).all()
    assert np.trapezoid(true, false) == pytest.approx(auc(labels, two(scores)))


def test_a_long_roc_is_thinned_and_keeps_its_ends_and_its_area() -> None:
    rng = np.random.default_rng(1)
    positive = rng.random(5000) < 0.3
    scores = rng.normal(positive, 1.0)
    false, true = roc(positive, scores, points=100)
    assert len(false) == len(true) == 100
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(true, false) == pytest.approx(counted_auc(positive[:1000], scores[:1000]), abs=0.03)


def test_figures_at_a_threshold_are_those_counted_one_by_one() -> None:
    rng = np.random.default_rng(5)
    positive, scores = rng.random(60) < 0.4, rng.random(60).round(2)
    for threshold in (0.0, 0.37, 0.5, 1.0):
        pairs = [(bool(p), bool(s > threshold)) for p, s in zip(positive, scores, strict=True)]
        tp, fn = pairs.count((True, True)), pairs.count((True, False))
        fp, tn = pairs.count((False, True)), pairs.count((False, False))
        found = at_threshold(positive, scores, threshold)
        assert found["confusion"] == [[tn, fp], [fn, tp]]
        assert found["sensitivity"] == tp / (tp + fn)
        assert found["specificity"] == tn / (tn + fp)
        assert found["precision"] == (tp / (tp + fp) if tp + fp else None)
        assert found["accuracy"] == (tp + tn) / 60


def test_one_half_as_threshold_is_the_usual_decision() -> None:
    scores = np.array([0.5, 0.50001, 0.1, 0.9])
    labels = np.array([0, 1, 1, 0])
    usual = confusion(labels, decide(np.stack([1 - scores, scores], axis=1)), 2)
    assert at_threshold(labels == 1, scores, 0.5)["confusion"] == usual.tolist()


@given(labelled())
@settings(max_examples=60, deadline=None)
def test_average_precision_is_the_sum_over_the_thresholds(case: tuple[NDArray[np.int64], list[float]]) -> None:
    labels, scores = case
    positive, values = labels == 1, np.array(scores)
    found = average_precision(positive, values)
    if not positive.any():
        assert found is None
        return
    total, before = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        said = values >= threshold
        hits = int((positive & said).sum())
        recall = hits / int(positive.sum())
        total += (recall - before) * hits / int(said.sum())
        before = recall
    assert found == pytest.approx(total)


def test_precision_recall_is_thinned_and_ends_with_all_found() -> None:
    positive = np.arange(2000) % 3 == 0
    recall, precision = precision_recall(positive, np.linspace(1, 0, 2000))
    assert len(recall) == len(precision) == 400
    assert (recall[0], recall[-1]) == (0.0, 1.0)
    assert precision[-1] == pytest.approx(positive.mean())
    assert recall == sorted(recall)


def test_balanced_accuracy_counts_each_class_once_and_leaves_out_empty_ones() -> None:
    assert balanced_accuracy(np.array([[90, 0], [10, 0]])) == 0.5
    assert balanced_accuracy(np.array([[8, 2, 0], [0, 5, 5], [0, 0, 0]])) == pytest.approx(0.65)
    assert balanced_accuracy(np.zeros((2, 2), dtype=np.int64)) is None


def test_scores_that_are_not_numbers_have_no_order() -> None:
    """They used to count as the highest: an AUC of 1 for a network that has blown up."""
    labels, scores = np.array([0, 1, 0, 1]), np.array([0.1, np.nan, 0.3, 0.4])
    assert auc(labels, two(scores.tolist())) is None
    assert auc(labels, np.full((4, 3), np.nan)) is None
    assert average_precision(labels == 1, scores) is None
    assert auc(labels, two([0.1, np.inf, 0.3, 0.4])) == 1.0, "what is infinite is the highest"


def test_what_was_found_is_inside_its_interval() -> None:
    for count in range(1, 200):
        assert wilson(count, count)[1] == 1.0
        assert wilson(0, count)[0] == 0.0
