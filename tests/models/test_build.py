import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from core.data.preprocessing import PREPROCESSING
from core.engine.train.observe import rectified_layers
from core.errors import ConfigError, WeightsError
from core.models.build import (
    POLICIES,
    POOLING,
    FrozenBase,
    backbone_layers,
    build_base,
    build_head,
    build_layers,
    join,
    train_model,
    weights_hash,
)
from core.models.catalogue import find
from core.models.head_plan import plan_layers
from core.notation.head import read_head

LITE0 = find("EfficientNetLite0")


def noise_images(count, size, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3)).astype(np.float32)


def learning(model, images, labels, rate=1e-2):
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy", jit_compile=False)
    model.fit(images, labels, batch_size=4, epochs=2, shuffle=False, verbose=0)


def moving(base):
    return [w.numpy() for w in base.weights if "moving_" in w.path]


@pytest.fixture
def no_network(tmp_path, monkeypatch):
    """An empty Keras cache, and a network that is down. Gives the folder of the cache."""

    def unreachable(*_, **__):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("PARITY_WEIGHTS", raising=False)
    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    return tmp_path / "keras" / "models"


# ---- the base


@pytest.mark.slow
@pytest.mark.parametrize("row", [find(name) for name in ("VGG16", "MobileNet", "NASNetMobile")], ids=lambda r: r.name)
def test_weight_files_are_those_that_keras_would_fetch(row, monkeypatch):
    asked: dict[str, Any] = {}

    def note(fname, origin, cache_subdir, file_hash=None):
        asked.update(file=fname, url=origin, folder=cache_subdir, hash=file_hash)
        raise ConnectionError

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", note)
    for cell in ("normal", "reduction"):  # Keras lays all 780 layers of NASNet before it asks for their weights
        monkeypatch.setattr(f"keras.src.applications.nasnet._{cell}_a_cell", lambda ip, p, *_, **__: (ip, ip))
    with pytest.raises(ConnectionError):
        getattr(keras.applications, row.keras_name)(include_top=False, weights="imagenet", input_shape=(224, 224, 3))
    assert asked == {
        "file": row.weights_file,
        "url": row.weights_url,
        "folder": "models",
        "hash": row.weights_hash,
    }


@pytest.mark.parametrize(
    ("name", "preprocessing", "kind"),
    [
        ("VGG16", "backbone", "caffe"),
        ("MobileNetV2", "backbone", "tf"),
        ("EfficientNetLite0", "backbone", "lite"),
        ("EfficientNetLite0", "rescale", "rescale"),
        ("VGG16", "none", "raw"),
    ],
)
def test_preprocessing_in_the_model_is_the_formula_bit_for_bit(name, preprocessing, kind):
    base = build_base(find(name), 32, weights="none", preprocessing=preprocessing)
    first = backbone_layers(base)[0]
    images = noise_images(3, 32) + np.float32(0.3)
    rule = PREPROCESSING[kind]
    expected = images * np.array(rule.scale, np.float32) + np.array(rule.offset, np.float32)
    expected = expected[..., ::-1] if rule.bgr else expected
    given = keras.Model(base.input, first.input).predict(images, verbose=0)
    assert given.dtype == np.float32
    assert np.array_equal(given, expected)


def test_torch_preprocessing_is_the_formula_bit_for_bit():
    # DenseNet121 is the only backbone with it and slow to build; the layers alone do.
    from core.models.build import _preprocess

    inputs = keras.Input((8, 8, 3))
    images, rule = noise_images(2, 8), PREPROCESSING["torch"]
    given = keras.Model(inputs, _preprocess(inputs, "torch")).predict(images, verbose=0)
    assert np.array_equal(given, images * np.array(rule.scale, np.float32) + np.array(rule.offset, np.float32))


def test_flatten_keeps_positions_average_and_max_pooling_do_not(thin_here):
    images = noise_images(2, 64)
    made = {name: build_base(LITE0, 64, pooling=name).predict(images, verbose=0) for name in POOLING}
    assert made["flatten"].shape == (2, 2 * 2 * 1280)
    maps = made["flatten"].reshape(2, 4, 1280)
    assert np.ptp(maps, axis=1).max() > 0.1
    np.testing.assert_allclose(maps.mean(1), made["average"], atol=1e-5)
    np.testing.assert_allclose(maps.max(1), made["max"], atol=1e-5)


def test_random_weights_depend_on_the_seed_and_on_nothing_built_before(thin_here):
    first = weights_hash(build_base(LITE0, 32, weights="none", seed=5))
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dropout(0.5)])
    assert weights_hash(build_base(LITE0, 32, weights="none", seed=5, preprocessing="none")) == first
    assert weights_hash(build_base(LITE0, 32, weights="none", seed=6)) != first


def test_imagenet_weights_do_not_depend_on_the_seed():
    assert weights_hash(build_base(LITE0, 32, seed=1)) == weights_hash(build_base(LITE0, 32, seed=2))


def test_bfloat16_is_near_and_leaves_the_policy_and_the_weights_alone():
    images = noise_images(2, 64)
    exact, rough = build_base(LITE0, 64), build_base(LITE0, 64, precision="bfloat16")
    assert keras.config.dtype_policy().name == "float32"
    assert weights_hash(exact) == weights_hash(rough)
    assert {layer.compute_dtype for layer in backbone_layers(rough)} == {"bfloat16"}
    a, b = exact.predict(images, verbose=0), rough.predict(images, verbose=0)
    assert b.dtype == np.float32
    assert 0 < np.linalg.norm(a - b) / np.linalg.norm(a) < 0.2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"image_size": 31}, r"^data\.image_size: 31 is too small for EfficientNetLite0; it needs at least 32$"),
        ({"pooling": "sum"}, r'^model\.pooling: "sum" is not allowed; use one of average, max, flatten$'),
        ({"weights": "random"}, r'^model\.weights: "random" is not allowed; use one of imagenet, none$'),
        ({"preprocessing": "tf"}, r'^data\.preprocessing: "tf" is not allowed; use one of backbone, rescale, none$'),
        ({"precision": "float16"}, r'^training\.precision: "float16" is not allowed; use one of float32, bfloat16$'),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_setting_outside_what_is_allowed_is_named(wrong, message):
    with pytest.raises(ConfigError, match=message):
        build_base(LITE0, **{"image_size": 64, **wrong})


# ---- weights from elsewhere


def test_without_weights_and_network_one_sentence_says_what_to_put_where(no_network):
    row = find("VGG16")
    with pytest.raises(WeightsError) as error:
        build_base(row, 32)
    assert str(error.value) == (
        "the ImageNet weights of VGG16 are not on this machine and cannot be downloaded; "
        f"get {row.weights_url} and put {row.weights_file} into {no_network}, or into a folder of your own that the "
        "environment variable PARITY_WEIGHTS names"
    )
    assert list(no_network.glob("[!.]*")) == []  # nothing but the lock


def test_a_damaged_weight_file_is_named(no_network):
    row = find("MobileNetV2")
    no_network.mkdir(parents=True)
    (no_network / row.weights_file).write_bytes(b"not HDF5")
    with pytest.raises(WeightsError, match="is damaged or not the one for MobileNetV2"):
        build_base(row, 32)


@pytest.mark.slow
def test_efficientnet_b0_gives_what_keras_gives_for_imagenet_weights(no_network, monkeypatch, tmp_path):
    row = find("EfficientNetB0")
    keras.utils.set_random_seed(0)
    donor = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(32, 32, 3))
    normalization = next(layer for layer in donor.layers if isinstance(layer, keras.layers.Normalization))
    mean, deviation = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
    normalization.set_weights([mean, deviation, np.int32(0)])  # what the published file holds
    path = tmp_path / "own" / row.weights_file
    path.parent.mkdir()
    legacy_save(donor, path)
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", lambda *_, **__: str(path))
    monkeypatch.setenv("PARITY_WEIGHTS", str(path.parent))
    theirs = keras.applications.EfficientNetB0(include_top=False, weights="imagenet", input_shape=(32, 32, 3))
    ours = build_base(row, 32, pooling="flatten")
    images = noise_images(2, 32)
    expected = theirs.predict(images, verbose=0).reshape(2, -1)
    np.testing.assert_allclose(ours.predict(images, verbose=0), expected, rtol=1e-3, atol=1e-6 * abs(expected).max())


def legacy_save(model, path):
    """Write weights in the layout of the published files: in layer order, not by name."""
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.4.0"
        for layer in model.layers:
            group = file.create_group(layer.name)
            group.attrs["weight_names"] = [weight.path.encode() for weight in layer.weights]
            for weight in layer.weights:
                group[weight.path] = weight.numpy()


def test_weights_in_the_own_folder_are_used_with_preprocessing_in_front(no_network, monkeypatch, tmp_path):
    row = find("VGG16")
    donor = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    legacy_save(donor, tmp_path / row.weights_file)
    monkeypatch.setenv("PARITY_WEIGHTS", str(tmp_path))
    base = build_base(row, 32)
    taken = [weight for layer in backbone_layers(base) for weight in layer.get_weights()]
    assert len(taken) == 26
    assert all(np.array_equal(a, b) for a, b in zip(taken, donor.get_weights(), strict=True))
    assert np.array_equal(base.get_layer("rgb_to_bgr").get_weights()[0][0, 0], np.eye(3)[::-1])


def test_a_damaged_file_and_the_file_of_another_network_are_named(no_network, monkeypatch, tmp_path):
    row = find("VGG16")
    path = tmp_path / row.weights_file
    monkeypatch.setenv("PARITY_WEIGHTS", str(tmp_path))
    message = rf"^the weight file {path} is damaged or not the one for VGG16 \((?s:.+)\); put the one from https://"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(1000))
    with pytest.raises(WeightsError, match=message):
        build_base(row, 32)
    legacy_save(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]), path)
    with pytest.raises(WeightsError, match=message):
        build_base(row, 32)


@pytest.mark.slow
def test_real_vgg16_weights_load_and_tell_images_apart(monkeypatch, no_network):
    data = os.environ.get("PARITY_TEST_DATA")
    if not data:
        pytest.skip("PARITY_TEST_DATA is not set: no real VGG16 weights to load")
    monkeypatch.setenv("PARITY_WEIGHTS", str(Path(data) / "weights"))
    base = build_base(find("VGG16"), 64, pooling="flatten")
    kernel = base.get_layer("block1_conv1").get_weights()[0]
    assert kernel[0, 0, :, 0] == pytest.approx([0.42947, 0.55038, 0.48002], abs=1e-5)  # as published by Oxford
    images = noise_images(2, 64)
    images[1] = 0
    features = base.predict(images, verbose=0)
    assert features.shape == (2, 2 * 2 * 512)
    assert np.linalg.norm(features[0] - features[1]) > 1


# ---- frozen, unfrozen


def noisy_base():
    """A base in which the mode matters: batch normalisation and dropout."""
    keras.utils.set_random_seed(7)
    inputs = keras.Input((8, 8, 3), name="input")
    x = keras.layers.Rescaling(1 / 255, name="preprocess")(inputs)
    x = keras.layers.Conv2D(4, 3, name="block1_conv")(x)
    x = keras.layers.BatchNormalization(momentum=0.5, name="block1_bn")(x)
    x = keras.layers.Dropout(0.5, name="block1_drop")(x)
    x = keras.layers.Conv2D(4, 3, activation="relu", name="block2_conv")(x)
    x = keras.layers.BatchNormalization(momentum=0.5, name="block2_bn")(x)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D(name="features")(x), name="base")


def test_a_frozen_base_gives_the_same_in_training_mode_as_in_inference():
    base, images = noisy_base(), noise_images(4, 8)
    frozen = FrozenBase(base)
    expected = base(images, training=False).numpy()
    assert np.array_equal(frozen(images, training=True), expected)
    assert not np.array_equal(base(images, training=True), expected)  # the trap: dropout stays on in a frozen base


def test_fit_moves_the_head_only():
    base = noisy_base()
    head = build_head(4, 2, seed=1)
    model = train_model(base, head)
    assert len(model.trainable_weights) == 2
    before, head_before = weights_hash(base), weights_hash(head)
    learning(model, noise_images(8, 8), np.arange(8) % 2)
    assert weights_hash(base) == before
    assert weights_hash(head) != head_before


def test_after_unfreezing_weights_move_but_statistics_and_earlier_layers_do_not():
    base = noisy_base()
    model = train_model(base, build_head(4, 2, seed=1))
    names = [layer.name for layer in backbone_layers(base)]
    model.get_layer("frozen_base").unfreeze(names.index("block2_conv"))
    assert {weight.path.split("/")[0] for weight in base.trainable_weights} == {"block2_conv", "block2_bn"}
    before = {weight.path: weight.numpy() for weight in base.weights}
    learning(model, noise_images(8, 8), np.arange(8) % 2)
    moved = {weight.path for weight in base.weights if not np.array_equal(weight.numpy(), before[weight.path])}
    assert moved == {"block2_conv/kernel", "block2_conv/bias", "block2_bn/gamma", "block2_bn/beta"}


def test_unfreezing_all_leaves_preprocessing_alone_and_the_length_freezes_again():
    base = build_base(find("VGG16"), 32, weights="none")
    frozen = FrozenBase(base)
    frozen.unfreeze(0)
    assert len(base.trainable_weights) == 26
    assert not base.get_layer("rgb_to_bgr").trainable
    frozen.unfreeze(find("VGG16").first_trainable([layer.name for layer in backbone_layers(base)], "block5"))
    assert [weight.path.split("/")[0] for weight in base.trainable_weights][::2] == [
        "block5_conv1",
        "block5_conv2",
        "block5_conv3",
    ]
    frozen.unfreeze(len(backbone_layers(base)))
    assert not base.trainable_weights


def test_fine_tuning_the_built_in_backbone_keeps_its_statistics(thin_here):
    base = build_base(LITE0, 32)
    model = train_model(base, build_head(1280, 2, seed=1))
    model.get_layer("frozen_base").unfreeze(
        LITE0.first_trainable([layer.name for layer in backbone_layers(base)], "top")
    )
    assert [weight.path for weight in base.trainable_weights] == ["top_conv/kernel", "top_bn/gamma", "top_bn/beta"]
    kernel, statistics = base.trainable_weights[0].numpy(), moving(base)
    learning(model, noise_images(8, 32), np.arange(8) % 2, rate=1e-3)
    assert not np.array_equal(base.trainable_weights[0].numpy(), kernel)
    assert all(np.array_equal(a, b) for a, b in zip(moving(base), statistics, strict=True))


# ---- the head


def test_the_head_of_the_question():
    head = build_head(512, 2, dense_units=128, dropout=0.7, seed=0)
    assert [(layer.name, type(layer).__name__) for layer in head.layers] == [
        ("head_dropout_1", "Dropout"),
        ("head_dense", "Dense"),
        ("head_dropout_2", "Dropout"),
        ("head_output", "Dense"),
    ]
    assert head.output_shape == (None, 1)
    assert head.get_layer("head_dense").activation is keras.activations.relu
    assert head.get_layer("head_output").activation is keras.activations.sigmoid
    assert head.count_params() == 512 * 128 + 128 + 128 + 1


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, ["head_output"]),
        ({"dropout": 0.5}, ["head_dropout_1", "head_output"]),
        ({"dense_units": 8}, ["head_dense", "head_output"]),
    ],
)
def test_layers_that_do_nothing_are_left_out(settings, names):
    assert [layer.name for layer in build_head(16, 2, **settings).layers] == names


def test_several_classes_get_probabilities_that_add_up_to_one():
    head = build_head(16, 5, seed=0)
    probabilities = head(np.random.default_rng(0).normal(size=(3, 16)).astype(np.float32)).numpy()
    assert probabilities.shape == (3, 5)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)


def test_one_class_is_not_enough():
    with pytest.raises(ConfigError, match=r"^a classifier needs at least 2 classes; the dataset has 1$"):
        build_head(16, 1)


def test_heads_of_one_seed_are_alike_in_weights_and_in_dropout_whatever_was_built_before():
    x = np.ones((4, 32), np.float32)
    first = build_head(32, 2, dense_units=16, dropout=0.5, seed=3)
    outputs = [first(x, training=True).numpy() for _ in range(3)]
    keras.utils.set_random_seed(99)
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dropout(0.5)])
    second = build_head(32, 2, dense_units=16, dropout=0.5, seed=3)
    assert weights_hash(first) == weights_hash(second)
    assert all(np.array_equal(second(x, training=True), output) for output in outputs)
    assert weights_hash(build_head(32, 2, dense_units=16, dropout=0.5, seed=4)) != weights_hash(first)


def test_layers_of_one_head_do_not_share_a_seed():
    head = build_head(8, 2, dense_units=8, dropout=0.5, seed=3)
    seeds = [layer.seed for layer in head.layers if isinstance(layer, keras.layers.Dropout)]
    seeds += [layer.kernel_initializer.seed for layer in head.layers if isinstance(layer, keras.layers.Dense)]
    assert len(set(seeds)) == 4


# ---- joined


def test_the_joined_model_and_the_trained_one_agree_bit_for_bit():
    base, head = build_base(LITE0, 64), build_head(1280, 3, dense_units=8, dropout=0.5, seed=2)
    images = noise_images(32, 64)  # two whole batches: in others the last bits depend on the processor
    trained = train_model(base, head).predict(images, batch_size=16, verbose=0)
    assert np.array_equal(join(base, head).predict(images, batch_size=16, verbose=0), trained)
    cached = head.predict(base.predict(images, batch_size=16, verbose=0), batch_size=16, verbose=0)
    assert np.array_equal(cached, trained)
    few = train_model(base, head).predict(images[:5], batch_size=2, verbose=0)
    np.testing.assert_allclose(join(base, head).predict(images[:5], batch_size=2, verbose=0), few, rtol=1e-5)


def test_the_saved_model_of_each_precision_opens_with_keras_alone(tmp_path):
    models = {}
    for precision in POLICIES:
        base = build_base(find("VGG16"), 32, weights="none", precision=precision)
        models[precision] = join(base, build_head(512, 2, dense_units=8, dropout=0.5, seed=2))
        models[precision].save(tmp_path / f"{precision}.keras")
    np.save(tmp_path / "images.npy", noise_images(3, 32))
    code = (
        "import json, sys, keras, numpy as np; images = np.load('images.npy');"
        "models = {name: keras.models.load_model(f'{name}.keras') for name in sys.argv[1:]};"
        "given = {name: model.predict(images, verbose=0).tolist() for name, model in models.items()};"
        "print(json.dumps([given, 'core' in sys.modules]))"
    )
    command = [sys.executable, "-c", code, *models]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    given, ours = json.loads(done.stdout.splitlines()[-1])
    assert not ours
    for precision, model in models.items():
        assert np.array_equal(np.float32(given[precision]), model.predict(noise_images(3, 32), verbose=0)), precision


def test_the_layers_of_a_loaded_model_are_found_again(tmp_path, thin_here):
    base = build_base(LITE0, 32)
    model = join(base, build_head(1280, 2))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    found = backbone_layers(loaded.get_layer("base"))
    assert [layer.name for layer in found] == [layer.name for layer in backbone_layers(base)]
    assert weights_hash(loaded) == weights_hash(model)


def test_maps_before_pooling_can_be_had_from_the_base(thin_here):
    base = build_base(LITE0, 64)
    maps, features = keras.Model(base.input, [backbone_layers(base)[-1].output, base.output])(noise_images(2, 64))
    assert maps.shape == (2, 2, 2, 1280)
    np.testing.assert_allclose(maps.numpy().mean((1, 2)), features, atol=1e-5)


# ---- the hash of weights


def test_the_hash_knows_numbers_and_not_names():
    def dense(name):
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, kernel_initializer="ones", name=name)])

    first, second = dense("a"), dense("b")
    assert weights_hash(first) == weights_hash(second)
    assert len(weights_hash(first)) == 64
    second.layers[0].bias.assign([0, 1e-7])
    assert weights_hash(first) != weights_hash(second)


# ---- heads as lists


def test_seeds_of_the_short_form_are_what_they_always_were_and_a_lists_are_its_own():
    seeds = [int(s) for s in np.random.SeedSequence(7).generate_state(4) >> 1]
    head = build_head(6, 3, dense_units=4, dropout=0.5, seed=7)
    assert [layer.name for layer in head.layers] == ["head_dropout_1", "head_dense", "head_dropout_2", "head_output"]
    assert [layer.seed for layer in head.layers if hasattr(layer, "seed")] == [seeds[0], seeds[2]]
    dense = [layer for layer in head.layers if isinstance(layer, keras.layers.Dense)]
    assert [layer.kernel_initializer.seed for layer in dense] == [seeds[1], seeds[3]]
    planned = plan_layers(read_head("dense 4 relu, dense 4 relu, dropout 0.5, dropout 0.5, dropout 0.5")[0], 3, 7)
    own = [layer.arguments.get("seed", layer.seed) for layer in planned]
    assert (own[0], own[-1]) == (seeds[1], seeds[3])
    assert len(set(own)) == 6


def test_a_head_has_the_layers_of_its_list():
    head = read_head("dense 8 linear l2=0.5, batch_norm momentum=0.9, activation relu, dropout 0.3, output l2=0.1")[0]
    model = build_layers(5, 2, head, 1)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["Dense", "BatchNormalization", "Activation", "Dropout", "Dense"]
    assert len({layer.name for layer in model.layers}) == 5
    penalty = 0.5 * np.sum(model.layers[0].kernel.numpy() ** 2) + 0.1 * np.sum(model.layers[-1].kernel.numpy() ** 2)
    assert float(sum(model.losses)) == pytest.approx(penalty, rel=1e-5)
    assert model.layers[1].momentum == 0.9
    assert sum(np.prod(w.shape) for w in model.trainable_weights) == head.weights(5, 1)
    assert rectified_layers(model) == {"head_activation_1"}
