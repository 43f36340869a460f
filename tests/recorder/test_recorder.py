"""parity_recorder.py: a training with it is the same to the last bit, and what it writes is a run to compare."""

import json
import re
import runpy
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from core.__main__ import main
from core.bisect.store import BisectSpec
from core.compare.compare import compare
from core.errors import DataError, RunError
from core.export.bundle_import import import_bundle
from core.recorder import parity_recorder
from core.recorder.parity_recorder import Recorder
from core.recorder.recorder_file import NAME
from core.store.runs import Run
from core.workers import launch
from tests import thin_backbone

SCRIPT = Path(__file__).parent / "script_with_recorder.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, lay_images: Callable[..., Path]) -> Path:
    return lay_images(tmp_path_factory.mktemp("recorded") / "pictures", train=(20, 20), val=(8, 8))


def run_script(folder: Path, record: Recorder | None = None, *, shuffle: bool = True) -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT), {"RECORD": record, "FOLDER": str(folder), "SHUFFLE": shuffle})


def same(one: list[Any], other: list[Any]) -> bool:
    return all(np.array_equal(mine, theirs) for mine, theirs in zip(one, other, strict=True))


def recorded(folder: Path, out: Path, *, shuffle: bool = True) -> tuple[Path, dict[str, Any]]:
    """What a recorder has written of a training, and what the script itself knows of that."""
    recorder = Recorder(out, name="my script")
    watched = run_script(folder, recorder, shuffle=shuffle)
    assert recorder.file
    return recorder.file, watched


@pytest.fixture(scope="module")
def in_order(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A training whose images come class by class."""
    return recorded(folder, tmp_path_factory.mktemp("in_order") / "out", shuffle=False)


@pytest.fixture(scope="module")
def shuffled(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded(folder, tmp_path_factory.mktemp("shuffled") / "out")[0]


def test_a_training_is_the_same_to_the_last_bit_and_first_parts_where_the_order_does(
    folder: Path,
    in_order: tuple[Path, dict[str, Any]],
    train_here: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thin_backbone.lay_in(monkeypatch.setattr)
    plain = run_script(folder, shuffle=False)
    file, watched = in_order
    assert same(plain["weights"], watched["weights"])
    assert plain["history"] == watched["history"]

    run = import_bundle(file)
    assert run.title() == "my script"
    assert "not resumed" in run.status().message
    found = run.recorded()
    assert found and "data.batch_size" in found.settings and "data.preprocessing" not in found.settings
    epochs = run.epochs()
    assert [epoch.val_accuracy for epoch in epochs] == pytest.approx(watched["history"]["val_accuracy"], abs=1e-5)
    trace = run.trace()
    assert trace and trace.epochs[0].mix[0] == [8, 0]
    assert np.sum(trace.epochs[0].mix, axis=0).tolist() == [20, 20]
    assert len(trace.epochs[0].losses) == 5
    assert trace.epochs[0].loss == pytest.approx(watched["history"]["loss"][0], abs=1e-5)
    assert trace.samples[0].max is not None and trace.samples[0].max <= 1
    with pytest.raises(RunError, match="has finished"):
        run.requeue()

    settings = {"data.image_size": 32, "data.batch_size": 8, "training.epochs": 2, "data.preprocessing": "rescale"}
    here = train_here(folder, settings)
    comparison = compare(run, here)
    assert not comparison["differences"]["data"], "the same files by their hashes"
    assert {one["key"] for one in comparison["differences"]["config"]} <= {"dataset", *found.settings}
    parted = comparison["first_divergence"]
    assert parted and parted["stage"] == "labels and order" and parted["step"] == {"epoch": 1, "batch": 1}
    assert "8 a, 0 b" in parted["sentence"]
    assert "gap" in comparison["paired"], "answers are paired image by image"

    raw = compare(run, train_here(folder, {**settings, "data.preprocessing": "none"}))["first_divergence"]
    assert raw and raw["stage"] == "preprocessed input"
    assert re.search(r"0 to 1 \(.*\) in one run and \d+ to 2\d\d \(.*\) in the other", raw["sentence"])

    launch_free = BisectSpec(run, here)
    with pytest.raises(RunError, match=r"recorded by another program.*compare it with other runs"):
        launch_free.make("")
    assert launch.poll(run).status == "finished"


def test_two_recorded_trainings_are_told_apart_and_equal_ones_are_not(
    folder: Path, tmp_path: Path, shuffled: Path, in_order: tuple[Path, dict[str, Any]]
) -> None:
    one, other = import_bundle(shuffled), import_bundle(recorded(folder, tmp_path / "again")[0])
    assert compare(one, other)["divergence"].startswith("No divergence recorded")
    assert compare(one, import_bundle(in_order[0]))["first_divergence"]["stage"] == (  # type: ignore[index]
        "labels and order"
    )


def tiny() -> Any:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((16, 16, 3)), keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dropout(0.2),
         keras.layers.Dense(2, activation="softmax")]
    )  # fmt: skip
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.filterwarnings("ignore:.shuffle=True. was passed")  # Keras says it of every tf.data.Dataset
def test_arrays_and_data_sets_pass_in_the_order_that_fit_gives_them(tmp_path: Path) -> None:
    import tensorflow as tf

    rng = np.random.default_rng(0)
    x, y = rng.random((40, 16, 16, 3)).astype(np.float32), rng.integers(0, 2, 40)
    tests: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
        "arrays": (lambda: (x, y), {"batch_size": 8}),
        "dataset": (lambda: tf.data.Dataset.from_tensor_slices((x, y)).shuffle(40, seed=5).batch(8), {}),
    }
    for name, (make, options) in tests.items():
        model = tiny()
        given = make()
        arguments: Any = given if isinstance(given, tuple) else (given,)
        model.fit(*arguments, epochs=2, verbose=0, validation_data=(x[:9], y[:9]), **options)
        recorder, watched = Recorder(tmp_path / name), tiny()
        watched.fit(
            recorder.data(make(), **options), epochs=2, verbose=0, callbacks=[recorder.callback()],
            validation_data=recorder.data((x[:9], y[:9]), part="val"),
        )  # fmt: skip
        assert same(model.get_weights(), watched.get_weights()), name
        assert recorder.file
        trace = import_bundle(recorder.file).trace()
        assert trace and [sum(row) for row in trace.epochs[0].mix] == [8] * 5, name
        assert np.sum(trace.epochs[0].mix, axis=0).tolist() == np.bincount(y).tolist(), name
        if name == "dataset":  # of arrays Keras takes one order again and again once a seed is set
            assert trace.epochs[0].order != trace.epochs[1].order


@pytest.mark.filterwarnings("ignore:.shuffle=True. was passed")  # Keras says it of every tf.data.Dataset
def test_it_costs_a_twentieth_of_a_step_at_most(tmp_path: Path) -> None:
    """Of a network as small as anybody trains: that of a large one is a smaller part."""
    rng = np.random.default_rng(0)
    x, y = rng.random((64, 96, 96, 3)).astype(np.float32), rng.integers(0, 2, 64)
    model = keras.Sequential(
        [keras.Input((96, 96, 3)), *(keras.layers.Conv2D(24, 3, activation="relu") for _ in range(3)),
         keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, activation="softmax")]
    )  # fmt: skip
    model.compile("sgd", "sparse_categorical_crossentropy")
    recorder = Recorder(tmp_path / "out")
    part = recorder.data((x, y), batch_size=16)
    recorder.data((x[:8], y[:8]), part="val")
    model.fit(part, epochs=1, verbose=0)
    recorder.seconds = 0.0
    start = time.process_time()
    model.fit(part, epochs=3, verbose=0)
    assert recorder.seconds <= 0.05 * (time.process_time() - start)


def test_what_it_cannot_record_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(tmp_path)
    with pytest.raises(ValueError, match="give a generator"):
        recorder.data(3)
    with pytest.raises(ValueError, match='give "train" or "val"'):
        recorder.data([], part="test")
    x, y = np.zeros((4, 16, 16, 3), np.float32), np.array([0, 1, 0, 1])
    with pytest.raises(ValueError, match="no train data"):
        tiny().fit(x, y, verbose=0, callbacks=[Recorder(tmp_path).callback()])
    monkeypatch.setattr(keras, "__version__", "2.15.0")
    with pytest.raises(ImportError, match="needs Keras 3"):
        runpy.run_path(parity_recorder.__file__)


def test_a_zip_whose_recorder_record_is_none_is_refused(shuffled: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(shuffled) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    label = json.loads(contents["parity.json"])
    contents["recorder.json"] = json.dumps({"recorder": 1, "settings": ["no.such"]}).encode()
    del label["files"]["recorder.json"]
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**contents, "parity.json": json.dumps(label).encode()}.items():
            archive.writestr(name, content)
    with pytest.raises(DataError, match=r"recorder\.json"):
        import_bundle(path)


def test_the_command_writes_the_file_and_replaces_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mine.py"
    assert main(["recorder", "--out", str(out)]) == 0
    assert out.read_bytes() == Path(parity_recorder.__file__).read_bytes()
    assert NAME in capsys.readouterr().out or out.name
    out.write_text("mine")
    assert main(["recorder", "--out", str(out)]) == 1
    assert "exists already" in capsys.readouterr().err
