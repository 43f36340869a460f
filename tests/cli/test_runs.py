"""`runs`, `note`, `delete`, `restore` as a person types them."""

import json
from typing import Any

import pytest

from core.__main__ import main
from core.bisect.store import Bisect, BisectStore
from core.config import make_config
from core.store.runs import Run, RunStore, Status
from core.sweep.store import SweepStore

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def runs() -> list[Run]:
    made = [RunStore().create(make_config("sample", {}, name=name)) for name in ("first", "second")]
    for run in made:
        run.write_status(Status(status="finished", created=1e9))
    return made


def json_of(capsys: Capture, *arguments: str) -> Any:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def names(capsys: Capture, *arguments: str) -> list[str]:
    return [run["name"] for run in json_of(capsys, "runs", *arguments)["runs"]]


def test_a_note_is_written_shown_and_found(runs: list[Run], capsys: Capture) -> None:
    written = json_of(capsys, "note", "first", "--text", "Baseline for the paper", "--tag", "paper", "--tag", "keep")
    assert written == {"run": runs[0].id, "note": "Baseline for the paper", "tags": ["paper", "keep"]}
    assert json_of(capsys, "note", "first", "--untag", "KEEP")["tags"] == ["paper"]
    assert main(["note", "first"]) == 0
    assert capsys.readouterr().out == "first\ntags: paper\nnote: Baseline for the paper\n"
    assert names(capsys, "--tag", "paper") == names(capsys, "--text", "baseline") == ["first"]
    assert names(capsys, "--text", "baseline second") == []
    assert names(capsys) == ["second", "first"]
    listed = {run["name"]: (run["note"], run["tags"]) for run in json_of(capsys, "runs")["runs"]}
    assert listed == {"first": ("Baseline for the paper", ["paper"]), "second": ("", [])}
    assert main(["runs", "--tag", "paper"]) == 0
    assert capsys.readouterr().out.endswith("first  [paper]  Baseline for the paper\n")


def test_a_run_is_deleted_and_restored(runs: list[Run], capsys: Capture) -> None:
    assert main(["delete", "first"]) == 0
    assert capsys.readouterr().out == (
        f"first was deleted; restore it with `python -m core restore {runs[0].id}` within 30 days.\n"
    )
    assert names(capsys) == ["second"]
    assert names(capsys, "--deleted") == ["first"]
    assert json_of(capsys, "restore", "first") == {"run": runs[0].id, "restored": True}
    assert names(capsys) == ["second", "first"]
    assert names(capsys, "--deleted") == []


def add_trials(runs: list[Run]) -> None:
    """A bisect between the two runs, and a sweep; two trials of the one, one of the other."""
    trials = [RunStore().create(make_config("sample", {}, name=f"trial {k}")) for k in range(3)]
    for trial in trials:
        trial.write_status(Status(status="finished", created=1e9))
    bisect = Bisect(BisectStore().root / "20260101-000000-000-abcdef")
    bisect.write_settings({"runs": [run.id for run in runs], "budget_minutes": 30})
    bisect.write_result({"arms": [{"run": run.id} for run in (runs[0], *trials[:2])]})
    sweep = SweepStore().create(make_config("sample", {}), [{"training.seed": 1}], 5)
    sweep.write_result({"arms": [{"run": trials[2].id}, {"run": None}]})


def test_what_bisects_and_sweeps_have_trained_is_listed_only_when_asked_for(runs: list[Run], capsys: Capture) -> None:
    add_trials(runs)
    assert names(capsys) == ["second", "first"]
    assert json_of(capsys, "runs")["hidden"] == 3
    assert main(["runs"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert err == "3 runs of bisects and sweeps are not shown; --all shows them.\n"
    assert names(capsys, "--all") == ["trial 2", "trial 1", "trial 0", "second", "first"]
    assert "hidden" not in json_of(capsys, "runs", "--all")
    assert main(["runs", "--text", "trial 1"]) == 0
    assert capsys.readouterr() == ("", "1 run of bisects and sweeps is not shown; --all shows it.\n")
    assert names(capsys, "--all", "--text", "trial 1") == ["trial 1"]


def test_runs_are_sorted_filtered_and_shown_in_columns(runs: list[Run], capsys: Capture) -> None:
    add_trials(runs)
    for run, accuracy in zip(runs, (0.9, 0.7), strict=True):
        run.add_event("epoch", epoch=1, val_accuracy=accuracy, val_loss=1 - accuracy)
    assert names(capsys, "--sort", "val_accuracy") == names(capsys, "--sort", "val_loss") == ["first", "second"]
    assert names(capsys, "--sort", "val_accuracy:asc") == ["second", "first"]
    assert names(capsys, "--filter", "val_accuracy>0.8", "--filter", "backbone=EfficientNetLite0|VGG16") == ["first"]
    record = json_of(capsys, "runs", "--groups", "--columns", "name,learning_rate", "--sort", "name")
    assert [run["training.learning_rate"] for run in record["runs"]] == [0.001, 0.001]
    assert [(group["kind"], len(group["trials"])) for group in record["groups"]] == [("bisect", 2), ("sweep", 1)]
    assert main(["runs", "--groups"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("  best val_accuracy " in line for line in lines) == 2, "the two groups, whose own accuracy there is not"
    assert sum("  val_accuracy " in line and "  val_auc " in line for line in lines) == 2
    assert main(["runs", "--columns", "name,val_loss,tags", "--sort", "name"]) == 0
    assert [line.split()[1:] for line in capsys.readouterr().out.splitlines()] == [
        ["name", "val_loss", "tags"], ["first", "0.1", "–"], ["second", "0.3", "–"],
    ]  # fmt: skip
    assert main(["runs", "--filter", "name=nobody", "--columns", "name"]) == 0
    assert capsys.readouterr().out == "No run matches.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sort", "val_acuracy"], 'there is no column "val_acuracy"; did you mean val_accuracy?'),
        (["--sort", "val_auc:up"], '"val_auc:up" is not a sort order; use asc (ascending) or desc after the colon'),
        (["--columns", "seed"], '"seed" could be data.seed or training.seed; give the full name'),
        (["--filter", "val_auc>much"], '"val_auc>much" is not possible: "much" is not a number; write COLUMN'),
        (["--filter", "name>3"], '"name>3" is not possible: name is not a number; write COLUMN'),
        (["--filter", "good"], '"good" is not a condition; write COLUMN, one of'),
    ],
)
def test_what_cannot_be_asked_is_said(arguments: list[str], said: str, capsys: Capture) -> None:
    assert main(["runs", *arguments]) == 1
    assert capsys.readouterr().err.startswith(said)


def test_a_run_is_renamed(runs: list[Run], capsys: Capture) -> None:
    assert main(["rename", "first", " Röntgen <b>"]) == 0
    assert capsys.readouterr().out == "first is now called Röntgen <b>.\n"
    assert names(capsys) == ["second", "Röntgen <b>"]
    assert json_of(capsys, "rename", "Röntgen <b>", "") == {"run": runs[0].id, "name": ""}
    assert main(["rename", "second", "x" * 101]) == 1
    assert capsys.readouterr().err == (
        f"run {runs[1].id} keeps its name: name: at most 100 printable characters, but 101 were given\n"
    )


def test_what_cannot_be_is_one_sentence(runs: list[Run], capsys: Capture) -> None:
    runs[0].write_status(Status.in_queue(1e9))
    assert main(["delete", "first"]) == 1
    assert capsys.readouterr().err == f"run {runs[0].id} is running; stop it first, then delete it\n"
    assert main(["restore", "third"]) == 1
    assert capsys.readouterr().err.startswith('there is no deleted run "third"')
    assert main(["runs", "--tag", "nothing"]) == 0
    assert capsys.readouterr().out == "No run matches.\n"


def test_train_begins_with_the_settings_of_another_run() -> None:
    from argparse import Namespace

    from core.cli.settings import read_config

    config = make_config("sample", {"training.epochs": 7, "model.dropout": 0.5}, name="base")
    RunStore().create(config)
    asked = Namespace(dataset="/data", set=["training.epochs=3"], preset="recommended", like="base")
    assert read_config(asked) == make_config("/data", {"training.epochs": 3, "model.dropout": 0.5})
