"""What `train` and `resume` print of findings: each as it comes, errors again at the end, `--strict`."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core import __main__ as command_line
from core import files
from core.checks.finding import Finding
from core.cli import told_findings
from core.cli.terminal import Line
from core.cli.told_findings import FindingsTold, finding_lines
from core.config import make_config
from core.store.runs import Run, RunStore, Status
from core.workers import launch

MakeFolder = Callable[..., Path]
Capture = pytest.CaptureFixture[str]

BEFORE = Finding(
    "class-ordered-batches", "error", "All batches hold one class.", remedy="Shuffle: data.shuffle=samples."
)
NOTE = Finding("size-upscaled", "info", "Small images are enlarged.")
DURING = Finding("constant-predictor", "error", "After epoch 1 all images get the same answer.")
RESULT = {"count": 4, "accuracy": 0.5, "auc": None, "loss": 0.7, "interval": [0.15, 0.85]}


def end_with(monkeypatch: pytest.MonkeyPatch, before: list[Finding], during: list[Finding]) -> None:
    """Every run started from now on has these findings, trains one epoch and ends."""

    def found(run: Run) -> list[Finding]:
        return [*before, *(during if run.epochs() else [])]

    def start(run: Run, *, parent_pipe: bool) -> None:
        files.write_json(run.path / "manifest.json", {"root": "/data", "classes": ["a", "b"]})
        files.write_json(run.path / "findings.json", {"findings": [one.to_dict() for one in before]})
        run.write_status(Status(status="running", message="Trains"))

    steps = iter(range(100))

    def poll(run: Run) -> Status:
        if next(steps) == 1:
            files.write_json(run.path / "evaluation.json", {"weights": "the last", "val": RESULT})
            files.write_json(run.path / "trace.json", {})
            run.add_event("epoch", epoch=1, val_accuracy=0.5)
            run.write_status(Status(status="finished", message="Completed."))
        return run.read_status()

    monkeypatch.setattr(told_findings, "findings", found)
    monkeypatch.setattr(launch, "start", start)
    monkeypatch.setattr(launch, "poll", poll)


@pytest.fixture
def folder(image_folder: MakeFolder) -> Path:
    return image_folder(train=(3, 3), val=(2, 2))


def train(folder: Path, *more: str) -> int:
    return command_line.main(["train", str(folder), *more])


def test_findings_come_before_the_first_epoch_and_as_they_are_found_and_errors_again_at_the_end(
    folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_with(monkeypatch, [BEFORE, NOTE], [DURING])
    assert train(folder) == 0
    out, err = capsys.readouterr()
    heads = [line.split()[:2] for line in err.splitlines() if not line.startswith("   ")]
    assert [head for head in heads if head[0] in ("error", "warning", "info", "epoch")] == [
        ["error", "class-ordered-batches"], ["info", "size-upscaled"], ["epoch", "1"], ["error", "constant-predictor"],
        ["error", "class-ordered-batches"], ["error", "constant-predictor"],
    ]  # fmt: skip
    assert "         All batches hold one class.\n         Shuffle: data.shuffle=samples.\n" in err
    assert out.splitlines()[-1] == (
        "2 errors found, so do not rely on these metrics: class-ordered-batches, constant-predictor"
    )


def test_json_stays_one_object_with_all_findings(
    folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_with(monkeypatch, [BEFORE, NOTE], [DURING])
    assert train(folder, "--json", "--strict") == 1
    out, err = capsys.readouterr()
    assert (err, out.count("\n")) == ("", 1)
    assert json.loads(out)["findings"] == [one.to_dict() for one in (BEFORE, NOTE, DURING)]


@pytest.mark.parametrize(("found", "strict", "code"), [(BEFORE, True, 1), (BEFORE, False, 0), (NOTE, True, 0)])
def test_strict_exits_with_1_on_an_error_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, found: Finding, strict: bool, code: int
) -> None:
    end_with(monkeypatch, [found], [])
    assert train(folder, *(["--strict"] if strict else [])) == code


def test_resume_tells_findings_likewise(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunStore().create(make_config("/data", {}))
    run.write_status(Status(status="stopped", message="Stopped."))
    end_with(monkeypatch, [BEFORE], [])
    monkeypatch.setattr(launch, "resume", launch.start)
    assert command_line.main(["resume", run.id, "--strict"]) == 1
    out, err = capsys.readouterr()
    assert err.count("error    class-ordered-batches") == 2
    assert out.splitlines()[-1] == "1 error found, so do not rely on these metrics: class-ordered-batches"


def test_a_finding_is_wrapped_and_cannot_move_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = finding_lines(Finding("x", "warning", "word " * 40 + "\x1b[2Jend"))
    assert max(map(len, lines)) <= 60
    assert all(line.isprintable() for line in lines)
    assert lines[0] == "warning  x"


def test_a_finding_that_changes_its_figures_is_told_once_and_kept_as_it_is_last(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunStore().create(make_config("/data", {}))
    told = FindingsTold(run)
    for epoch in (1, 2):
        claim = f"After epoch {epoch} nothing was learned."
        monkeypatch.setattr(
            told_findings, "findings", lambda _, claim=claim: [dataclasses.replace(DURING, claim=claim)]
        )
        files.write_json(run.path / "trace.json", {"epoch": epoch})
        told.show_new(Line())
    assert capsys.readouterr().err.count("constant-predictor") == 1
    assert told.errors()[0].claim == "After epoch 2 nothing was learned."


def test_a_cause_that_gets_a_symptom_is_told_again_with_it(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunStore().create(make_config("/data", {}))
    told = FindingsTold(run)
    for epoch, cause in enumerate((BEFORE, BEFORE.with_symptoms([DURING]), BEFORE.with_symptoms([DURING]))):
        monkeypatch.setattr(told_findings, "findings", lambda _, cause=cause: [cause])
        files.write_json(run.path / "trace.json", {"epoch": epoch})
        told.show_new(Line())
    err = capsys.readouterr().err
    assert err.count("error    class-ordered-batches") == 2
    assert err.count("         In the epochs: After epoch 1 all images get the same answer.") == 1
