"""How far a job is: by the time of the whole run where it is known, else by epochs or images; and the tab's title."""

import pytest

from core.store.runs import Status
from pages.shared.run import tab_title
from pages.shared.run.tab_title import share_done


@pytest.mark.parametrize(
    ("status", "share"),
    [
        (Status("running", started=900.0, eta_seconds=60, later_seconds=240), 0.25),
        (Status("running", started=900.0, eta_seconds=60, epoch=3, epochs=10, batch=5, batches=10), 0.25),
        (Status("running", done=3, total=4), 0.75),
        (Status("running", started=2000.0, eta_seconds=0, later_seconds=0), 0.0),
        (Status("queued"), 0.0),
        (Status("running", done=5, total=4), 1.0),
    ],
)
def test_share(monkeypatch, status, share):
    monkeypatch.setattr("time.time", lambda: 1000.0)
    assert share_done(status) == pytest.approx(share)


def test_title_tells_progress_and_then_the_end():
    running = Status("running", done=3, total=4)
    assert tab_title.tab_title("Über 肺炎", running) == "75 % · Über 肺炎 · Parity"
    assert tab_title.tab_title("x", Status("finished")) == "Finished · x · Parity"
    assert tab_title.tab_title("x", Status("queued")) == "Queued · x · Parity"
