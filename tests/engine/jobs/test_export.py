"""Every format opened by its own runtime, asked about real images, against the run's own model."""

import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from core import files
from core.config import make_config
from core.data.images import load
from core.engine.fingerprint import statistics_hash, weights_only_hash
from core.engine.jobs import export
from core.engine.jobs.exact import in_float64
from core.engine.jobs.export import TOLERANCE, convert, save_base
from core.engine.jobs.plain_layers import in_plain_layers
from core.engine.saved_network import open_network
from core.errors import RunError
from core.export.export_client import export_run
from core.export.formats import FORMATS
from core.export.labels import model_record
from core.models import catalogue, lite0
from core.models.build import build_base, build_layers, join
from core.models.inspector import inspect_model
from core.notation.head import read_head
from core.store.runs import Run, RunStore
from tests import thin_backbone

pytestmark = pytest.mark.slow

Record = dict[str, Any]
Array = NDArray[np.float32]
SIZE = 64
CLASSES = ["größer Hund", "猫"]

CLOSE = 1e-5
"""Tolerance of a probability; measured: 4e-7, and 3e-6 through LiteRT's XNNPACK."""


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """Two blocks of the built-in network, with every kind of layer of the whole one, and a head of many kinds."""
    row = catalogue.find("EfficientNetLite0")
    with pytest.MonkeyPatch.context() as patch:
        thin_backbone.lay_in(patch.setattr)
        patch.setattr(lite0, "BLOCKS", ((1, 3, 1, 1, 8), (2, 5, 2, 6, 8)))
        base = build_base(row, image_size=SIZE)
    head, _ = read_head(
        "dropout 0.2, dense 8 selu l2=0.01, batch_norm, activation silu, dense 8 leaky_relu, dense 8 relu"
    )
    return join(base, build_layers(int(base.output_shape[-1]), 2, head, seed=1))


def run_of(model: keras.Model) -> Run:
    run = RunStore().create(make_config("/data", {"data.image_size": max(16, model.input_shape[1])}))
    files.write_json(run.path / "manifest.json", {"root": "/data", "classes": CLASSES, "val": []})
    model.save(run.path / "model.keras")
    return run


@pytest.fixture
def run(model: keras.Model) -> Run:
    return run_of(model)


@pytest.fixture
def small_run() -> Run:
    """One whose model is a single layer: for what does not depend on the network."""
    given = keras.Input((8, 8, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(given)
    return run_of(keras.Model(given, keras.layers.Dense(1, "sigmoid")(pooled)))


@pytest.fixture(scope="module")
def images(test_data: Path) -> Array:
    """Real X-rays, as the model takes them."""
    files = sorted((test_data / "data" / "chest_xray" / "val").glob("*/*.jpeg"))[::60]
    assert len(files) >= 10
    return np.stack([load(path, SIZE) for path in files]).astype(np.float32)


def by_savedmodel(path: Path, pixels: Array) -> Any:
    import tensorflow as tf

    opened = tf.saved_model.load(path)
    return opened.serve(pixels).numpy()


def by_litert(path: Path, pixels: Array) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path))
    serve = interpreter.get_signature_runner()
    (name,) = serve.get_input_details()
    return next(iter(serve(**{name: pixels}).values()))


def by_onnxruntime(path: Path, pixels: Array) -> Any:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: pixels})[0]


def told_by_savedmodel(path: Path) -> tuple[list[str], Record]:
    folder = path / "assets.extra"
    return (folder / "labels.txt").read_text().splitlines(), json.loads((folder / "parity.json").read_text())


def told_by_litert(path: Path) -> tuple[list[str], Record]:
    with zipfile.ZipFile(path) as archive:
        return archive.read("labels.txt").decode().splitlines(), json.loads(archive.read("parity.json"))


def told_by_onnxruntime(path: Path) -> tuple[list[str], Record]:
    import onnxruntime

    told = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).get_modelmeta().custom_metadata_map
    record = {key: json.loads(told[key]) if key in ("classes", "image_size", "pixel_range") else told[key]
              for key in told}  # fmt: skip
    return record["classes"], record


@pytest.mark.filterwarnings("ignore")  # of the converters and of interpreters that will move to other packages
@pytest.mark.parametrize(
    ("kind", "ask", "told"),
    [("savedmodel", by_savedmodel, told_by_savedmodel), ("litert", by_litert, told_by_litert),
     ("onnx", by_onnxruntime, told_by_onnxruntime)],
    ids=["savedmodel", "litert", "onnx"],
)  # fmt: skip
def test_a_converted_model_answers_as_the_run_does_and_names_its_classes(
    run: Run, model: keras.Model, images: Array, tmp_path: Path, kind: str,
    ask: Callable[[Path, Array], Any], told: Callable[[Path], tuple[list[str], Record]],
) -> None:  # fmt: skip
    stages: list[str] = []
    path = tmp_path / f"model{FORMATS[kind].suffix}"
    facts = convert(run, kind, path, lambda words, share: stages.append(words))
    expected = np.asarray(model(images, training=False))
    assert expected.std() > 1e-3, "a constant answer would agree with anything"
    np.testing.assert_allclose(ask(path, images), expected, atol=CLOSE, rtol=0)
    np.testing.assert_allclose(ask(path, images[:1]), expected[:1], atol=CLOSE, rtol=0)  # any number of images
    assert facts["difference"] <= CLOSE
    assert stages == ["Loading the model.", "Converting it.", "Loading it again and comparing."]
    assert told(path) == (CLASSES, model_record(run))


def test_a_keras_model_names_its_classes_and_is_the_same_model(run: Run, model: keras.Model, tmp_path: Path) -> None:
    path = export_run(run, "keras", tmp_path / "m").path
    inspect_model(path)  # it may come back to where it was made
    pixels = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3)).astype(np.float32)
    opened = keras.saving.load_model(path, compile=False, safe_mode=True)
    np.testing.assert_array_equal(np.asarray(opened(pixels)), np.asarray(model(pixels)))
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("metadata.json"))["parity"] == model_record(run)


def test_a_model_that_answers_otherwise_is_not_kept(
    small_run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(export._WRITERS, "onnx", lambda model, path: None)
    monkeypatch.setitem(export._LABELLERS, "onnx", lambda path, record: None)
    for answer, said in (
        (0.5, "differs from the run's model by [0-9]"),
        (np.nan, "differs from the run's model by nan"),
    ):

        def reader(path: Path, pixels: Array, a: float = answer) -> Array:
            return np.full((len(pixels), 1), a)

        monkeypatch.setitem(export._READERS, "onnx", reader)
        with pytest.raises(RunError, match=said):
            convert(small_run, "onnx", tmp_path / "x.onnx", lambda words, share: None)
    assert TOLERANCE == 1e-4


def test_a_model_that_is_nearer_to_float64_than_the_run_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = keras.Input((8, 8, 3))
    maps = keras.layers.Conv2D(4, 3, activation=keras.activations.gelu)(given)
    dense = keras.layers.Dense(1, "sigmoid")
    run = run_of(keras.Model(given, dense(keras.layers.GlobalAveragePooling2D()(maps))))
    monkeypatch.setitem(export._WRITERS, "onnx", lambda model, path: None)
    monkeypatch.setitem(export._LABELLERS, "onnx", lambda path, record: None)
    exact: list[Array] = []

    def shifted(model: keras.Model) -> Any:
        """As if the run's own rounding were 0.01: what float64 says lies so far from it."""
        return lambda pixels, training: np.asarray(in_float64(model)(pixels, training=training)) + 0.01

    def reader(path: Path, pixels: Array, off: float = 0.01) -> Array:
        own = in_float64(in_plain_layers(open_network(run)))(pixels, training=False)
        exact.append(np.asarray(own))
        return exact[-1] + off

    monkeypatch.setattr(export, "in_float64", shifted)
    monkeypatch.setitem(export._READERS, "onnx", reader)
    found = convert(run, "onnx", tmp_path / "x.onnx", lambda words, share: None)
    assert found["difference"] == pytest.approx(0.01, rel=1e-3)
    assert exact[-1].dtype == np.float64
    monkeypatch.setitem(export._READERS, "onnx", lambda path, pixels: reader(path, pixels, 0.02))
    with pytest.raises(RunError, match=r"differs from the run's model by 0\.02, more than 0\.0001"):
        convert(run, "onnx", tmp_path / "x.onnx", lambda words, share: None)


def test_a_missing_package_and_a_missing_model_are_one_sentence(
    small_run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise ModuleNotFoundError(name="tf2onnx")

    monkeypatch.setitem(export._WRITERS, "onnx", fail)
    with pytest.raises(RunError, match=r"^this format needs the package tf2onnx; install what requirements.txt names$"):
        convert(small_run, "onnx", tmp_path / "x.onnx", lambda words, share: None)
    (small_run.path / "model.keras").write_bytes(b"damaged")
    with pytest.raises(
        RunError, match=r"^the model of run .* cannot be loaded: its model.keras is missing or damaged$"
    ):
        convert(small_run, "onnx", tmp_path / "x.onnx", lambda words, share: None)


def test_without_onnx_runtime_nothing_is_compared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert export._answer_onnx(tmp_path / "x.onnx", np.zeros((1, 2, 2, 3), np.float32)) is None


def test_layers_that_converters_do_not_know_are_replaced_by_others_that_do_the_same() -> None:
    given = keras.Input((16, 16, 3))
    scaled = keras.layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 5.0, 6.0], name="scale")(given)
    maps = keras.layers.Conv2D(8, 3, name="conv", dtype="mixed_bfloat16")(scaled)
    maps = keras.layers.Conv2D(8, 3, groups=8, padding="same", activation="relu", name="deep", dtype="float32")(maps)
    maps = keras.layers.Activation("gelu", name="bend", dtype="float32")(maps)
    pooled = keras.layers.GlobalAveragePooling2D(dtype="float32")(maps)
    inner = keras.Model(given, pooled + pooled, name="base")  # a bare operation, as ConvNeXt has them
    outer_input = keras.Input((16, 16, 3))
    model = keras.Model(outer_input, keras.layers.Dense(2, "gelu", name="head_dense")(inner(outer_input)))
    plain = in_plain_layers(model)
    kinds = {layer.name: type(layer).__name__ for layer in plain.get_layer("base").layers}
    assert (kinds["scale"], kinds["conv"], kinds["deep"]) == ("Rescaling", "Conv2D", "DepthwiseConv2D")
    assert kinds["bend"] == "ExactGelu"
    assert plain.get_layer("head_dense").activation is not keras.activations.gelu
    assert plain.get_layer("base").get_layer("conv").compute_dtype == "float32"
    pixels = np.random.default_rng(0).normal(size=(4, 16, 16, 3)).astype(np.float32)
    # bfloat16 has 8 binary digits: the copy, in float32, is nearer to what was meant.
    np.testing.assert_allclose(np.asarray(plain(pixels)), np.asarray(model(pixels)), atol=0.02)


def test_a_model_in_plain_layers_stays_itself(model: keras.Model) -> None:
    assert in_plain_layers(model) is model


def test_the_base_of_a_script_is_the_one_that_the_run_started_from(
    thin_here: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(lite0, "BLOCKS", tuple((1, 3, 2, 1 if k == 0 else 6, 8) for k in range(7)))
    settings = {"data.image_size": 32, "training.mode": "fine_tune"}
    run = RunStore().create(make_config("/data", settings))
    facts = save_base(run, tmp_path / "base.keras", lambda words, share: None)
    assert facts == {"unfreeze_from": "top_conv"}
    staged = {"training.finetune_stages": 2, "training.unfreeze_from": "block6", "training.block_rate_factor": 0.5}
    other = RunStore().create(make_config("/data", {**settings, **staged}))
    facts = save_base(other, tmp_path / "other.keras", lambda words, share: None)
    assert facts["unfreeze_from"] == ["top_conv", "block6a_expand_conv"]
    assert facts["block_starts"][-3:] == ["block6a_expand_conv", "block7a_expand_conv", "top_conv"]
    assert len(facts["block_starts"]) == 8, "the lowest block needs no beginning: nothing lies below it"
    base = keras.saving.load_model(tmp_path / "base.keras")
    hashes = {"base": weights_only_hash(base), "statistics": statistics_hash(base)}
    rest = {
        "environment": {},
        "data": dict.fromkeys(("train", "val", "labels"), ""),
        "classes": ["a"],
        "samples": [],
        "epochs": [],
    }
    files.write_json(run.path / "trace.json", {**rest, "hashes": hashes})
    save_base(run, tmp_path / "base.keras", lambda words, share: None)
    files.write_json(run.path / "trace.json", {**rest, "hashes": {**hashes, "statistics": "other"}})
    with pytest.raises(RunError, match=r"the weights of .* on this machine are not those that run .* started from"):
        save_base(run, tmp_path / "base.keras", lambda words, share: None)
    files.write_json(run.path / "trace.json", {**rest, "hashes": {"base": 3}})
    with pytest.raises(RunError, match=r"^trace\.json: .*, so nothing says whether the base .*; put the file back, or"):
        save_base(run, tmp_path / "base.keras", lambda words, share: None)
