"""Temperature scaling against a fine grid, and against a network whose overconfidence is known."""

import numpy as np
import pytest

from core.insight.answer import Prediction
from core.insight.calibration import (
    COLDEST,
    HOTTEST,
    apply_temperature,
    calibrate,
    cross_validated,
    expected_calibration_error,
    fit_temperature,
    folds,
    reliability,
    scale,
)
from core.stats import metrics


def overconfident(count: int, sharpness: float, classes: int = 2, seed: int = 0) -> tuple:
    """Labels drawn from true probabilities, and those probabilities sharpened: the right temperature is `sharpness`."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 1.5, (count, classes))
    true = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(classes, p=row) for row in true])
    powers = np.exp(scores * sharpness)
    return labels, powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_is_the_best_of_a_fine_grid(sharpness: float, classes: int) -> None:
    labels, probabilities = overconfident(400, sharpness, classes)
    grid = np.geomspace(COLDEST, HOTTEST, 4000)
    losses = [metrics.cross_entropy(labels, scale(probabilities, t)) for t in grid]
    found = fit_temperature(labels, probabilities)
    assert found == pytest.approx(grid[int(np.argmin(losses))], rel=0.003)
    assert metrics.cross_entropy(labels, scale(probabilities, found)) <= min(losses) + 1e-9


def test_a_known_overconfidence_is_found_and_mended_on_other_images() -> None:
    labels, probabilities = overconfident(4000, 3.0)
    found = calibrate(labels, probabilities)
    assert found.temperature == pytest.approx(3.0, rel=0.1)
    fresh_labels, fresh = overconfident(4000, 3.0, seed=1)
    before = expected_calibration_error(fresh_labels, fresh)
    after = expected_calibration_error(fresh_labels, scale(fresh, found.temperature))
    assert before > 0.1
    assert after < 0.03
    assert found.ece[2] == pytest.approx(after, abs=0.03)  # the cross-validated figure foretells it
    assert found.helps
    assert "overconfident" in found.describe()
    assert "fitted on these same 4,000 validation images" in found.describe()


def test_the_order_of_the_classes_never_changes() -> None:
    _, probabilities = overconfident(200, 2.0, 4)
    for temperature in (0.1, 1, 7):
        scaled = scale(probabilities, temperature)
        np.testing.assert_array_equal(scaled.argmax(axis=1), probabilities.argmax(axis=1))
        np.testing.assert_allclose(scaled.sum(axis=1), 1)
    np.testing.assert_allclose(scale(probabilities, 1), probabilities, atol=2e-6)


def test_answers_that_carry_nothing_are_softened_to_the_limit() -> None:
    rng = np.random.default_rng(0)
    sure = np.where(rng.random(500)[:, None] < 0.5, [[0.99, 0.01]], [[0.01, 0.99]])
    assert fit_temperature(rng.integers(0, 2, 500), sure) > 15


def test_the_error_is_the_gap_that_can_be_counted_by_hand() -> None:
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.92, 0.08], [0.94, 0.06], [0.96, 0.04], [0.35, 0.65]])
    bins = reliability(labels, probabilities)
    assert [(one["low"], one["count"]) for one in bins] == [(0.6, 1), (0.9, 3)]
    assert bins[1]["sure"] == pytest.approx(0.94)
    assert bins[1]["right"] == pytest.approx(2 / 3)
    assert bins[1]["interval"] == list(metrics.wilson(2, 3))
    assert expected_calibration_error(labels, probabilities) == pytest.approx((0.35 + 3 * (0.94 - 2 / 3)) / 4)


def test_a_certain_answer_has_a_bin_too() -> None:
    assert reliability(np.array([1]), np.array([[0.0, 1.0]]))[0]["low"] == 0.9


def test_parts_are_even_and_hold_every_class() -> None:
    labels = np.array([0] * 50 + [1] * 15)
    parts = folds(labels)
    assert np.bincount(parts).tolist() == [13] * 5
    assert all((labels[parts == k] == 1).sum() == 3 for k in range(5))


def test_each_part_is_judged_at_the_temperature_of_the_others() -> None:
    labels, probabilities = overconfident(100, 3.0)
    parts, crossed = folds(labels), cross_validated(labels, probabilities)
    temperatures = set()
    for k, row in enumerate(crossed):
        others = parts != parts[k]
        temperature = fit_temperature(labels[others], probabilities[others])
        np.testing.assert_allclose(row, scale(probabilities[k : k + 1], temperature)[0])
        temperatures.add(temperature)
    assert len(temperatures) == 5


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.array([0, 1] * 14), "28 images are too few to fit a temperature; at least 30 are needed"),
        (np.zeros(40, int), "no image was misclassified"),
    ],
)
def test_what_cannot_be_fitted_is_left_alone(labels: np.ndarray, expected: str) -> None:
    found = calibrate(labels, np.tile([[0.9, 0.1]], (len(labels), 1)))
    assert found.temperature == 1
    assert found.refusal.startswith(expected)
    assert not found.helps
    assert found.describe().startswith("The probabilities are unchanged: ")


def test_a_run_at_chance_has_nothing_to_calibrate() -> None:
    """Answers of 50 % that are right half of the time are as sure as they should be, whatever the fit says."""
    rng = np.random.default_rng(0)
    first = 0.5 + rng.normal(0, 1e-4, 160)
    found = calibrate(np.arange(160) % 2, np.column_stack([first, 1 - first]))
    assert found.temperature == 1
    assert not found.helps
    assert found.refusal.startswith("there is nothing to calibrate; on these 160 validation images")


def test_temperature_one_is_not_told_from_chance() -> None:
    labels, probabilities = overconfident(200, 1.0)
    assert "nothing to calibrate" in calibrate(labels, probabilities).refusal


def test_a_limit_of_the_search_is_named() -> None:
    rng = np.random.default_rng(1)
    sure = np.where(rng.random(500)[:, None] < 0.5, [[0.99, 0.01]], [[0.01, 0.99]])
    said = calibrate((sure[:, 0] > 0.5).astype(int), sure).describe()
    assert said.startswith("Temperature 20.00, a limit of the search, fitted")


def test_an_answer_is_softened_and_one_without_a_class_is_not() -> None:
    answer = Prediction("a", "y", 0.9, {"x": 0.1, "y": 0.9})
    soft = apply_temperature(answer, 2.0)
    assert soft.label == "y"
    assert soft.probability == pytest.approx(0.75)  # 3 to 1: the square root of 9 to 1
    assert soft.probabilities == pytest.approx({"x": 0.25, "y": 0.75})
    assert apply_temperature(answer, 1.0) is answer
    broken = Prediction("b", error="damaged")
    assert apply_temperature(broken, 2.0) is broken
