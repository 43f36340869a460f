"""Taking a run away: what is copied, what a process makes, what is refused; and a script that repeats its run."""

import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core import files
from core.config import make_config
from core.errors import RunError
from core.export import export_client
from core.export.export_client import export_run
from core.progress import StepProgress
from core.store.runs import METRICS, Run, RunStore, Status
from tests import thin_backbone
from tests.keras_file import keras_file, weights_of

MakeFolder = Callable[..., Path]


@pytest.fixture
def run() -> Run:
    run = RunStore().create(make_config("/data", {}, name="mine"))
    files.write_json(run.path / "manifest.json", {"root": "/data", "classes": ["a", "b"], "train": [], "val": []})
    (run.path / "model.keras").write_bytes(keras_file())
    run.write_status(Status(status="finished"))
    return run


def answer(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """A process that does as the program says, in place of the one that loads TensorFlow."""
    real = subprocess.Popen

    def start(command: list[str], **options: Any) -> Any:
        return real([sys.executable, "-c", program, *command[4:]], **options)

    monkeypatch.setattr(subprocess, "Popen", start)


def test_the_keras_model_is_a_copy(run: Run, tmp_path: Path) -> None:
    done = export_run(run, "keras", tmp_path / "new" / "m")
    assert (done.path, done.beside) == (tmp_path / "new" / "m.keras", ())
    assert done.size == done.path.stat().st_size
    assert weights_of(done.path.read_bytes()) == b"model"
    with pytest.raises(RunError, match=r"m\.keras exists already; give another --out, or --force to replace it$"):
        export_run(run, "keras", tmp_path / "new" / "m")
    (run.path / "model.keras").write_bytes(keras_file(b"better"))
    export_run(run, "keras", tmp_path / "new" / "m", force=True)
    assert weights_of(done.path.read_bytes()) == b"better"


def test_a_process_writes_what_needs_tensorflow(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(
        monkeypatch,
        "import sys, pathlib; run, kind, path = sys.argv[1:]\n"
        "pathlib.Path(path).write_text(kind)\n"
        'print(\'{"stage": "Converting it.", "share": 0.4}\')\n'
        'print(\'{"done": {"difference": 1e-7, "pictures": 8}}\')',
    )
    said: list[tuple[str, float]] = []
    done = export_run(run, "onnx", tmp_path / "m.onnx", progress=lambda words, share: said.append((words, share)))
    assert done.path.read_text() == "onnx"
    assert done.facts == {"difference": 1e-7, "pictures": 8}
    assert said == [("Loading TensorFlow.", 0.05), ("Converting it.", 0.4)]


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ('print(\'{"error": "it does not agree"}\')', "^it does not agree$"),
        (
            "import sys; sys.exit('ValueError: odd')",
            "^the conversion of run .* failed inside: ValueError: odd; the format keras needs no conversion$",
        ),
        ("raise SystemExit(3)", "failed inside: exit code 3; the format keras needs no conversion$"),
        (
            "import os; os.kill(os.getpid(), 9)",
            "was killed by the system: it took too much time or memory; the format keras needs no conversion$",
        ),
        ("pass", "failed inside: exit code 0; the format keras needs no conversion$"),
    ],
)
def test_however_the_process_fails_it_is_one_sentence_and_nothing_is_left(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    answer(monkeypatch, f"import sys, pathlib; pathlib.Path(sys.argv[3]).write_text('half')\n{program}")
    (tmp_path / "out").mkdir()
    with pytest.raises(RunError, match=words):
        export_run(run, "litert", tmp_path / "out" / "m")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_run_without_a_model_or_of_a_newer_version_is_refused(run: Run, tmp_path: Path) -> None:
    (run.path / "model.keras").unlink()
    for kind in ("keras", "savedmodel", "litert", "onnx"):
        with pytest.raises(RunError, match="has no model yet"):
            export_run(run, kind, tmp_path / "m")
    files.write_json(run.path / "config.json", {"format": 99})
    with pytest.raises(RunError, match="this configuration has format 99"):
        export_run(run, "card", tmp_path / "m")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process would need ten seconds to load TensorFlow, which is loaded here."""

    def make(run: Run, kind: str, path: Path, report: StepProgress) -> dict[str, Any]:
        from core.engine.jobs.export import save_base

        assert kind == "script"
        return save_base(run, path, report)

    monkeypatch.setattr(export_client, "_in_process", make)


TINY: dict[str, Any] = {
    "data.image_size": 32, "data.batch_size": 8, "training.epochs": 2, "model.dense_units": 6, "model.dropout": 0.4,
    "training.early_stopping": 0,
}  # fmt: skip


LISTS: dict[str, Any] = {
    "model.dense_units": 0, "model.dropout": 0, "training.label_smoothing": 0.1,
    "model.head": "flatten, dropout 0.2, dense 8 relu l2=0.01, batch_norm momentum=0.5, dropout 0.3, output l2=0.1",
    "data.augmentation": "flip both, crop 0.8, rotation 20, shift 0.1 reflect, zoom 0.2, shear 10, brightness 0.2, "
    "contrast 0.2, channel_shift 20 each",
}  # fmt: skip
"""Settings that are lists, and a loss that is not on the labels themselves."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"model.dropout": 0.0, "training.feature_precision": "float16", "training.optimizer": "rmsprop",
         "training.momentum": 0.5, "training.label_smoothing": 0.1, "training.weight_decay": 0.01},
        {"training.mode": "end_to_end", "data.augmentation": "question", "training.early_stopping": 1,
         "data.fit": "letterbox"},
        {"training.mode": "end_to_end", "training.literal": True, "data.shuffle": "batches",
         "data.sampling": "balanced", "data.drop_remainder": True, "model.dense_units": 0, "model.dropout": 0,
         "model.head": "max, dense 8 linear l2=0.01, batch_norm, activation relu, dropout 0.3, dense 6 gelu, "
         "output l2=0.1"},
        {"training.mode": "fine_tune", "training.finetune_epochs": 2, "training.class_weight": "balanced",
         "data.augmentation": "light", "data.augmentation_draws": 2, "training.finetune_learning_rate": 1e-3,
         "training.learning_rate": 3.0, "training.reduce_on_plateau": 1, "training.epochs": 8,
         "data.sampling": "balanced", "training.focal_gamma": 1.5},
        {"training.mode": "fine_tune", "training.finetune_stages": 2, "training.finetune_epochs": 1,
         "training.unfreeze_from": "block6", "training.block_rate_factor": 0.38, "training.optimizer": "adamw",
         "training.finetune_optimizer": "sgd", "training.momentum": 0.9, "training.schedule": "cosine",
         "training.finetune_learning_rate": 1e-3, "training.early_stopping": 1, "training.epochs": 1,
         "training.focal_gamma": 2, "training.focal_alpha": 0.3},
        {**LISTS, "training.optimizer": "sgd", "training.momentum": 0.9, "training.nesterov": True,
         "training.schedule": "cosine", "training.early_stopping": 1, "training.epochs": 3},
        {**LISTS, "training.mode": "fine_tune", "training.finetune_epochs": 2, "training.optimizer": "adamw",
         "training.weight_decay": 0.05, "training.schedule": "exponential", "training.schedule_epochs": 1,
         "training.finetune_learning_rate": 1e-3, "training.class_weight": "balanced", "training.epochs": 1,
         "data.augmentation": "strong", "data.augmentation_draws": 2, "training.val_loss": "log_loss"},
        {"training.mode": "end_to_end", "training.mixup": 0.4, "data.augmentation": "light", "data.seed": 3,
         "training.label_smoothing": 0.1},
        {"training.mode": "fine_tune", "training.mixup": 1, "training.finetune_epochs": 2, "training.epochs": 1,
         "training.class_weight": "balanced", "training.finetune_learning_rate": 1e-3, "training.focal_gamma": 1},
    ],
    ids=["bottleneck", "end-to-end", "literal", "fine-tune", "stages", "lists", "lists-fine-tune",
         "mixup", "mixup-fine-tune"],
)  # fmt: skip
def test_a_script_repeats_its_run_to_the_last_digit(
    image_folder: MakeFolder, train_here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], settings: dict[str, Any],
) -> None:  # fmt: skip
    classes = (7, 9, 6) if "training.class_weight" in settings else (10, 9)
    thin_backbone.lay_in(monkeypatch.setattr)
    monkeypatch.setattr("core.engine.train.training.keep_reference", lambda *_, **__: None)  # no script writes one
    folder = image_folder(train=classes, val=(4,) * len(classes), size=36)
    for path in folder.rglob("00[02].png"):  # of other shapes, for data.fit
        Image.open(path).resize((50, 30)).save(path)
    run = train_here(folder, {**TINY, **settings})
    in_this_process(monkeypatch)
    done = export_run(run, "script", tmp_path / "out" / "again")
    assert [path.name for path in done.beside] == ["again_base.keras"]
    monkeypatch.setattr(sys, "argv", [str(done.path)])
    traced = count_tracing(monkeypatch)
    runpy.run_path(str(done.path), run_name="__main__")
    assert len(traced) == len({epoch.phase for epoch in run.epochs()}), "each phase has one step, traced once"
    history = files.read_json(tmp_path / "out" / "again_history.json")
    recorded = run.history()
    assert {name: [epoch[name] for epoch in history] for name in METRICS} == recorded
    assert len(set(recorded["loss"])) == len(history) > 1
    if "training.reduce_on_plateau" in settings:
        assert [event for event in run.events() if event.event == "learning rate"], "nothing was reduced"
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == f"{len(history)} epochs, the run had {len(history)}; largest difference of any figure: 0"
    ours, theirs = (weights(path) for path in (run.path / "model.keras", tmp_path / "out" / "again_model.keras"))
    assert len(ours) == len(theirs) > 2
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def count_tracing(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows whenever Keras' own training step is traced."""
    import keras

    traced: list[int] = []
    step = keras.Model.train_step

    def counted(self: Any, data: Any) -> Any:
        traced.append(1)
        return step(self, data)

    monkeypatch.setattr(keras.Model, "train_step", counted)
    return traced


def weights(model: Path) -> list[Any]:
    """Every number that a saved model has."""
    import keras

    return [weight.numpy() for weight in keras.saving.load_model(model, compile=False).weights]


@pytest.mark.slow
def test_a_script_says_when_the_images_are_gone_or_changed(
    image_folder: MakeFolder, train_here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = image_folder(train=(3, 3), val=(2, 2), size=36)
    run = train_here(folder, {**TINY, "training.epochs": 1})
    in_this_process(monkeypatch)
    path = export_run(run, "script", tmp_path / "again").path
    monkeypatch.setattr(sys, "argv", [str(path)])
    (folder / "val" / "b" / "001.png").write_bytes(b"other")
    with pytest.raises(SystemExit, match=r"val/b/001\.png is not the image that the run was trained on"):
        runpy.run_path(str(path), run_name="__main__")
    monkeypatch.setattr(sys, "argv", [str(path), str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit, match=r"000\.png is not there; say where the images are: python .* FOLDER"):
        runpy.run_path(str(path), run_name="__main__")
