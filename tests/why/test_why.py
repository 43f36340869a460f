"""Two scripts as a job: its steps, its answer as JSON, what is refused in a sentence, and one asked for real."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.engine.jobs import why as worker
from core.engine.reporter import Reporter
from core.report.why_report import figure_rows, place_of, repaired_sentence, why_html
from core.start import kinds
from core.store.runs import Run
from core.why.answer import answer_of
from core.why.store import Why
from tests.why import scripts
from tests.why.prepared import BY_AUC, ask, carry_through, end_at_once, trials

MakeFolder = Callable[..., Path]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The children that read scripts may wait for a processor that others have."""
    monkeypatch.setattr("core.workers.script_client.SECONDS", 150.0)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the search will say; steps end at once, without a training."""
    return end_at_once(monkeypatch)


def answered(why: Why) -> dict[str, Any]:
    carry_through(why)
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


def test_the_measure_that_decided_is_told_and_holds_the_repaired_script(found: dict[str, Any]) -> None:
    """One training each says the contrary of what 12 seeds of the AUC say; it is told as what it is."""
    found |= BY_AUC
    why = ask(scripts.BOTTLENECK, scripts.END_TO_END)
    answer = answered(why)
    measure, repaired = answer["measure"], answer["repaired"]
    assert (measure["name"], measure["seeds"]) == ("validation AUC", 12)
    assert [round(one["value"], 3) for one in measure["scripts"]] == [0.986, 0.977]
    assert answer["accuracy"] == [0.775, 0.9] and (repaired["accuracy"], repaired["before"]) == (0.775, 0.9)
    assert (repaired["outcome"], repaired["measure"]) == ("cured", measure["scripts"][0])
    said = repaired_sentence(answer)
    assert said.startswith(
        "second.py, read again and trained: cured. Validation AUC over 12 seeds: repaired 0.986 [0.98"
    )
    assert "original 0.977 [0.97" in said and "the other 0.986 [0.98" in said
    assert said.endswith("not used for the verdict: repaired 77.5 %, original 90.0 %, the other 77.5 %.")
    assert figure_rows(answer)[1][::2] == ["second.py", "90.0 %"] and figure_rows(answer)[2][2] == "77.5 %"
    assert "Validation AUC, mean over 12 seeds" in why_html(why) and "Accuracy of a single run" in why_html(why)


def test_without_seeds_of_the_repaired_settings_it_is_not_called_cured(found: dict[str, Any]) -> None:
    found |= trials({(): (0.9, 0.9)}, seeds=3)
    answer = answered(ask(scripts.BOTTLENECK, scripts.END_TO_END))
    assert answer["repaired"]["outcome"] == "not-measured" and answer["measure"] is None
    assert "not shown to be cured: the search trained no seeds" in repaired_sentence(answer)


def test_labels_that_belong_to_no_image_are_the_scripts_fault(found: dict[str, Any]) -> None:
    found |= {"verdict": "no-difference", "factors": [], "good": "", "sentence": "The two ends differ by 0.1 points."}
    answer = answered(ask(scripts.MISLABELLED, scripts.BOTTLENECK))
    assert answer["verdict"] == "in-script" and answer["factors"] == ["feature-label-misaligned"]
    assert answer["lines"][0]["file"] == "first.py" and "flow_from_directory" in answer["sentence"]
    assert "shuffle=False" in answer["diff"]
    assert answer["repaired"]["run"] == answer["runs"][0], "with its labels right it is what was trained already"
    assert (answer["repaired"]["outcome"], answer["repaired"]["before"]) == ("finding-gone", None)
    assert "the faulty script reaches is not known: it is never run" in repaired_sentence(answer)
    assert figure_rows(answer)[0][0] == "first.py, without its fault", "what was trained is not the script as it is"
    assert place_of({"line": 0}) == "as a whole"


def test_a_fault_that_no_small_edit_mends_is_not_called_gone(found: dict[str, Any]) -> None:
    found |= {"verdict": "no-difference", "factors": [], "good": "", "sentence": "The two ends differ by 0.1 points."}
    one_class = scripts.SHUFFLED.replace('activation="sigmoid"', 'activation="softmax"')
    answer = answered(ask(scripts.SHUFFLED, one_class))
    assert (answer["verdict"], answer["factors"], answer["diff"]) == ("in-script", ["softmax-one-unit"], "")
    repaired = answer["repaired"]
    assert answer["sentence"].endswith(" Of the settings: The two ends differ by 0.1 points.")
    assert (repaired["outcome"], repaired["run"], repaired["left"]) == ("not-measured", None, ["softmax-one-unit"])
    assert repaired_sentence(answer) == (
        "No small change to second.py was found for softmax-one-unit; change it by hand."
    )
    assert [row[0] for row in figure_rows(answer)] == ["first.py", "second.py, without its fault"]


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
        "is not a folder": [*pair, str(tmp_path / "absent")],
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
    assert "cured. Validation accuracy over" in page and "not used for the verdict" in page
