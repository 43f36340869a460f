"""A model from elsewhere: what was saved here comes back and predicts the same; what cannot be used leaves nothing."""

import gzip
import io
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.__main__ import main
from core.errors import ModelError
from core.store.examples import EXAMPLES
from core.store.runs import Run, RunStore
from core.workers import try_model_client as importing
from core.workers.try_model_client import import_model, is_imported

ANSWERS: dict[str, Any] = {"images": 13, "outputs": 1, "sums": [0.1, 0.9], "varies_with": []}
FACTS: dict[str, Any] = {"image_size": 32, "outputs": 1, "parameters": 5, "answers": ANSWERS}


@pytest.fixture(scope="module")
def saved() -> bytes:
    return gzip.decompress(next(EXAMPLES.rglob("model.keras.gz")).read_bytes())


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial's answer, without the ten seconds it takes."""
    monkeypatch.setattr(importing, "_try", lambda *_, **__: dict(FACTS))


def left(home: Path) -> list[str]:
    return [path.name for path in (home / "quarantine").iterdir()] + [run.id for run in RunStore().list()]


@pytest.mark.slow
def test_a_model_saved_here_comes_back_and_answers_the_same(saved: bytes, home: Path, tmp_path: Path) -> None:
    from core.engine.insight.predict import load_model

    run = import_model(io.BytesIO(saved), ["NORMAL", " PNEUMONIA"], "back", owner="ada")
    assert is_imported(run)
    assert (run.title(), run.owner(), run.status().status, run.has_model()) == ("back", "ada", "finished", True)
    assert run.classes() == ["NORMAL", "PNEUMONIA"]
    assert run.config().data.image_size == 224
    assert list((home / "quarantine").iterdir()) == []
    origin = Run(tmp_path / "origin")
    origin.path.mkdir()
    (origin.path / "model.keras").write_bytes(saved)
    pixels = np.random.default_rng(0).integers(0, 255, (3, 224, 224, 3)).astype(np.uint8)
    np.testing.assert_allclose(load_model(run)(pixels), load_model(origin)(pixels), atol=1e-6, rtol=0)


@pytest.mark.usefixtures("tried", "home")
def test_how_images_became_squares_is_told_or_known_by_the_origin(
    saved: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes = ["a", "b"]
    assert import_model(io.BytesIO(saved), classes, "x").config().data.fit == "stretch"
    assert import_model(io.BytesIO(saved), classes, "x", fit="letterbox").config().data.fit == "letterbox"
    with pytest.raises(ModelError, match='the fit is "round"; it may be stretch, letterbox, letterbox_black, crop'):
        import_model(io.BytesIO(saved), classes, "x", fit="round")
    monkeypatch.setattr(importing, "_let_in", lambda *_: {**FACTS, "notes": [], "teachable_machine": True})
    run = import_model(io.BytesIO(saved), classes, "x")
    assert run.config().data.fit == "crop", "its own example crops by ImageOps.fit"
    assert "teachable_machine" not in run.data().imported
    assert import_model(io.BytesIO(saved), classes, "x", fit="stretch").config().data.fit == "stretch"


@pytest.mark.usefixtures("tried")
@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ([], "the classes are not given; give their names in the order of the outputs, two or more"),
        (["a"], "the classes are a; give two or more different names"),
        (["a", "a "], "give two or more different names"),
        (["a", "b\x1b[31m"], "has characters that cannot be shown, or more than 255; give it another name"),
        (["a", "\ud800"], "has characters that cannot be shown, or more than 255; give it another name"),
        (["a", "b" * 256], "has characters that cannot be shown, or more than 255; give it another name"),
        (["a", "b", "c"], "the model has 2 classes, and 3 names were given; give 2, in the order of its outputs"),
    ],
)
def test_the_classes_must_fit(saved: bytes, home: Path, classes: list[str], words: str) -> None:
    (home / "quarantine").mkdir(parents=True)
    with pytest.raises(ModelError, match=words):
        import_model(io.BytesIO(saved), classes, "x")
    assert left(home) == []


@pytest.mark.usefixtures("tried")
def test_a_file_that_was_exported_here_says_its_classes(saved: bytes, home: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "metadata.json":
                content = json.dumps({**json.loads(content), "parity": {"classes": ["cat", "dog"]}}).encode()
            new.writestr(name, content)
    told = file.getvalue()
    assert import_model(io.BytesIO(told), [], "x").classes() == ["cat", "dog"]
    assert import_model(io.BytesIO(told), ["Katze", "Hund"], "x").classes() == ["Katze", "Hund"]
    with pytest.raises(ModelError, match="its outputs are cat, dog, and the classes were given as dog, cat; give them"):
        import_model(io.BytesIO(told), ["dog", "cat"], "x")
    assert len(left(home)) == 2, "nothing of what was refused"


@pytest.mark.usefixtures("tried")
def test_a_refused_file_leaves_nothing(saved: bytes, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for content, words in ((b"\x80pickle", "this is a pickle"), (saved[:1000], "damaged"), (b"", "empty")):
        with pytest.raises(ModelError, match=words):
            import_model(io.BytesIO(content), ["a", "b"], "x")
        assert left(home) == []
    monkeypatch.setattr(importing, "MAX_BYTES", 10**6)
    with pytest.raises(ModelError, match="the file has more than 1 MB, the maximum"):
        import_model(io.BytesIO(saved), ["a", "b"], "x")
    assert left(home) == []


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", r"its process was ended \(SIGSEGV\)"),
        ("raise MemoryError", "it needed too much memory"),
        ("raise SystemExit('no such\\x1b layer')", "no such  layer"),
        ("pass", "its process gave no result"),
        ('print(\'{"error": "it takes sounds"}\')', "this model cannot be used here: it takes sounds"),
        ("import time; time.sleep(60)", "it took more than 1 s"),
    ],
)
def test_however_the_trial_ends_it_is_one_sentence(
    saved: bytes, home: Path, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    real = subprocess.Popen
    monkeypatch.setattr(importing, "TRY_SECONDS", 1.0)
    seen: list[dict[str, str]] = []

    def instead(command: list[str], **options: Any) -> Any:
        seen.append(options["env"])
        return real([command[0], "-S", "-c", program], **options)

    monkeypatch.setattr(subprocess, "Popen", instead)
    monkeypatch.setenv("A_SECRET", "x")
    with pytest.raises(ModelError, match=words):
        import_model(io.BytesIO(saved), ["a", "b"], "x")
    assert left(home) == []
    assert "A_SECRET" not in seen[0]
    assert "PARITY_HOME" not in seen[0]


@pytest.mark.usefixtures("tried")
def test_the_command_prints_the_run_and_a_missing_file_is_one_sentence(
    saved: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "größe 1.keras"
    path.write_bytes(saved)
    assert main(["import-model", str(path), "--classes", "a,b", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["classes"] == ["a", "b"]
    assert RunStore().get(record["run"]).title() == "größe 1"
    assert main(["import-model", str(tmp_path / "gone.keras"), "--classes", "a,b"]) == 1
    assert "gone.keras cannot be read: No such file or directory" in capsys.readouterr().err
