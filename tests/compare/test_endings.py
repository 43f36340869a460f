"""Two runs of which one was cut short: that is said, with how far it came; of two that finished nothing is."""

import pytest

from core.compare.endings import endings
from core.config import make_config
from core.store.runs import Run, RunStore, Status


def make_run(status: str, epochs: int) -> Run:
    run = RunStore().create(make_config("sample", {"training.epochs": 40}))
    for number in range(1, epochs + 1):
        run.add_event("epoch", epoch=number, val_accuracy=0.8)
    run.write_status(Status(status=status, created=1e9))
    return run


CUT = ": its training was cut short, and that alone may make the difference."


@pytest.mark.parametrize(
    ("status", "epochs", "said"),
    [
        ("stopped", 2, "B was stopped after 2 of 40 epochs" + CUT),
        ("stopped", 40, "B was stopped after 40 of 40 epochs."),
        ("failed", 2, "B failed after 2 of 40 epochs" + CUT),
        ("interrupted", 3, "B was interrupted after 3 of 40 epochs" + CUT),
        ("running", 1, "B has not ended yet; 1 of 40 epochs are recorded" + CUT),
    ],
)
def test_a_run_that_was_cut_short_is_named(status: str, epochs: int, said: str) -> None:
    whole, cut = make_run("finished", 40), make_run(status, epochs)
    assert endings(whole, cut) == [said]
    assert endings(cut, cut) == [said.replace("B ", "A ", 1), said]
    assert endings(whole, make_run("finished", 12)) == [], "early stopping is an end"


def test_a_damaged_status_is_named() -> None:
    run = make_run("finished", 5)
    (run.path / "status.json").write_text("{")
    assert endings(run, make_run("finished", 40)) == [
        "The status of A is damaged, so it is not known whether it ended; 5 of 40 epochs are recorded" + CUT
    ]
