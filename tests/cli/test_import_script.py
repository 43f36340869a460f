"""The command `import-script`: what it prints, and what it refuses in one sentence."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from core.cli import import_script as script
from core.config import RunConfig
from core.errors import DataError
from core.script.importing import import_script
from tests.script.sections import examples

SCRIPTS = Path(__file__).parent.parent / "script" / "scripts"


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()

    def command(name: str, function: Any, text: str, *, with_json: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text)
        sub.set_defaults(command=function)
        if with_json:
            sub.add_argument("--json", action="store_true")
        return sub

    script.add_parser(command)
    options = parser.parse_args(["import-script", *map(str, arguments)])
    code: int = options.command(options)
    return code


def test_json_is_the_record_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    path = SCRIPTS / "question_end_to_end.txt"
    assert run(path, "--json") == 0
    out, err = capsys.readouterr()
    assert (err, out.count("\n")) == ("", 1)
    assert json.loads(out) == import_script(path.read_text(), path.name)


def test_version_decides_the_order(capsys: pytest.CaptureFixture[str]) -> None:
    run(SCRIPTS / "question_end_to_end.txt", "--json", "--keras", "2.0.8")
    assert json.loads(capsys.readouterr().out)["config"]["data"]["shuffle"] == "none"


def test_text_names_settings_lines_and_findings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(SCRIPTS / "question_bottleneck.txt") == 0
    out = capsys.readouterr().out
    assert out.startswith("question_bottleneck.txt: bottleneck, dataset data\n\ndata.image_size = 150  (line 31)\n")
    assert "\nNot stated:\n" in out
    assert "\n  line 22: warning bottleneck-one-draw: " in out
    assert "\nOpen:" not in out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file or directory; give a script's file"),
        (b"x = '\xff'", "is not text in UTF-8: invalid start byte; save it as UTF-8"),
        (b"#" * 2_000_000, "is too long; paste the part that trains, at most 300,000 characters"),
        (b"#" * 1_000_000, "has 1,000,000 characters; paste the part that trains, at most 300,000 characters"),
        (b"print 'x'", "s.py, line 1: this is Python 2"),
        (b"", "s.py: no backbone, generator, layer, compile or fit of Keras was found in it"),
    ],
    ids=["missing", "binary", "huge", "long", "python 2", "empty"],
)
def test_refused_file_is_one_sentence(content: bytes | None, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "s.py"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        run(path)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        run(tmp_path)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[RunConfig]:
    """Configurations that the command would train."""
    found: list[RunConfig] = []

    def train(config: RunConfig, options: argparse.Namespace) -> int:
        found.append(config)
        return 0

    monkeypatch.setattr(script, "train_config", train)
    return found


def of_style(name: str, folder: Path) -> Path:
    path = folder / name
    path.write_text(next(one.text for one in examples("runs.txt") if one.name == name))
    return path


def test_json_has_the_run_that_the_answers_make(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def become(name: str, *answers: str) -> Any:
        assert run(of_style(name, tmp_path), *answers, "--json") == 0
        return json.loads(capsys.readouterr().out)["run"]

    found = become("class-config.py", "--data", "my images", "--set", "training.epochs=3", "--name", "mine")
    assert (found["missing"], found["differences"]) == ([], [])
    config = found["config"]
    assert (config["dataset"], config["name"], config["training"]["epochs"]) == ("my images", "mine", 3)
    left = become("dataframe.py", "--set", "training.epochs=3")
    assert left["config"] is None
    assert [(one["key"], one["option"]) for one in left["missing"]] == [("dataset", "--data DIR")]
    other = become("custom-loss.py", "--data", "images")
    assert other["config"] is None, "nobody asked for the nearest run"
    assert "the loss focal is the script's own" in other["differences"][0]
    assert become("custom-loss.py", "--data", "images", "--nearest")["config"]["dataset"] == "images"
    assert become("multi-label.py", "--data", "images", "--nearest")["config"] is None, "no run comes near"


def test_what_is_missing_is_one_sentence_that_names_the_option(tmp_path: Path, trained: list[RunConfig]) -> None:
    wanted = {
        "dataframe.py": r"labels come from a table, pd.read_csv\(.train.csv.\) .*; give --data DIR$",
        "class-config.py": r"^class-config.py: its folder xrays \(line \d+\) is not here; give --data DIR$",
        "custom-loss.py": r"line 7: the loss focal is the script's own; .*; give --nearest to train the nearest run",
        "multi-label.py": r"cannot become a run: line 8: 14 outputs with binary_crossentropy: .*; there is no similar "
        r"run$",
    }
    for name, sentence in wanted.items():
        with pytest.raises(DataError, match=sentence):
            run(of_style(name, tmp_path), "--train", "--json")
    assert trained == []


def test_a_script_is_trained_on_the_images_that_are_named(tmp_path: Path, trained: list[RunConfig]) -> None:
    assert run(of_style("dataframe.py", tmp_path), "--train", "--data", "sample", "--set", "training.epochs=2") == 0
    run(of_style("custom-loss.py", tmp_path), "--train", "--data", "sample", "--nearest", "--name", "near")
    assert [(one.dataset, one.name, one.model.backbone) for one in trained] == [
        ("sample", "dataframe.py", "Xception"), ("sample", "near", "VGG16"),
    ]  # fmt: skip
    assert (trained[0].training.epochs, trained[0].model.head.split(",")[0]) == (2, "dropout 0.3")


def test_a_terminal_is_asked(tmp_path: Path, trained: list[RunConfig], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    said = iter(["sample", "y"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(said))
    run(of_style("dataframe.py", tmp_path), "--train")
    run(of_style("custom-loss.py", tmp_path), "--train", "--data", "sample")
    assert [one.dataset for one in trained] == ["sample", "sample"]
