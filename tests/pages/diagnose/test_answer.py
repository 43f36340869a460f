"""The first question of a search in words: by its verdict, where the interval alone would say something else."""

from typing import Any, cast

import pytest

from core.store.bisect_record import BisectResult
from pages.shared.diagnose.answer import these_images


@pytest.mark.parametrize(
    ("verdict", "interval", "said"),
    [
        ("inconclusive", [-0.002, 0.004], "That is inside ±1 points, but does not settle it alone."),
        ("inconclusive", [0.001, 0.004], "That is inside ±1 points, but does not settle it alone."),
        ("inconclusive", [-0.002, 0.04], "this includes 0 and extends beyond ±1 points."),
        ("no-difference", [-0.002, 0.004], "all of it inside ±1 points."),
        ("no-difference", [0.001, 0.004], "Too little to matter: A is better by 0.1 points"),
        ("single", [0.02, 0.04], "Yes: A is better by 0.1 points"),
    ],
)
def test_an_interval_inside_the_margin_is_not_said_to_reach_beyond_it(
    verdict: str, interval: list[float], said: str
) -> None:
    gap = {"value": 0.001, "interval": interval, "seeds": 12}
    record: dict[str, Any] = {
        **{"gap": gap, "candidates": ["a"], "good": "a", "images": 200},
        **{"margin": 0.01, "verdict": verdict},
    }
    assert said in these_images(cast("BisectResult", record))
