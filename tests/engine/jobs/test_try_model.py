"""Models from elsewhere tried on images of our own: saved by Keras 3, in HDF5 as Keras 2 does, and a real one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from core.engine.jobs.try_model import describe, trial_images
from core.errors import ModelError
from core.models.inspector import inspect_model
from core.models.legacy import inspect_legacy
from core.models.trial import Answers, judge
from core.workers import try_model_client as importing

layers = keras.layers
RED_BLUE = [[9.0], [0.0], [-9.0]]


def saved(path: Path, out: Any, kernel: Any, before: Callable[[Any], Any] | None = None, scale: Any = 1 / 255) -> Path:
    x = keras.Input((16, 16, 3))
    y = before(x) if before else x
    y = layers.Rescaling(scale)(y) if scale else y
    dense = layers.Dense(len(kernel[0]), activation=out)
    model = keras.Model(x, dense(layers.GlobalAveragePooling2D()(y)))
    dense.set_weights([np.array(kernel, np.float32), np.zeros(len(kernel[0]), np.float32)])
    model.save(path)
    return path


def verdict(path: Path, pixels: str = "") -> list[str]:
    inspect_model(path)
    facts = describe(path, pixels or "0..255", others=not pixels)
    return judge(Answers.from_record(facts["answers"]), pixels or "0..255", given=bool(pixels))  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_black_alone_would_have_passed_these(tmp_path: Path) -> None:
    for out, words in ((None, "9.00 for the red image"), ("tanh", "-1.00 for the blue image")):
        with pytest.raises(ModelError, match=words):
            verdict(saved(tmp_path / "m.keras", out, RED_BLUE))
    with pytest.raises(ModelError, match="a softmax over one output is always 1"):
        verdict(saved(tmp_path / "m.keras", "softmax", RED_BLUE))
    with pytest.raises(
        ModelError, match=r"its numbers do not add up to 1 .* so it predicts several independent labels"
    ):
        verdict(saved(tmp_path / "m.keras", "sigmoid", [[9.0, 9.0, -9.0]] * 3))


def test_arithmetic_of_preprocess_input_and_every_random_layer_are_let_in(tmp_path: Path) -> None:
    applications = keras.applications
    inside = (applications.mobilenet_v2, applications.vgg16, applications.densenet)
    for module in inside:
        assert verdict(saved(tmp_path / "m.keras", "sigmoid", RED_BLUE, module.preprocess_input, None)) == []
    by_hand = (
        lambda x: x / 255.0,
        lambda x: (x - np.array([9, 8, 7], np.float32)) * 0.01,
        lambda x: x[..., ::-1] - 1.0,
    )
    for before in by_hand:
        assert verdict(saved(tmp_path / "m.keras", "sigmoid", RED_BLUE, before, 1 / 255)) == []


def test_every_random_layer_of_keras_passes_and_does_nothing_to_an_answer(tmp_path: Path) -> None:
    settings = {"RandomCrop": (16, 16), "RandomRotation": (0.1,), "RandomTranslation": (0.1, 0.1), "MixUp": (),
                "RandomZoom": (0.1,), "RandomErasing": (), "RandomPosterization": (4,), "RandomSaturation": (0.1,),
                "RandomHue": (0.1,), "RandomSharpness": (0.1,), "RandomColorDegeneration": (0.1,),
                "RandomShear": ()}  # fmt: skip
    names = [name for name in dir(layers) if name.startswith(("Random", "Rand", "Gaussian", "AugMix", "CutMix"))]
    assert len(names) > 20
    one = saved(tmp_path / "plain.keras", "sigmoid", RED_BLUE)
    plain = keras.saving.load_model(one)
    images = np.stack(list(trial_images(16).values())).astype(np.float32)
    expected = np.asarray(plain(images, training=False))
    stack = []
    for name in names:
        values = settings.get(name, (0.1,) if name.startswith(("RandomB", "RandomC", "Gaussian", "RandomS")) else ())
        stack.append(getattr(layers, name)(*values))

    def before(x: Any) -> Any:
        for layer in stack:
            x = layer(x)
        return x

    path = saved(tmp_path / "random.keras", "sigmoid", RED_BLUE, before)
    inspect_model(path)
    np.testing.assert_allclose(keras.saving.load_model(path)(images, training=False), expected, atol=1e-5)


def test_pixels_that_nothing_scales_are_said_and_a_chosen_scale_goes_into_the_model(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.keras", "softmax", [[0.0, 20.0, 5.0]] * 3, None, None)
    assert "No layer of it scales pixels to a smaller range" in verdict(path)[0]
    original, made = keras.saving.load_model(path), tmp_path / "made.keras"
    images = np.stack(list(trial_images(16).values()))
    for pixels, scaled in (
        ("0..1", images / 255), ("-1..1", images / 127.5 - 1),
        ("caffe", images[..., ::-1] - np.array([103.939, 116.779, 123.68])),
        ("torch", (images / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]),
    ):  # fmt: skip
        describe(path, pixels, made)
        inspect_model(made)
        found = keras.saving.load_model(made)(images.astype(np.float32))
        np.testing.assert_allclose(found, original(scaled.astype(np.float32)), atol=1e-4)


@pytest.mark.parametrize(
    ("before", "is_said"),
    [
        (layers.Rescaling(2.0, -1.0), True),
        (layers.Normalization(mean=[0.485, 0.456, 0.406], variance=[0.052, 0.05, 0.05]), True),
        (lambda x: (x - 0.5) / 0.5, True),
        (layers.Rescaling(1 / 127.5, -1.0), False),
        (layers.Normalization(mean=[124.0, 116.0, 104.0], variance=[3400.0, 3300.0, 3300.0]), False),
        (lambda x: x - np.array([124.0, 116.0, 104.0], np.float32), False),
        (lambda x: x / 255.0, False),
    ],
)
def test_layers_that_make_pixels_larger_were_made_for_smaller_ones(tmp_path: Path, before: Any, is_said: bool) -> None:
    notes = verdict(saved(tmp_path / "m.keras", "sigmoid", RED_BLUE, before, None))
    assert [note for note in notes if "No layer of it scales pixels to a smaller range" in note] == notes
    assert len(notes) == is_said


def test_a_last_layer_without_sigmoid_or_softmax_is_said(tmp_path: Path) -> None:
    def ends(activation: str | None) -> list[str]:
        i = keras.Input((16, 16, 3))
        y = layers.Dense(1, activation=activation)(layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(i)))
        model = keras.Model(i, y)
        model.layers[-1].set_weights([np.array([[0.3], [0.3], [0.3]]), np.array([0.05])])
        model.save(tmp_path / "m.keras")
        return verdict(tmp_path / "m.keras")

    assert ends("sigmoid") == ends("hard_sigmoid") == []
    for activation in (None, "relu", "tanh"):
        (note,) = ends(activation)
        assert note.startswith(f"Its last layer is {activation or 'linear'}, neither sigmoid nor softmax")


def test_answers_that_vary_with_other_pixels_only_are_refused_with_these(tmp_path: Path) -> None:
    def clipped(x: Any) -> Any:
        return layers.ReLU(max_value=0.5)(layers.Rescaling(1.0, 1.0)(x))

    path = saved(tmp_path / "m.keras", "softmax", [[3.0, 0.0], [0.0, 0.0], [0.0, 3.0]], clipped, None)
    with pytest.raises(ModelError, match=r"with pixels of 0\.\.255; with .*-1\.\.1.* its answers vary"):
        verdict(path)


def keras_2(path: Path, change: Callable[[dict[str, Any]], None] | None = None) -> keras.Model:
    """A small model in a model, in the form in which Keras 2 writes it; returns it as Keras 3 has it."""
    rng = np.random.default_rng(4)
    kernel, depth = rng.normal(size=(3, 3, 3, 4)).astype("f"), rng.normal(size=(3, 3, 4, 1)).astype("f")
    dense = rng.normal(size=(4, 3)).astype("f")
    common = {"trainable": True, "dtype": "float32", "use_bias": False, "activation": "linear"}
    conv = {**common, "name": "c", "filters": 4, "kernel_size": [3, 3], "kernel_initializer": "glorot_uniform",
            "padding": "same", "batch_input_shape": [None, 16, 16, 3]}  # fmt: skip
    deep = {**common, "name": "d", "kernel_size": [3, 3], "padding": "same", "groups": 1,
            "depthwise_initializer": {"class_name": "Zeros", "config": {}}}  # fmt: skip
    graph = {"name": "inner", "layers": [
        {"class_name": "InputLayer", "name": "i", "config": {"batch_input_shape": [None, 16, 16, 3], "name": "i"},
         "inbound_nodes": []},
        {"class_name": "Conv2D", "name": "c", "config": conv, "inbound_nodes": [[["i", 0, 0, {}]]]},
        {"class_name": "DepthwiseConv2D", "name": "d", "config": deep, "inbound_nodes": [[["c", 0, 0, {}]]]},
        {"class_name": "Add", "name": "a", "config": {"name": "a"},
         "inbound_nodes": [[["c", 0, 0, {}], ["d", 0, 0, {}]]]},
    ], "input_layers": [["i", 0, 0]], "output_layers": [["a", 0, 0]]}  # fmt: skip
    config: dict[str, Any] = {"class_name": "Sequential", "config": {"name": "s", "layers": [
        {"class_name": "Functional", "config": graph},
        {"class_name": "GlobalAveragePooling2D", "config": {"name": "g"}},
        {"class_name": "Dense", "config": {**common, "name": "o", "units": 3, "activation": "softmax"}},
    ]}}  # fmt: skip
    if change:
        change(config)
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        arrays = {"inner": {"c/kernel:0": kernel, "d/depthwise_kernel:0": depth}, "o": {"o/kernel:0": dense}}
        file.create_group("model_weights").attrs["layer_names"] = [name.encode() for name in arrays]
        for group, members in arrays.items():
            part = file["model_weights"].create_group(group)
            part.attrs["weight_names"] = [name.encode() for name in members]
            for name, array in members.items():
                part[name] = array
    x = keras.Input((16, 16, 3))
    c = layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
    y = layers.Add()([c, layers.DepthwiseConv2D(3, padding="same", use_bias=False)(c)])
    model = keras.Model(x, layers.Dense(3, "softmax", use_bias=False)(layers.GlobalAveragePooling2D()(y)))
    model.set_weights([kernel, depth, dense])
    return model


def test_hdf5_of_keras_2_becomes_a_keras_3_model_with_the_same_answers(tmp_path: Path) -> None:
    expected, made = keras_2(tmp_path / "m.h5"), tmp_path / "made.keras"
    inspect_legacy(tmp_path / "m.h5")
    assert describe(tmp_path / "m.h5", "0..1", made)["outputs"] == 3
    inspect_model(made)
    images = np.stack(list(trial_images(16).values())).astype(np.float32)
    np.testing.assert_allclose(keras.saving.load_model(made)(images), expected(images / 255), atol=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["config"]["layers"].append({"class_name": "Lambda", "config": {}}), 'it uses "Lambda"'),
        (lambda c: c["config"]["layers"].append({"class_name": "TFOpLambda", "config": {}}), '"None" of TensorFlow'),
        (lambda c: c["config"]["layers"][2]["config"].update(module="os"), "names a module, but no class"),
        (lambda c: c["config"]["layers"][2]["config"].update(activation="os.system"), 'activation is "os.system"'),
        (lambda c: c["config"]["layers"][2]["config"].update(units=10**6), '"units" is 1000000; at most 65536'),
        (lambda c: c.update(class_name="Dense"), "describes no model of layers"),
    ],
)
def test_hdf5_goes_through_the_same_list(tmp_path: Path, change: Callable[[Any], None], words: str) -> None:
    keras_2(tmp_path / "m.h5", change)
    with pytest.raises(ModelError, match=words):
        inspect_legacy(tmp_path / "m.h5")


def test_hdf5_that_cannot_be_laid_is_one_sentence(tmp_path: Path) -> None:
    def circle(config: dict[str, Any]) -> None:
        config["config"]["layers"][0]["config"]["layers"][1]["inbound_nodes"] = [[["a", 0, 0, {}]]]

    keras_2(tmp_path / "m.h5", circle)
    assert "its layers do not follow from its input" in str(describe(tmp_path / "m.h5")["error"])
    keras_2(tmp_path / "m.h5", lambda c: c["config"]["layers"][2]["config"].update(units=4))
    assert 'its layer "o" has no fitting kernel' in str(describe(tmp_path / "m.h5")["error"])
    (tmp_path / "m.h5").write_bytes(b"\x89HDF\r\n\x1a\n and no more")
    with pytest.raises(ModelError, match="the file is damaged"):
        inspect_legacy(tmp_path / "m.h5")


@pytest.mark.slow
def test_a_model_of_teachable_machine_opens_as_it_is(test_data: Path) -> None:
    folder = test_data / "models" / "teachable-machine"
    if not folder.is_dir():
        pytest.skip("PARITY_TEST_DATA has no models/teachable-machine")
    with (folder / "keras_model.h5").open("rb") as file:
        run = importing.import_model(file, ["cardboard", "plastic", "glass", "metal"], "waste")
    imported = run.data().imported
    assert (imported["pixels"], imported["image_size"], imported["outputs"]) == ("-1..1", 224, 4)
    assert imported["notes"] == ["This is a model of Teachable Machine, so its pixels are scaled to -1..1."]
    # Computed once by another way: the file's arrays through TensorFlow's own operations, layer by layer.
    pixels = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3)).astype(np.float32)
    found = np.asarray(keras.saving.load_model(run.path / "model.keras")(pixels))[0]
    assert found.sum() == pytest.approx(1, abs=1e-5)
    assert int(found.argmax()) == 1
