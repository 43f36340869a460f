"""Kept predictions as arrays: what the engine wrote comes back."""

import numpy as np
import pytest

from core.config import make_config
from core.insight.stored import stored_predictions
from core.store.runs import Run, RunStore

TEXT = """split,file,label,predicted,"p(a, b)",p(x)
val,1.png,x,x,0.250000,0.750000
test,2.png,"a, b",x,0.400000,0.600000
val,"ü,3.png","a, b","a, b",0.900000,0.100000
"""


@pytest.fixture
def run() -> Run:
    return RunStore().create(make_config("/data", {}))


def test_the_part_that_is_asked_for(run: Run) -> None:
    (run.path / "predictions.csv").write_text(TEXT, encoding="utf-8")
    found = stored_predictions(run, "val")
    assert found is not None
    assert found.classes == ("a, b", "x")
    assert found.files == ("1.png", "ü,3.png")
    assert found.labels.tolist() == [1, 0]
    np.testing.assert_array_equal(found.probabilities, [[0.25, 0.75], [0.9, 0.1]])
    assert stored_predictions(run, "test").files == ("2.png",)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "split,file\n",
        TEXT.split("\n", maxsplit=1)[0],
        TEXT.replace("0.250000,", ""),
        TEXT.replace("0.25", "much"),
        TEXT.replace("0.250000", "nan"),
        TEXT.replace("1.png,x", "1.png,y"),
        "file,split,label,predicted\n1.png,val,a,a\n",
    ],
)
def test_a_damaged_file_is_none(run: Run, text: str) -> None:
    (run.path / "predictions.csv").write_text(text, encoding="utf-8")
    assert stored_predictions(run, "val") is None


def test_no_file_is_none(run: Run) -> None:
    assert stored_predictions(run, "val") is None
