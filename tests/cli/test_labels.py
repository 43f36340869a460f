"""`labels` and `split` on the command line: the list changed and taken back, the ranking printed, leaks repaired."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.config import DataConfig
from core.data.dataset import open_dataset
from core.label_review.store import Review
from core.store.runs import Status
from core.workers import launch


@pytest.fixture
def folder(image_folder) -> Path:
    made: Path = image_folder(train=(8, 8), val=(3, 3), size=12)
    return made


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_changes_are_kept_told_and_taken_back(folder: Path, capsys) -> None:
    changes = ["--exclude", "train/a/000.png", "--relabel", "train/a/001.png=b"]
    record = said(capsys, "labels", folder, *changes)["corrections"]
    assert record["excluded"] == ["train/a/000.png"]
    assert record["relabelled"] == [{"file": "train/a/001.png", "from": "a", "to": "b"}]
    assert said(capsys, "scan", folder)["corrections"] == record
    assert len(open_dataset(str(folder), DataConfig()).split.train) == 15
    assert main(["labels", str(folder), "--undo"]) == 0
    assert capsys.readouterr().out == ("The last change, of 2 images, was undone.\nThe list of corrections is empty.\n")
    assert main(["labels", str(folder), "--undo"]) == 0
    assert capsys.readouterr().out.startswith("There is nothing to undo.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--relabel", "train/a/001.png"], "--relabel train/a/001.png: FILE=CLASS is expected, for instance "),
        (["--relabel", "train/a/001.png=c"], "There is no class c; the classes are a, b."),
        (["--exclude", "nothing.png"], "There is no readable image nothing.png in "),
    ],
)
def test_a_change_that_cannot_be_made_is_one_sentence(folder: Path, capsys, arguments, words) -> None:
    assert main(["labels", str(folder), *arguments]) == 1
    assert capsys.readouterr().err.startswith(words)


@pytest.fixture
def reviewed(monkeypatch: pytest.MonkeyPatch) -> list[Review]:
    """In place of a worker: every review that is started is finished at once."""
    started: list[Review] = []

    def finish(review: Review, parent_pipe: bool) -> None:
        rows = [
            {"file": f"train/{label}/00{n}.png", "label": label, "suggested": "b", "score": n / 10, "issue": n == 1,
             "neighbours": n, "x": 0.0, "y": 0.5, "tsne": [2.0, 3.0]}
            for n, label in ((1, "a"), (2, "b"))
        ]  # fmt: skip
        record = {"method": "cleanlab", "pictures": 22, "issues": 1, "explained": [0.2, 0.1], "files": rows}
        review.write_result(record)
        review.write_status(Status(status="finished"))
        started.append(review)

    monkeypatch.setattr(launch, "start", finish)
    return started


def test_the_ranking_is_printed_and_not_computed_twice(folder: Path, capsys, reviewed: list[Review]) -> None:
    record = said(capsys, "labels", folder)
    assert (record["method"], record["pictures"], record["issues"]) == ("cleanlab", 22, 1)
    assert record["explained"] == [0.2, 0.1]
    assert record["files"][0] == {
        "file": "train/a/001.png", "label": "a", "suggested": "b", "score": 0.1, "issue": True, "neighbours": 1,
        "x": 0.0, "y": 0.5, "tsne": [2.0, 3.0],
    }  # fmt: skip
    assert main(["labels", str(folder), "--top", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == ("1 of 22 label looks wrong, by confident learning (cleanlab) on out-of-fold predictions.")
    assert lines[1] == "! 0.100  train/a/001.png: a, looks like b; 1 of 10 similar images agree"
    assert len(lines) == 3
    assert len(reviewed) == 1


def test_a_classifier_that_has_not_learned_the_classes_accuses_no_label(folder: Path, capsys, monkeypatch) -> None:
    def finish(review: Review, parent_pipe: bool) -> None:
        rows = [
            {"file": f"train/a/{n:03d}.png", "label": "ab"[n % 2], "suggested": "ab"[n // 2 % 2], "score": 0.4,
             "issue": n % 2 != n // 2 % 2, "neighbours": 4, "x": 0.0, "y": 0.5, "tsne": None}
            for n in range(20)
        ]  # fmt: skip
        record = {"method": "cleanlab", "pictures": 20, "issues": 10, "explained": [0.2, 0.1], "files": rows}
        review.write_result(record)
        review.write_status(Status(status="finished"))

    monkeypatch.setattr(launch, "start", finish)
    assert main(["labels", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("These images do not show which labels are wrong: the classifier agrees with 50.0 % of")
    assert not any(line.startswith("!") for line in lines)
    assert said(capsys, "labels", folder)["undecided"] == lines[0]


def test_a_review_that_failed_is_told_and_made_again(folder: Path, capsys, monkeypatch, reviewed) -> None:
    def fail(review: Review, parent_pipe: bool) -> None:
        review.write_status(Status(status="failed", message="The disk is full.", fault="user"))

    with monkeypatch.context() as patch:
        patch.setattr(launch, "start", fail)
        assert main(["labels", str(folder)]) == 1
        assert capsys.readouterr().err == "The disk is full.\n"
    assert said(capsys, "labels", folder)["issues"] == 1


def test_a_split_is_made_told_used_and_forgotten(folder: Path, capsys) -> None:
    (folder / "val/a/000.png").write_bytes((folder / "train/a/000.png").read_bytes())
    record = said(capsys, "split", folder, "--share", "0.25", "--seed", "4")
    assert record["file"] == str(folder / ".parity-split.json")
    assert {part: sum(counts.values()) for part, counts in record["counts"].items()} == {"train": 16, "val": 6}
    kept = said(capsys, "scan", folder)["split_file"]
    assert (kept["share"], kept["seed"], kept["counts"]["val"]) == (0.25, 4, 6)
    assert main(["scan", str(folder)]) == 0
    assert "divided into train 16, val 6" in capsys.readouterr().out.splitlines()
    ids = [finding["id"] for finding in said(capsys, "check", folder)["findings"]]
    assert "leak-exact-duplicate" not in ids
    assert said(capsys, "split", folder, "--undo") == {"removed": True}
    assert said(capsys, "split", folder, "--undo") == {"removed": False}
    ids = [finding["id"] for finding in said(capsys, "check", folder)["findings"]]
    assert "leak-exact-duplicate" in ids


def test_a_share_that_is_none_is_one_sentence(folder: Path, capsys) -> None:
    assert main(["split", str(folder), "--share", "2"]) == 1
    assert capsys.readouterr().err.startswith("data.validation_split")
