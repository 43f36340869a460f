"""Suggested learning rates on problems whose answer is known."""

import numpy as np
import pytest

from core.stats.lr_range_test import HIGHEST, LOWEST, Suggestion, has_diverged, range_test_rates, smooth, suggest


def quadratic(curvature: float) -> tuple[list[float], list[float]]:
    """A range test of gradient descent on c/2 w**2: stable up to a rate of 2/c and exact in one step at 1/c."""
    w, rates, losses = 1.0, [], []
    for rate in range_test_rates():
        rates.append(float(rate))
        losses.append(curvature / 2 * w * w)
        w -= rate * curvature * w
        if has_diverged(losses):
            break
    return rates, losses


def logistic(scale: float) -> tuple[list[float], list[float], float]:
    """Range test of stochastic gradient descent on a logistic regression, and its limit: 2 / the largest curvature."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 20)) * scale
    y, w = (x @ rng.normal(size=20) > 0).astype(float), np.zeros(20)
    rates, losses = [], []
    for rate in range_test_rates():
        batch = rng.choice(400, 32)
        p = np.clip(1 / (1 + np.exp(-np.clip(x[batch] @ w, -500, 500))), 1e-12, 1 - 1e-12)
        rates.append(float(rate))
        losses.append(float(-(y[batch] * np.log(p) + (1 - y[batch]) * np.log(1 - p)).mean()))
        w -= rate * x[batch].T @ (p - y[batch]) / 32
        if has_diverged(losses):
            break
    return rates, losses, 2 / (np.linalg.eigvalsh(x.T @ x / 400).max() / 4)


@pytest.mark.parametrize("curvature", [1.0, 10.0, 100.0])
def test_on_a_quadratic_the_rate_is_below_its_limit_and_not_far(curvature: float) -> None:
    limit = 2 / curvature
    found = suggest(*quadratic(curvature))
    assert found.valley is not None
    assert found.steep is not None
    assert limit / 20 < found.valley < limit
    assert limit / 20 < found.steep < limit


@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_on_a_logistic_regression_the_rate_is_below_its_limit_and_not_far(scale: float) -> None:
    rates, losses, limit = logistic(scale)
    found = suggest(rates, losses)
    assert found.valley is not None
    assert limit / 20 < found.valley < limit


def test_a_problem_a_hundred_times_as_steep_wants_a_rate_a_hundredth_as_large() -> None:
    gentle, steep = suggest(*quadratic(1.0)).valley, suggest(*quadratic(100.0)).valley
    assert gentle is not None
    assert steep is not None
    assert 50 < gentle / steep < 200


def test_with_noisy_batches_the_suggestion_stays_below_the_limit_and_within_two_powers_of_ten() -> None:
    rates, losses = quadratic(10.0)
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(1, 0.1, len(losses))
        found = suggest(rates, (np.array(losses) * noise).tolist()).valley
        assert found is not None
        assert 0.2 / 100 < found < 0.2 / 2


@pytest.mark.parametrize(
    "losses",
    [
        [1.0] * 100,
        list(np.linspace(1, 3, 100)),
        [1.0, 0.5],
        [],
        [float("nan")] * 50,
        [1 - 1e-4 * k for k in range(100)],
    ],
    ids=["flat", "rising", "too few", "none", "no number", "hardly falling"],
)
def test_where_the_loss_never_falls_nothing_is_suggested(losses: list[float]) -> None:
    assert suggest(range_test_rates()[: len(losses)].tolist(), losses) == Suggestion(None, None)


def test_the_sweep_has_the_ends_and_the_steps_it_promises() -> None:
    rates = range_test_rates()
    assert (len(rates), rates[0], rates[-1]) == (100, pytest.approx(LOWEST), pytest.approx(HIGHEST))
    np.testing.assert_allclose(rates[1:] / rates[:-1], rates[1] / rates[0])


def test_smoothing_has_no_bias_at_its_start_and_forgets() -> None:
    np.testing.assert_allclose(smooth([3.0] * 5), 3.0)
    np.testing.assert_allclose(smooth([1.0, 2.0], memory=0.5), [1.0, (0.5 * 0.5 * 1 + 0.5 * 2) / (1 - 0.25)])


@pytest.mark.parametrize(
    ("losses", "over"), [([], False), ([1.0, 1.1], False), ([1.0, float("inf")], True), ([1.0, 0.1, 1e3], True)]
)
def test_a_sweep_is_over_when_its_loss_explodes(losses: list[float], over: bool) -> None:
    assert has_diverged(losses) is over
