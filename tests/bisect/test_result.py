"""What a bisect keeps beside its verdict, in words."""

import types
from typing import Any

import pytest

from core.bisect.result import _auc_sentence
from core.stats.paired_seeds import Estimate


@pytest.mark.parametrize(("low", "high", "said"), [
    (0.09, 0.6, "0.292 [0.090, 0.600] in the bad run."), (-0.6, -0.09, "0.292 [0.090, 0.600] in the good run."),
])  # fmt: skip
def test_the_interval_of_the_auc_is_the_one_that_was_measured(low: float, high: float, said: str) -> None:
    """That of sign flips is not symmetric: turned round its other end it held 0, while it excludes 0."""
    auc = Estimate(0.292 if low > 0 else -0.292, low, high, 0.1, 12, 0.01, 0.005)
    searching: Any = types.SimpleNamespace(gap=Estimate(0.4, 0.2, 0.6, 0.1, 12, 0.01, 0.005))
    assert _auc_sentence(searching, auc) == f"Accuracy differs; AUC is lower by {said}"
