"""What parity_recorder.py has written of a real Keras script (recorded.zip) is a run to compare, and no more."""

import copy
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.bisect.store import BisectSpec
from core.compare.compare import compare, findings
from core.compare.divergence import first_divergence
from core.errors import DataError, RunError
from core.export.bundle_import import import_bundle
from core.export.script import require_repeatable
from core.recorder.recorder_file import NAME, recorder_bytes
from core.store.runs import Run
from core.store.trace_record import Trace

RECORDED = Path(__file__).parent / "recorded.zip"


@pytest.fixture
def run() -> Run:
    return import_bundle(RECORDED)


def test_a_recorded_run_is_marked_and_says_what_it_lacks(run: Run) -> None:
    assert "not resumed, exported as a script or bisected" in run.status().message
    found = run.recorded()
    assert found and "training.learning_rate" in found.settings and "data.preprocessing" not in found.settings
    with pytest.raises(RunError, match="has finished"):
        run.requeue()
    with pytest.raises(RunError, match="recorded by another program"):
        require_repeatable(run)
    with pytest.raises(RunError, match="recorded by another program"):
        BisectSpec(run, run).make("")


def test_findings_and_comparison_work_on_it(run: Run) -> None:
    assert [one.id for one in findings(run)] == ["majority-accuracy-high-auc"]
    comparison = compare(run, run)
    assert comparison["divergence"].startswith("No divergence recorded")
    assert comparison["paired"]["count"] == 40


def test_it_is_told_where_it_first_parts_from_a_run_made_here(run: Run) -> None:
    """Order by files; without files by the labels; pixels by their range, as another decoder gives other numbers."""
    mine = run.trace()
    assert mine and mine.epochs[0].mix[0] == [7, 9]
    here: Any = {**copy.deepcopy(mine.to_dict()), "elsewhere": None}
    here["epochs"][0] |= {"order": "x", "batch_orders": ["y"] * 6, "mix": [[16, 0]] * 3 + [[0, 16]] * 3}
    found = first_divergence(mine, Trace.model_validate(here))
    assert found and found.stage == "labels and order" and "7 cat, 9 dog in one run and 16 cat" in found.sentence
    content = Trace.model_validate({**mine.to_dict(), "elsewhere": {"files": False, "batches": "content"}})
    found = first_divergence(content, Trace.model_validate(here))
    assert found and found.step == {"epoch": 1, "batch": 1}
    scaled = copy.deepcopy(here)
    for sample in scaled["samples"]:
        sample |= {name: 255 * sample[name] for name in ("min", "max", "mean", "std")}
    found = first_divergence(mine, Trace.model_validate(scaled))
    assert found and found.stage == "preprocessed input" and "23 to 206" in found.sentence


def test_a_zip_whose_recorder_record_is_none_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(RECORDED) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents["recorder.json"] = json.dumps({"recorder": 1, "settings": ["no.such"]}).encode()
    for content in (contents, {**contents, "recorder.json": b"{}"}):
        path = tmp_path / "bad.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in content.items():
                archive.writestr(name, text)
        with pytest.raises(DataError, match=r"recorder\.json"):
            import_bundle(path)


def test_the_command_writes_the_file_and_replaces_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mine.py"
    assert main(["recorder", "--out", str(out)]) == 0
    assert out.read_bytes() == recorder_bytes()
    assert main(["recorder", "--out", str(tmp_path)]) == 0 and (tmp_path / NAME).exists()
    out.write_text("mine")
    assert main(["recorder", "--out", str(out)]) == 1
    assert "exists already" in capsys.readouterr().err
