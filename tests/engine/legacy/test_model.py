"""Old models rebuilt layer by layer: what this Keras writes as HDF5, and the forms of older ones written by hand.

The forms of Keras 2 were taken from files that 2.12 and 2.15 have written; answers are compared with TensorFlow's own.
"""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from core.engine.jobs.try_model import describe, load
from core.engine.legacy import graph as legacy_graph
from core.engine.legacy.graph import Graph
from core.engine.legacy.model import load_legacy
from core.engine.legacy.operations import FUNCTIONS, OPERATIONS
from core.errors import ModelError
from core.models.inspector import inspect_model
from core.models.legacy import inspect_foreign
from core.models.old_forms import TF_FUNCTIONS, TF_OPS

layers, ops = keras.layers, keras.ops
Config = dict[str, Any]
SIZE = 16
IMAGES = np.random.default_rng(3).integers(0, 256, (3, SIZE, SIZE, 3)).astype(np.float32)
INPUT: Config = {"class_name": "InputLayer", "name": "i", "inbound_nodes": [],
                 "config": {"batch_input_shape": [None, SIZE, SIZE, 3], "name": "i"}}  # fmt: skip


def layer(kind: str, name: str, *nodes: Any, **settings: Any) -> Config:
    """A layer as Keras 2 writes it."""
    config = {"name": name, "trainable": True, "dtype": "float32", **settings}
    return {"class_name": kind, "name": name, "config": config, "inbound_nodes": list(nodes)}


def rebuilt_alone(kind: str, **settings: Any) -> Any:
    return answers_of(graph(layer(kind, "l", of("i"), **settings), out="l"))


def test_a_setting_that_is_switched_on_is_not_taken_for_the_number_one() -> None:
    """`True == 1`: every unknown setting that was on counted as one that does nothing."""
    with pytest.raises(ModelError, match="its Rescaling has the setting mirrored, which this Keras does not know"):
        rebuilt_alone("Rescaling", scale=0.5, mirrored=True)
    for nothing in (False, None, 1, 1.0, 0, "channels_last"):
        np.testing.assert_allclose(rebuilt_alone("Rescaling", scale=0.5, unheard_of=nothing), IMAGES * 0.5)


@pytest.mark.filterwarnings("ignore:.*rms_scaling")
@pytest.mark.parametrize("center", [True, False])
def test_rms_scaling_of_a_layer_normalisation_is_computed(center: bool) -> None:
    given = rebuilt_alone("LayerNormalization", rms_scaling=True, center=center, axis=[-1])
    expected = layers.LayerNormalization(rms_scaling=True, center=center)(IMAGES)
    np.testing.assert_allclose(given, expected, atol=1e-5)
    assert np.abs(given - np.asarray(layers.LayerNormalization(center=center)(IMAGES))).max() > 0.1


def of(*names: str, **kwargs: Any) -> list[Any]:
    return [[name, 0, 0, kwargs] for name in names]


def graph(*inside: Config, out: str, name: str = "m", **more: Any) -> Config:
    config = {"name": name, "layers": [INPUT, *inside], "input_layers": [["i", 0, 0]], "output_layers": [[out, 0, 0]]}
    return {"class_name": "Functional", "name": name, "config": {**config, **more}, "inbound_nodes": []}


def answers_of(config: Config, images: Any = IMAGES) -> Any:
    """What a model without weights answers, rebuilt."""
    given = keras.Input(images.shape[1:])
    return np.asarray(keras.Model(given, Graph(keras_2=True).model(config, given))(images))


def write_hdf5(path: Path, config: Config, groups: dict[str, dict[str, Any]], version: str | None = "2.4.0") -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        if version:
            file.attrs["keras_version"] = version
        file.create_group("model_weights").attrs["layer_names"] = [name.encode() for name in groups]
        for group, arrays in groups.items():
            part = file["model_weights"].create_group(group)
            part.attrs["weight_names0"] = [name.encode() for name in list(arrays)[:1]]  # long lists come in parts
            part.attrs["weight_names1"] = [name.encode() for name in list(arrays)[1:]]
            for name, array in arrays.items():
                part[name] = array
    return path


def write_keras(path: Path, config: Config, arrays: dict[str, Any], version: str = "2.13.1") -> Path:
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("model.weights.h5", weights.getvalue())
    return path


def filled(model: keras.Model) -> keras.Model:
    rng = np.random.default_rng(5)
    model.set_weights([rng.uniform(0.1, 0.9, weight.shape) for weight in model.weights])
    for part in model.layers:
        getattr(part, "finalize_state", lambda: None)()
    return model


def twins() -> keras.Model:
    """Two models with equal names of layers, one of them frozen, and a layer that is called twice."""

    def part(name: str) -> keras.Model:
        x = keras.Input((SIZE, SIZE, 3))
        y = layers.BatchNormalization(name="bn")(layers.Conv2D(3, 3, padding="same", name="same")(x))
        return keras.Model(x, y, name=name)

    x, shared, frozen = keras.Input((SIZE, SIZE, 3)), layers.Conv2D(3, 3, padding="same"), part("p1")
    frozen.trainable = False
    y = part("p2")(frozen(shared(shared(layers.Rescaling(1 / 255)(x)))))
    y = layers.Activation("hard_sigmoid")(layers.Dropout(0.5)(layers.RandomFlip()(y)))
    return keras.Model(x, layers.Dense(3, "softmax")(layers.Flatten()(y)))


def arithmetic() -> keras.Model:
    x = keras.Input((SIZE, SIZE, 3))
    y = layers.Normalization()(keras.applications.vgg16.preprocess_input(x))
    y = ops.maximum(1.0 - (y / 255.0 - np.array([0.4, 0.5, 0.3], np.float32)) * 2.0, -1.5)
    y = layers.SeparableConv2D(4, 3, activation="gelu")(layers.Add()([y, layers.Multiply()([y, y])]))
    return keras.Model(x, layers.Dense(1, "sigmoid")(layers.GlobalAveragePooling2D()(layers.PReLU()(y))))


def in_float16() -> keras.Model:
    x = keras.Input((SIZE, SIZE, 3))
    y = layers.Conv2D(4, 3, activation="relu", dtype="mixed_float16")(layers.Rescaling(1 / 255)(x))
    return keras.Model(x, layers.Dense(2, "softmax", dtype="float32")(layers.GlobalMaxPooling2D()(y)))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_this_keras_writes_is_rebuilt_with_equal_answers(tmp_path: Path) -> None:
    for make in (twins, arithmetic, in_float16):
        model, made = filled(make()), tmp_path / "made.keras"
        for suffix in (".h5", ".keras"):
            path = tmp_path / f"m{suffix}"
            model.save(path)
            inspect_foreign(path)
            rebuilt = load_legacy(path)
            np.testing.assert_allclose(rebuilt(IMAGES), model(IMAGES), atol=1e-3 if make is in_float16 else 1e-5)
            rebuilt.save(made)
            inspect_model(made)
            np.testing.assert_allclose(keras.saving.load_model(made)(IMAGES), rebuilt(IMAGES), atol=1e-6)


ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "__operators__.getitem": ([{"class_name": "__ellipsis__"}, {"start": None, "stop": None, "step": -1}],),
    "cast": ("float32",), "clip_by_value": (-0.5, 0.25), "expand_dims": (1,), "image.resize": ([5, 7], "bilinear"),
    "math.reduce_max": ([1, 2],), "math.reduce_mean": ([1, 2], True), "math.reduce_min": ([3], False),
    "math.reduce_sum": (-1,), "nn.bias_add": ([0.5, -0.5, 2.0], "NHWC"), "nn.leaky_relu": (0.3,), "nn.softmax": (-1,),
    "reshape": ([-1, 4, 48],), "reverse": ([-1],), "squeeze": (None,), "transpose": ([0, 3, 1, 2],),
}  # fmt: skip


def test_every_function_of_tensorflow_on_the_list_gives_what_tensorflow_gives() -> None:
    assert set(FUNCTIONS) == TF_FUNCTIONS
    assert set(OPERATIONS) == TF_OPS
    x = np.random.default_rng(1).normal(size=(2, SIZE, SIZE, 3)).astype(np.float32)
    for name in sorted(TF_FUNCTIONS):
        function, names = tf, FUNCTIONS[name][1]
        kwargs: Config = {"name": None}
        if name in ("concat", "stack"):
            given, expected = of("i", "n", axis=-1), getattr(tf, name)([x, -x], axis=-1)
        elif name == "math.scalar_mul":
            given, expected = ["_CONSTANT_VALUE", -1, 0.5, {"x": ["i", 0, 0]}], 0.5 * x
        else:
            more = ARGUMENTS.get(name, (0.75,) if names == ("x", "y") else ())
            kwargs |= dict(zip(names[1:], more, strict=False))
            given = ["i", 0, 0, kwargs]
            for part in name.removeprefix("__operators__.").split("."):
                function = getattr(function, part, None)
            own = {"__operators__.add": tf.add, "__operators__.truediv": tf.divide}.get(name, function)
            expected = x[..., ::-1] if "getitem" in name else own(x, *more)
        kind = "SlicingOpLambda" if "getitem" in name else "TFOpLambda"
        config = graph(layer("TFOpLambda", "n", ["i", 0, 0, {"name": None}], function="math.negative"),
                       layer(kind, "f", given, function=name), out="f")  # fmt: skip
        np.testing.assert_allclose(answers_of(config, x), np.asarray(expected), atol=2e-5, err_msg=name)


def test_operations_of_the_first_tensorflow_2_give_what_tensorflow_gives() -> None:
    bits = {name: {"i": "0"} for name in ("new_axis_mask", "shrink_axis_mask")}
    cases: list[tuple[str, Config, Config, Any]] = [
        ("RealDiv", {}, {"1": 127.5}, IMAGES / 127.5),
        ("Sub", {}, {"0": 1.0}, 1.0 - IMAGES),
        ("BiasAdd", {"data_format": {"s": "TkhXQw=="}}, {"1": [1.0, 2.0, 3.0]}, IMAGES + np.array([1, 2, 3])),
        ("Mean", {"keep_dims": {"b": False}}, {"1": [1, 2]}, IMAGES.mean(axis=(1, 2))),
        ("Reshape", {}, {"1": [-1, SIZE * SIZE * 3]}, IMAGES.reshape(3, -1)),
        ("StridedSlice", {**bits, "ellipsis_mask": {"i": "1"}, "begin_mask": {"i": "2"}, "end_mask": {"i": "2"}},
         {"1": [0, 0], "2": [0, 0], "3": [1, -1]}, IMAGES[..., ::-1]),
        ("ExpandDims", {}, {"1": 1}, IMAGES[:, None]),
    ]  # fmt: skip
    for op, attr, constants, expected in cases:
        node = {"name": "x", "op": op, "input": ["i"], "attr": attr}
        config = graph(layer("TensorFlowOpLayer", "t", of("i"), node_def=node, constants=constants), out="t")
        np.testing.assert_allclose(answers_of(config), expected, rtol=1e-5, atol=1e-4, err_msg=op)
    joined = {"name": "x", "op": "ConcatV2", "input": [], "attr": {}}
    config = graph(layer("TensorFlowOpLayer", "t", of("i", "i"), node_def=joined, constants={"2": -1}), out="t")
    assert answers_of(config).shape == (3, SIZE, SIZE, 6)


def test_what_keras_2_computed_otherwise_stays_what_it_was() -> None:
    hard = graph(layer("Rescaling", "r", of("i"), scale=0.02, offset=-2.0),
                 layer("Activation", "a", of("r"), activation="hard_sigmoid"), out="a")  # fmt: skip
    np.testing.assert_allclose(answers_of(hard), np.clip(0.2 * (IMAGES * 0.02 - 2) + 0.5, 0, 1), atol=1e-6)
    gone = graph(layer("RandomHeight", "h", of("i"), factor=0.1), layer("RandomWidth", "w", of("h"), factor=0.1),
                 layer("ActivityRegularization", "y", of("w"), l1=0.1),
                 layer("ThresholdedReLU", "t", of("y"), theta=100.0), out="t")  # fmt: skip
    np.testing.assert_allclose(answers_of(gone), np.where(IMAGES > 100, IMAGES, 0))
    crop = graph(layer("RandomCrop", "c", of("i"), height=4, width=4, seed=None), out="c")
    expected = keras.preprocessing.image.smart_resize(IMAGES, (4, 4)) if hasattr(keras, "preprocessing") else None
    if expected is not None:
        np.testing.assert_allclose(answers_of(crop), expected, atol=1e-3)
    leaky = graph(layer("Conv2D", "c", of("i"), filters=3, kernel_size=[1, 1],
                        activation={"class_name": "LeakyReLU", "config": {"alpha": 0.5}}), out="c")  # fmt: skip
    given = keras.Input((SIZE, SIZE, 3))
    made = Graph(keras_2=True)
    model = keras.Model(given, made.model(leaky, given))
    made.leaves["c",].layers[0].set_weights([-np.eye(3).reshape(1, 1, 3, 3), np.zeros(3)])
    np.testing.assert_allclose(model(IMAGES), -0.5 * IMAGES, rtol=1e-6)


def nested(name: str, kind: str = "Dense") -> Config:
    inside = [layer("GlobalAveragePooling2D", "g", of("i")), layer(kind, "d", of("g"), units=2, activation="linear")]
    return {**graph(*inside, out="d", name=name), "inbound_nodes": [of("i")]}


def test_arrays_are_found_by_name_and_where_names_are_of_another_session_by_order(tmp_path: Path) -> None:
    kernels = {name: np.full((3, 2), value, np.float32) for name, value in (("a", 1.0), ("b", 2.0))}
    config = graph(nested("a"), nested("b"), layer("Add", "sum", of("a", "b")), out="sum")
    expected = np.repeat(3.0 * IMAGES.mean(axis=(1, 2)).sum(axis=1, keepdims=True) + 3, 2, axis=1)
    for spelt in ("d/kernel:0", "a_1/d/kernel:0", "d_7/kernel:0"):
        bias = spelt.replace("kernel", "bias")
        groups = {name: {bias: np.full(2, kernel[0, 0], np.float32), spelt: kernel} for name, kernel in kernels.items()}
        if spelt == "d_7/kernel:0":  # by order: as Keras has them
            groups = {name: dict(reversed(arrays.items())) for name, arrays in groups.items()}
        path = write_hdf5(tmp_path / "m.h5", config, groups)
        inspect_foreign(path)
        np.testing.assert_allclose(load_legacy(path)(IMAGES), expected, rtol=1e-5)
    del groups["b"]
    with pytest.raises(ModelError, match='its layer "d" has no fitting weights among the weights; open it with'):
        load_legacy(write_hdf5(tmp_path / "m.h5", config, groups))


def test_a_keras_file_of_keras_2_is_rebuilt_by_the_count_of_its_layers(tmp_path: Path) -> None:
    config = graph(nested("a"), nested("b"), layer("Add", "sum", of("a", "b")), out="sum")
    for part in config["config"]["layers"][1:]:
        part |= {"module": "keras.src.engine.functional", "registered_name": part["class_name"]}
    config |= {"module": "keras.src.engine.functional", "registered_name": "Functional",
               "compile_config": {"optimizer": {"module": "os", "class_name": "system", "config": {}}}}  # fmt: skip
    for root in ("layers", "_layer_checkpoint_dependencies"):
        arrays = {f"{root}/functional{k}/{root}/dense/vars/{n}": array for k, value in (("", 1.0), ("_1", 2.0))
                  for n, array in enumerate((np.full((3, 2), value, np.float32), np.zeros(2, np.float32)))}  # fmt: skip
        path = write_keras(tmp_path / "m.keras", config, arrays)
        assert inspect_foreign(path).rebuild
        model, rebuilt = load(path, "rebuild")
        assert rebuilt
        np.testing.assert_allclose(model(IMAGES)[:, 0], 3.0 * IMAGES.mean(axis=(1, 2)).sum(axis=1), rtol=1e-5)


def test_training_of_a_part_is_never_looked_at(tmp_path: Path) -> None:
    model = filled(twins())
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    evil = {"optimizer": {"module": "os", "class_name": "system", "config": {}}, "metrics": ["a_metric_of_mine"]}
    next(part for part in config["config"]["layers"] if part["class_name"] == "Functional")["compile_config"] = evil
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(ModelError, match="brings its own training"):
        inspect_model(tmp_path / "m.keras")  # Keras would make it
    assert inspect_foreign(tmp_path / "m.keras").rebuild
    np.testing.assert_allclose(load(tmp_path / "m.keras", "rebuild")[0](IMAGES), model(IMAGES), atol=1e-5)


def doubled(levels: int) -> Config:
    inner = nested("a0")
    inner["config"]["layers"][1:] = [layer("ReLU", "d", of("i"))]
    for k in range(levels):
        twice = {**inner, "inbound_nodes": [of("i"), of(inner["name"])]}
        inner = {**graph(twice, out=inner["name"], name=f"a{k + 1}"), "inbound_nodes": [of("i")]}
        inner["config"]["output_layers"] = [[twice["name"], 1, 0]]
    return inner


REFUSED: dict[str, tuple[Callable[[], Config], str]] = {
    "code": (lambda: graph(layer("Lambda", "l", of("i"), function="x"), out="l"), "runs Python code that the file bri"),
    "an own layer": (lambda: graph(layer("Mine", "l", of("i")), out="l"), "only layers of Keras itself are"),
    "another function": (lambda: graph(layer("TFOpLambda", "l", of("i"), function="io.read_file"), out="l"),
                         'it uses "io.read_file" of TensorFlow, which is not on the list'),
    "another operation": (lambda: graph(layer("TensorFlowOpLayer", "l", of("i"), node_def={"op": "ReadFile"}), out="l"),
                          'it uses "ReadFile" of TensorFlow, which is not on the list'),
    "a module": (lambda: graph({**layer("ReLU", "l", of("i")), "module": "os"}, out="l"), 'it uses "ReLU"'),
    "many layers": (lambda: graph(*(layer("ReLU", f"l{k}", of("i")) for k in range(3001)), out="l0"),
                    "it has more than 3,000 layers"),
    "statistics of the batch": (lambda: graph(layer("BatchNormalization", "l", of("i", training=True)), out="l"),
                                'its layer "l" works as in training'),
    "two outputs": (lambda: graph(layer("ReLU", "l", of("i")), out="l", output_layers=[["l", 0, 0]] * 2), "several in"),
    "a dictionary": (lambda: graph(layer("ReLU", "l", {"args": [], "kwargs": {}}), out="l"), "cannot be laid"),
    "a setting": (lambda: graph(layer("ReLU", "l", of("i"), novel=7), out="l"), "its ReLU has the setting novel"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_one_sentence_with_what_to_do(tmp_path: Path, name: str) -> None:
    make, words = REFUSED[name]
    path = write_hdf5(tmp_path / "m.h5", make(), {})
    with pytest.raises(ModelError) as error:
        inspect_foreign(path)
        load_legacy(path)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_models_in_models_that_double_with_every_level_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_hdf5(tmp_path / "m.h5", doubled(5), {})
    inspect_foreign(path)
    np.testing.assert_allclose(load_legacy(path)(IMAGES), IMAGES)
    monkeypatch.setattr(legacy_graph, "MOST_CALLS", 60)
    with pytest.raises(ModelError, match="its layers are called more than 60 times"):
        load_legacy(path)


def test_weights_alone_are_no_model(tmp_path: Path) -> None:
    filled(twins()).save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(
        ModelError, match=r"holds weights alone, no model; load them into the model that they belong to"
    ):
        inspect_foreign(tmp_path / "m.weights.h5")


def test_a_model_of_gray_images_gets_colored_ones_turned_gray(tmp_path: Path) -> None:
    x = keras.Input((SIZE, SIZE, 1))
    filled(keras.Model(x, layers.Dense(2, "softmax")(layers.Flatten()(x)))).save(tmp_path / "m.keras")
    facts, made = describe(tmp_path / "m.keras", "0..1", tmp_path / "made.keras"), tmp_path / "made.keras"
    assert (facts["gray"], facts["converted"]) == (True, True)
    inspect_model(made)
    gray = (IMAGES @ np.array([[0.299], [0.587], [0.114]], np.float32)) / 255
    expected = keras.saving.load_model(tmp_path / "m.keras")(gray)
    np.testing.assert_allclose(keras.saving.load_model(made)(IMAGES), expected, atol=1e-5)
    assert "it takes grey images, and caffe is of three colours" in str(
        describe(tmp_path / "m.keras", "caffe")["error"]
    )
