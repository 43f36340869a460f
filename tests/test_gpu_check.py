"""What the check on a GPU says where there is none, and what it makes of its steps; the measuring itself is no test."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import gpu_check

HERE: dict[str, Any] = {
    "equivalence": {"gpu": "", "difference": 0.0, "note": "the same bits"},
    "precision": {"gpu": "", "beyond": 0.0, "note": "accuracy"},
    "devices": {"gpu": "", "difference": 2e-6, "note": "2 batches"},
    "small_rates": {"EfficientNetLite0": {"extraction": 90.0, "fine_tuning": 40.0}, "failed": "no memory"},
}
THERE = {
    "equivalence": {"gpu": "H", "difference": 0.02, "note": "not the same bits"},
    "precision": {"gpu": "H", "failed": "a loss is not finite"},
    "devices": {"gpu": "H", "difference": 0.001, "note": ""},
}
RATE = {"extraction": 300.0, "fine_tuning": 30.0, "peak_mb": 900.0}


def test_without_a_gpu_it_says_of_each_step_why_it_is_skipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu_check, "draw_images", lambda folder: None)
    monkeypatch.setattr(gpu_check, "Steps", lambda folder: lambda name, gpu: HERE[name])
    assert gpu_check.main(["--json", str(tmp_path / "lines.json")]) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.endswith("skipped: TensorFlow sees no GPU here") for line in said] == [False] * 5 + [True] * 6
    assert said[0] == (
        "the same frozen training from cached features and from images, on the CPU: largest difference of what is "
        "learned, of the largest: 0, allowed <= 0, met; the same bits"
    )
    kept = json.loads((tmp_path / "lines.json").read_text())
    assert [line["state"] for line in kept] == ["met"] * 4 + ["not met"] + ["skipped"] * 6
    assert said[3].endswith("on the CPU, to see that it runs: 40 images/s, allowed >= 0, met; features 90/s")
    assert said[4].endswith("on the CPU, to see that it runs: not met: no memory")


def test_what_is_worse_than_allowed_and_what_failed_is_not_met() -> None:
    rates = {"EfficientNetLite0": RATE, "VGG16": RATE}
    slow = {"EfficientNetLite0": {**RATE, "extraction": 20.0}, "VGG16": {**RATE, "extraction": 600.0}}

    def steps(name: str, *, gpu: bool) -> Any:
        return THERE[name] if name in THERE else {"gpu": "H" * gpu, **(rates if gpu else slow)}

    lines = list(gpu_check.check(steps))
    assert [line.state for line in lines] == ["not met", "not met", "met", *["met"] * 3, "not met", "met", "met"]
    assert str(lines[1]).endswith("not met: a loss is not finite")
    assert "GPU against CPU: 15 x, allowed >= 1, met; 300 against 20 images/s" in str(lines[3])
    assert "900 MB, allowed <= 4096, met" in str(lines[5])


def test_a_step_that_fails_or_comes_too_late_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    steps = gpu_check.Steps(tmp_path)
    broken = subprocess.CompletedProcess([], 1, "", "Traceback\nValueError: no memory\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: broken)
    assert steps("rates", gpu=True) == {"failed": "ValueError: no memory"}
    monkeypatch.setattr(gpu_check, "SECONDS", 0.0)
    assert gpu_check.Steps(tmp_path)("rates", gpu=True) == {"skipped": "the 0 s for all steps were over"}
