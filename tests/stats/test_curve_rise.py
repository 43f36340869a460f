"""Whether a curve has risen: noise around a flat one does not count, a rise that is larger does."""

import numpy as np
import pytest

from core.stats.curve_rise import rises_beyond_noise


def curves(rise: float, noise: float, epochs: int, count: int = 200) -> list[list[float]]:
    rng, epoch = np.random.default_rng(0), np.arange(epochs)
    level = 0.45 + 0.4 * np.exp(-epoch / 2) + rise * 0.45 * np.clip((epoch / epochs - 0.4) / 0.6, 0, 1)
    return [(level * np.exp(rng.normal(0, noise, epochs))).tolist() for _ in range(count)]


@pytest.mark.parametrize(("noise", "epochs"), [(0.08, 20), (0.08, 50), (0.15, 50)])
def test_noise_around_a_flat_curve_is_no_rise(noise: float, epochs: int) -> None:
    flat = curves(0, noise, epochs)
    above = [losses[-1] > 1.2 * min(losses) + 0.02 for losses in flat]
    assert np.mean(above) > 0.1, "the last value alone is far above the lowest often"
    assert np.mean([high and rises_beyond_noise(losses) for high, losses in zip(above, flat, strict=True)]) < 0.1


@pytest.mark.parametrize(("rise", "noise", "epochs"), [(0.3, 0.02, 20), (1.0, 0.08, 20), (1.0, 0.15, 50), (1.0, 0, 8)])
def test_a_rise_that_is_larger_than_the_noise_counts(rise: float, noise: float, epochs: int) -> None:
    assert np.mean([rises_beyond_noise(losses) for losses in curves(rise, noise, epochs)]) > 0.9


def test_a_curve_that_is_lowest_at_its_end_has_not_risen() -> None:
    assert not rises_beyond_noise([3.0, 2.0, 1.0])
    assert not rises_beyond_noise([3.0, 1.0, 1.5, 9.0])
    assert rises_beyond_noise([3.0, 1.0, 1.2, 1.4, 1.6])
