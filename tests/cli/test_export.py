"""`export` on the command line, once with the real process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core import files
from core.__main__ import main
from core.config import make_config
from core.export import export_client
from core.progress import StepProgress
from core.store.runs import Run, RunStore, Status
from core.workers.launch import ROOT
from tests.keras_file import keras_file


@pytest.fixture
def run() -> Run:
    run = RunStore().create(make_config("sample", {"data.image_size": 48}, name="mine"))
    files.write_json(run.path / "manifest.json", {"root": "/data", "classes": ["cat", "dog"]})
    (run.path / "model.keras").write_bytes(keras_file())
    run.write_status(Status(status="finished"))
    return run


@pytest.mark.usefixtures("run")
def test_it_says_where_the_file_is_and_how_to_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def make(run: Run, kind: str, path: Path, report: StepProgress) -> dict[str, float]:
        path.write_bytes(b"x" * 100_000)
        return {"difference": 4e-7, "pictures": 8}

    monkeypatch.setattr(export_client, "_in_process", make)
    out = tmp_path / "m.onnx"
    assert main(["export", "mine", "--format", "onnx", "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{out}  0.1 MB",
        "takes RGB pixels, 0 to 255, float32, (n, 48, 48, 3); gives the probability of dog (cat, dog)",
        "compared with the run's own model on 8 images: differs by 4e-07",
        "Not a medical device: never use its predictions for diagnosis or treatment.",
    ]


def test_json_refusals_and_usage(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["export", run.id, "--format", "keras", "--out", str(tmp_path / "m"), "--json"]
    assert main(command) == 0
    out, err = capsys.readouterr()
    size = (tmp_path / "m.keras").stat().st_size
    assert err == ""
    assert json.loads(out) == {
        "run": run.id, "format": "keras", "path": str(tmp_path / "m.keras"), "beside": [], "bytes": size,
        "classes": ["cat", "dog"], "image_size": 48, "difference": None, "pictures": 0,
        "notice": "Not a medical device: never use its predictions for diagnosis or treatment.",
    }  # fmt: skip
    assert main(command) == 1
    assert capsys.readouterr().err == (
        f"{tmp_path / 'm.keras'} exists already; give another --out, or --force to replace it\n"
    )
    assert main([*command, "--force"]) == 0
    with pytest.raises(SystemExit, match="2"):
        main(["export", run.id, "--format", "h5", "--out", "m"])


@pytest.mark.slow
def test_the_real_process_makes_a_file_and_leaves_nothing_else(run: Run, home: Path, tmp_path: Path) -> None:
    import keras

    given = keras.Input((48, 48, 3))
    answer = keras.layers.Dense(1, "sigmoid")(keras.layers.GlobalAveragePooling2D()(given))
    keras.Model(given, answer).save(run.path / "model.keras")
    command = [sys.executable, "-m", "core", "export", run.id, "--format", "litert", "--out", "m", "--json"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PARITY_HOME": str(home)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads(done.stdout)
    assert record["path"] == "m.tflite"
    assert record["bytes"] == (tmp_path / "m.tflite").stat().st_size > 1000
    assert record["difference"] < 1e-5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "m.tflite"]
