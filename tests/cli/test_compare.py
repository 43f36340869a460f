"""`compare` on the command line: the answer as text and as JSON."""

import argparse
import json
from collections.abc import Callable
from typing import Any

import pytest

from core import files
from core.cli import compare
from core.config import make_config
from core.errors import RunError
from core.store.runs import Run, RunStore, Status
from core.workers.probe_client import probe
from core.workers.run_module import Ended

EPOCH = {
    "epoch": 1, "phase": "training", "draw": 0, "order": "o", "batch_orders": ["b"], "mix": [[5, 5]], "losses": [0.7],
    "gradient_norms": [1.0], "head": "h1", "base": None, "loss": 0.6, "accuracy": 0.7, "val_loss": 0.5,
    "val_accuracy": 0.8, "val_auc": 0.9, "positive_share": 0.5, "predicted_class": "a", "predicted_share": 0.5,
    "prediction_std": 0.3, "best_threshold_accuracy": 0.8, "dead_units": None, "feature_mean": 0.1, "feature_std": 0.1,
}  # fmt: skip


@pytest.fixture
def command() -> Callable[..., int]:
    """Runs `compare` with arguments, as the program's parser would."""
    parser = argparse.ArgumentParser()
    subs = parser.add_subparsers()

    def add(name: str, function: Any, text: str, *, with_json: bool = True) -> argparse.ArgumentParser:
        sub = subs.add_parser(name, help=text)
        sub.set_defaults(command=function)
        if with_json:
            sub.add_argument("--json", action="store_true")
        return sub

    compare.add_parser(add)

    def run(*arguments: str) -> int:
        options = parser.parse_args(["compare", *arguments])
        code: int = options.command(options)
        return code

    return run


def make_run(name: str, settings: dict[str, Any] | None = None, **changes: Any) -> Run:
    run = RunStore().create(make_config("sample", settings or {}, name=name))
    parts = {part: [{"path": part, "sha256": part, "label": "a"}] for part in ("train", "val")}
    files.write_json(run.path / "manifest.json", {"root": "x", "classes": ["a", "b"], **parts})
    trace = {
        "format": 1,
        "environment": {"python": "3.11"},
        "data": {"train": "t", "val": "v", "labels": "l"},
        "classes": ["a", "b"],
        "hashes": {"base": "w", "statistics": None, "head": "h"},
        "samples": [],
        "epochs": [{**EPOCH, **changes}],
    }
    files.write_json(run.path / "trace.json", trace)
    run.add_event("epoch", epoch=1, val_accuracy=0.8, val_auc=0.9, val_loss=0.5)
    return run


def test_the_text_says_what_differs_and_where_they_part(command: Callable[..., int], capsys: Any) -> None:
    make_run("good")
    make_run("bad", {"data.shuffle": "none"}, order="o2", batch_orders=["c"], mix=[[10, 0]])
    assert command("good", "bad", "--no-probe") == 0
    text = capsys.readouterr().out
    assert "  data.shuffle                 samples              none\n" in text
    assert "Data\n  no difference\n" in text
    assert "  final val_accuracy           0.8000               0.8000\n" in text
    assert "\n  val_loss is the loss of the epochs: the training objective, with label smoothing" in text
    assert "  saved val_log_loss  " in text
    assert "; val_log_loss is the log loss of the saved model's predictions, without them.\n" in text
    assert (
        "First divergence\n  labels and order: The batches differ at epoch 1, batch 1: 5 a, 5 b in one run and 10 "
        "a, 0 b in the other.\n"
    ) in text
    assert "Probe\n  Not measured.\n" in text


def test_a_run_that_was_cut_short_is_told_before_the_settings(command: Callable[..., int], capsys: Any) -> None:
    for name, status in (("good", "finished"), ("cut", "stopped")):
        make_run(name).write_status(Status(status=status, created=1e9))
    assert command("good", "cut", "--no-probe") == 0
    text = capsys.readouterr().out
    said = (
        "\n\nB was stopped after 1 of 50 epochs: its training was cut short, and that alone may make the difference.\n"
    )
    assert said + "\nSettings\n  no difference\n" in text


def test_json_is_one_object_and_nothing_else(command: Callable[..., int], capsys: Any) -> None:
    a, b = make_run("a"), make_run("b")
    assert command(a.id, b.id, "--json") == 0
    captured = capsys.readouterr()
    record = json.loads(captured.out)
    assert list(record) == [
        "runs", "titles", "differences", "metrics", "paired", "first_divergence", "divergence", "probe", "findings",
        "endings", "classes", "probe_note",
    ]  # fmt: skip
    assert (record["runs"], record["probe"], captured.err) == ([a.id, b.id], None, "")
    assert record["probe_note"].startswith(f"run {a.id} has no model yet")


def test_a_run_without_a_model_is_compared_without_a_probe(command: Callable[..., int], capsys: Any) -> None:
    a, b = make_run("a"), make_run("b")
    assert command("a", "b") == 0
    assert f"Probe\n  run {a.id} has no model yet" in capsys.readouterr().out
    with pytest.raises(RunError, match=f"^run {a.id} has no model yet"):
        probe(a, b)


def test_an_unknown_run_is_one_sentence(command: Callable[..., int]) -> None:
    with pytest.raises(RunError, match=r'^there is no run "nobody"; `python -m core runs` lists them$'):
        command("nobody", "else")


def test_lists_stand_in_lines_of_their_own(command: Callable[..., int], capsys: Any) -> None:
    make_run("a", {"model.head": "dropout 0.2, dense 8 relu", "training.epochs": 3})
    make_run("b")
    assert command("a", "b", "--no-probe") == 0
    said = capsys.readouterr().out
    assert "\n  model.head\n    A  dropout 0.2, dense 8 relu\n    B  dropout 0.2\n" in said
    assert f"\n  {'training.epochs':<28} {'3':<20} 50\n" in said


def test_a_probe_whose_process_fails_says_its_sentence() -> None:
    a, b = make_run("a"), make_run("b")
    for run in (a, b):
        (run.path / "model.keras").write_bytes(b"no model")
    with pytest.raises(RunError, match=r"^the two runs have no image in common that is still where it was$"):
        probe(a, b)


def test_json_says_why_there_is_no_probe_when_it_ran_out_of_time(
    command: Callable[..., int], capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = make_run("a"), make_run("b")
    for run in (a, b):
        (run.path / "model.keras").write_bytes(b"x")

    late = Ended(0, b"", "", in_time=False)
    monkeypatch.setattr("core.workers.probe_client.run_module", lambda *_, **__: late)
    assert command("a", "b", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["probe"], record["probe_note"]) == (
        None,
        "comparing the activations of the two runs timed out: 16 images were not through both models after 300 s, "
        "perhaps because the machine is busy; try again later",
    )
    assert command("a", "b", "--no-probe", "--json") == 0
    assert json.loads(capsys.readouterr().out)["probe_note"] is None


@pytest.mark.parametrize(
    ("paired", "words"),
    [
        ({}, "0: gap +0.100 [-0.100, +0.300], p = 1 (McNemar): may be chance."),
        ({"groups": 10}, "p = 1 (signs of the 10 groups exchanged): may be chance."),
        ({"groups": 5}, "(signs of the 5 groups exchanged): too few groups to call any gap more than chance."),
        ({"groups": 9, "significant": True}, "(signs of the 9 groups exchanged): more than chance."),
        ({"only_a_right": 0}, "Both are right on the same images of 200, and wrong on the same: gap +0.100 "),
        ({"only_a_right": 0, "same_answers": 200}, "Both give the same class to each of the 200 images: identical."),
        (
            {"only_a_right": 0, "same_answers": 200, "paired_by": "pixels"},
            "200 images (paired by their pixels: the files",
        ),
    ],
)
def test_the_gap_is_said_by_its_kind(paired: Any, words: str) -> None:
    usual: Any = {
        "count": 200, "only_a_right": 20, "only_b_right": 0, "p_value": 1.0, "gap": 0.1, "interval": [-0.1, 0.3],
        "significant": False, "same_answers": 180, "groups": None,
    }  # fmt: skip
    assert words in compare._paired(usual | paired)
