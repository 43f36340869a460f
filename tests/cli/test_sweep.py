"""`sweep` on the command line: what is to be varied, read before anything is trained."""

from pathlib import Path

import pytest

from core.__main__ import main
from core.store.runs import Status
from core.sweep.store import Sweep, SweepStore
from core.workers import launch

RATES = "training.learning_rate"


@pytest.fixture
def folder(image_folder) -> Path:
    made: Path = image_folder(train=(8, 8), val=(3, 3), size=12)
    return made


def test_a_setting_that_is_varied_twice_is_refused_instead_of_losing_values(folder: Path, capsys) -> None:
    pairs = ["--vary", f"{RATES}=1e-3,1e-2", "--vary", f"{RATES} = 1e-4"]
    assert main(["sweep", str(folder), *pairs]) == 1
    assert capsys.readouterr().err == (
        "--vary training.learning_rate is given more than once; put all of its values into one --vary\n"
    )
    assert SweepStore().list() == []


def test_no_trials_at_random_are_not_every_combination(folder: Path, capsys) -> None:
    assert main(["sweep", str(folder), "--vary", f"{RATES}=1e-3,1e-2", "--random", "0"]) == 1
    assert capsys.readouterr().err == "--random is 0; give 1 to 100, or leave it out to try every combination\n"
    assert SweepStore().list() == []


def test_different_settings_make_every_combination(folder: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(sweep: Sweep, parent_pipe: bool) -> None:
        sweep.write_status(Status(status="stopped", message="Stopped."))

    monkeypatch.setattr(launch, "start", leave)
    main(["sweep", str(folder), "--vary", f"{RATES}=1e-3,1e-2", "--vary", "model.dropout=0,0.5"])
    assert len(SweepStore().list()[0].trials()) == 4
