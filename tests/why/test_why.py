"""Two scripts as a job: its steps, its answer as JSON, what is refused in a sentence, and one asked for real."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import files
from core.__main__ import main
from core.bisect.store import Bisect
from core.engine.jobs import steps
from core.engine.jobs import why as worker
from core.engine.reporter import Reporter
from core.report.why_report import why_html
from core.start import kinds
from core.store.folder import JobFolder
from core.store.runs import Run, Status
from core.why.answer import answer_of
from core.why.side import preset_side, read_side
from core.why.store import Why, WhySpec
from core.workers import launch
from tests.why import scripts

MakeFolder = Callable[..., Path]

FOUND = {"verdict": "single", "factors": ["data.shuffle"], "good": "a", "sentence": "data.shuffle did it."}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The children that read scripts may wait for a processor that others have."""
    monkeypatch.setattr("core.workers.script_client.SECONDS", 150.0)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the search will say; steps end at once, without a training."""
    says = dict(FOUND)

    def end(job: JobFolder, *, parent_pipe: bool) -> None:
        assert parent_pipe
        if isinstance(job, Run):
            part = [{"path": f"{k}.png", "sha256": f"{k}", "label": "ab"[k % 2], "split": "train"} for k in range(8)]
            files.write_json(job.path / "manifest.json", {"classes": ["a", "b"], "train": part, "val": part})
            job.add_event("epoch", epoch=1, val_accuracy=0.5)
        if isinstance(job, Bisect):
            job.write_result({**job.result(), **says})
        job.write_status(dataclasses.replace(job.read_status(), status="finished", pid=None))

    monkeypatch.setattr(steps, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(launch, "start", end)
    return says


def ask(first: str, second: str = "") -> Why:
    a = read_side(first.encode(), "first.py", "sample")
    b = read_side(second.encode(), "second.py", "sample") if second else preset_side("sample")
    return WhySpec(a, b, 5).make("tom")


def answered(why: Why) -> dict[str, Any]:
    status, message = worker.explain(Reporter(why))
    assert status == "finished", message
    why.write_status(Status(status=status, message=message, created=1e9))
    return answer_of(why)


def test_the_order_of_the_forum_question_is_found_and_cured_in_one_line(found: dict[str, Any]) -> None:
    why = ask(scripts.BOTTLENECK, scripts.END_TO_END)
    answer = answered(why)
    assert (answer["verdict"], answer["factors"]) == ("single", ["data.shuffle"])
    mine = [line for line in answer["lines"] if line["file"] == "second.py"]
    assert {"file", "line", "text", "factor"} <= set(mine[0])
    assert scripts.END_TO_END.splitlines()[mine[0]["line"] - 1].strip() == mine[0]["text"]
    assert "-    shuffle=False)" in answer["diff"] and "+    shuffle=True)" in answer["diff"]
    repaired = Run(why.path.parent.parent / "runs" / answer["repaired"]["run"])
    assert repaired.config().data.shuffle == "samples"
    assert repaired.title() == "second.py, repaired" and repaired.owner() == "tom"
    page = why_html(why)
    assert all(
        said in page for said in ("second.py", f"line {mine[0]['line']}", "data.shuffle did it.", "shuffle=True")
    )
    assert worker.explain(Reporter(why))[0] == "finished", "asked again it has nothing left to do"


def test_labels_that_belong_to_no_image_are_the_scripts_fault(found: dict[str, Any]) -> None:
    found |= {"verdict": "no-difference", "factors": [], "good": "", "sentence": "The two ends differ by 0.1 points."}
    answer = answered(ask(scripts.MISLABELLED, scripts.BOTTLENECK))
    assert answer["verdict"] == "in-script" and answer["factors"] == ["feature-label-misaligned"]
    assert answer["lines"][0]["file"] == "first.py" and "flow_from_directory" in answer["sentence"]
    assert "shuffle=False" in answer["diff"]
    assert answer["repaired"]["run"] == answer["runs"][0], "with its labels right it is what was trained already"


def test_equal_scripts_have_no_lines_and_the_bound_is_told(found: dict[str, Any]) -> None:
    found |= {"verdict": "no-difference", "factors": [], "good": "", "sentence": "All of it inside ±0.010."}
    answer = answered(ask(scripts.SHUFFLED, scripts.SHUFFLED.replace("per_batch", "n") + "\n"))
    assert answer["verdict"] == "no-difference" and "±0.010" in answer["sentence"]
    assert (answer["lines"], answer["diff"], answer["repaired"]) == ([], "", None)


def test_one_script_is_held_against_the_preset(found: dict[str, Any]) -> None:
    found |= {"good": "b", "factors": ["training.learning_rate"]}
    answer = answered(ask(scripts.HOT))
    assert answer["scripts"] == ["first.py", "preset recommended"]
    assert [line["file"] for line in answer["lines"]] == ["first.py"]
    assert "lr=0.001" in answer["diff"]


def test_it_is_a_kind_of_job_like_any_other() -> None:
    why = ask(scripts.SHUFFLED, scripts.HOT)
    assert kinds.kind_of(why).name == "why" and kinds.open_job(why.path).title() == "first.py / second.py"


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    paths = tmp_path / "one.py", tmp_path / "two.py"
    for path, text in zip(paths, (scripts.SHUFFLED, scripts.HOT), strict=True):
        path.write_text(text)
    return str(paths[0]), str(paths[1])


def test_what_cannot_be_asked_is_told_in_a_sentence(
    pair: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("this is no python(")
    cases = {
        "is no folder": [*pair, str(tmp_path / "absent")],
        "are the same script": [pair[0], pair[0], "sample"],
        "give one or two scripts": [*pair, pair[0], "sample"],
        "cannot be read": [str(tmp_path / "absent.py"), "sample"],
        "broken.py": [str(broken), "sample"],
        "budget": [*pair, "sample", "--budget", "0"],
    }
    for said, arguments in cases.items():
        assert main(["why", *arguments]) == 1, said
        told = capsys.readouterr().err
        assert said in told and "Traceback" not in told and len(told.strip().splitlines()) == 1


def test_a_script_that_no_configuration_expresses_is_an_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.py"
    path.write_text(scripts.CUSTOM)
    assert main(["why", str(path), "sample", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] == "not-expressed" and "parity_recorder.py" in answer["sentence"]
    assert {"factors", "lines", "diff", "repaired"} <= set(answer)


@pytest.mark.slow
def test_asked_for_real(image_folder: MakeFolder, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A rate that a random VGG16 needs, and one far below it: trained, searched, repaired, held over seeds."""
    folder, report = image_folder(train=(20, 20), val=(20, 20)), tmp_path / "why.html"
    files = [tmp_path / "quick.py", tmp_path / "slow.py"]
    for path, text in zip(files, (scripts.QUICK, scripts.SLOW), strict=True):
        path.write_text(text)
    code = main(["why", *map(str, files), str(folder), "--budget", "5", "--json", "--report", str(report)])
    answer = json.loads(capsys.readouterr().out)
    assert code == 0, answer
    assert (answer["verdict"], answer["factors"]) == ("single", ["training.learning_rate"]), answer
    assert answer["worse"] == str(files[1])
    assert [(Path(one["file"]).name, one["line"], one["text"]) for one in answer["lines"]] == [
        ("quick.py", 9, 'model.compile(keras.optimizers.Adam(rate), loss="binary_crossentropy", metrics=["accuracy"])'),
        ("quick.py", 4, "rate = 0.1"),
        ("slow.py", 9, 'net.compile(keras.optimizers.Adam(rate), loss="binary_crossentropy", metrics=["accuracy"])'),
        ("slow.py", 4, "rate = 0.00001"),
    ]
    changed = [line for line in answer["diff"].splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert changed == ["-rate = 0.00001", "+rate = 0.1"]
    measure, repaired = answer["measure"], answer["repaired"]
    assert measure["name"] == "validation accuracy" and measure["seeds"] >= 3
    assert measure["scripts"][0]["value"] > 0.8
    assert measure["scripts"][1]["value"] < 0.6
    assert (repaired["outcome"], repaired["left"]) == ("cured", [])
    assert repaired["measure"] == measure["scripts"][0], "the same settings as the other script's"
    page = report.read_text()
    assert "cured. Validation accuracy over" in page and "which decides nothing" in page
