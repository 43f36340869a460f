"""Where a network looks: against finite differences, against the score itself, and on networks that can be foreseen."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from core.engine.insight import cut_network
from core.engine.insight.answering import scaled
from core.engine.insight.explain import Explainer
from core.engine.jobs.try_model import of_raw_pixels
from core.insight.answer import CAM, GRAD_CAM
from core.models.build import build_head, build_layers, join
from core.notation.head import read_head

pytestmark = pytest.mark.slow

SIZE = 32
CORNERS = {"top left": (0, 0), "top right": (0, 16), "bottom left": (16, 0), "bottom right": (16, 16)}


def small_base(pooling: str = "average", seed: int = 0) -> keras.Model:
    """A base as `build_base` makes them, of one convolution: maps of 4 by 4 places and 6 channels."""
    inputs = keras.Input((SIZE, SIZE, 3), name="input")
    x = keras.layers.Rescaling(1 / 255, name="preprocess")(inputs)
    x = keras.layers.Conv2D(6, 8, 8, activation="relu", kernel_initializer=keras.initializers.HeNormal(seed))(x)
    layer = keras.layers.GlobalAveragePooling2D if pooling == "average" else keras.layers.Flatten
    return keras.Model(inputs, layer(name="features")(x), name="base")


def network(pooling: str = "average", classes: int = 3, hidden: int = 0) -> keras.Model:
    base = small_base(pooling)
    head = build_head(base.output_shape[-1], classes, dense_units=hidden, dropout=0.4, seed=1)
    for layer in head.layers:
        if isinstance(layer, keras.layers.Dense):
            layer.bias.assign(np.linspace(0.1, 0.7, layer.units))
    return join(base, head)


def noise(count: int = 3, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (count, SIZE, SIZE, 3), np.uint8)


def score_of(model: keras.Model, maps: Any, classes: Any) -> Any:
    """Scores in front of sigmoid or softmax, layer by layer."""
    x = model.get_layer("base").get_layer("features")(maps)
    *inner, output = model.get_layer("head").layers
    for layer in inner:
        x = layer(x)
    scores = np.asarray(x, np.float64) @ output.kernel.numpy() + output.bias.numpy()
    if scores.shape[1] == 1:
        scores = np.concatenate([-scores, scores], axis=1)
    return scores[np.arange(len(scores)), classes]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(("pooling", "hidden"), [("average", 0), ("average", 5), ("flatten", 0), ("flatten", 5)])
def test_probabilities_are_the_models_and_the_method_is_told(pooling: str, hidden: int, classes: int) -> None:
    model = network(pooling, classes, hidden)
    explainer = Explainer(model)
    maps, probabilities = explainer.forward(noise())
    given = model(noise().astype(np.float32), training=False).numpy()
    given = np.concatenate([1 - given, given], axis=1) if classes == 2 else given
    np.testing.assert_allclose(probabilities, given, atol=1e-6)
    assert maps.shape == (3, 4, 4, 6)
    assert explainer.method == (CAM if (pooling, hidden) == ("average", 0) else GRAD_CAM)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_class_activation_map_adds_up_to_the_score(classes: int) -> None:
    model = network(classes=classes)
    explainer = Explainer(model)
    maps, _ = explainer.forward(noise())
    bias = model.get_layer("head").layers[-1].bias.numpy()
    bias = np.array([-bias[0], bias[0]]) if classes == 2 else bias
    for chosen in range(classes):
        which = np.full(3, chosen)
        total = explainer.cam(maps, which).mean(axis=(1, 2)) + bias[chosen]
        np.testing.assert_allclose(total, score_of(model, maps, which), atol=1e-5)


@pytest.mark.parametrize("classes", [2, 3])
def test_grad_cam_of_a_pooled_head_without_hidden_layer_is_the_class_activation_map(classes: int) -> None:
    explainer = Explainer(network(classes=classes))
    maps, _ = explainer.forward(noise())
    which = np.array([0, 1, classes - 1])
    np.testing.assert_allclose(
        explainer.grad_cam(maps, which) * maps.shape[1] * maps.shape[2], explainer.cam(maps, which), atol=1e-5
    )
    np.testing.assert_array_equal(explainer.heat(maps, which), np.maximum(explainer.cam(maps, which), 0))


@pytest.mark.parametrize(("pooling", "hidden", "classes"), [("average", 5, 3), ("flatten", 5, 2), ("flatten", 0, 3)])
def test_grad_cam_is_that_of_finite_differences(pooling: str, hidden: int, classes: int) -> None:
    model = network(pooling, classes, hidden)
    explainer = Explainer(model)
    maps, _ = explainer.forward(noise(1))
    which, step = np.array([1]), 1e-2
    slopes = np.zeros_like(maps[0])
    for position in np.ndindex(slopes.shape):
        ends = []
        for sign in (1, -1):
            moved = maps.copy()
            moved[(0, *position)] += sign * step
            ends.append(score_of(model, moved, which)[0])
        slopes[position] = (ends[0] - ends[1]) / (2 * step)
    expected = (maps[0] * slopes.mean(axis=(0, 1))).sum(axis=-1)
    np.testing.assert_allclose(explainer.grad_cam(maps, which)[0], expected, atol=2e-3)
    np.testing.assert_allclose(explainer.heat(maps, which)[0], np.maximum(expected, 0), atol=2e-3)


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize(("pooling", "hidden"), [("average", 0), ("average", 1), ("flatten", 0)])
def test_the_corner_that_decides_is_the_one_that_lights_up(pooling: str, hidden: int, corner: str) -> None:
    """The class is "there is something bright"; the bright thing is in one corner."""
    base = small_base(pooling)
    convolution = next(layer for layer in base.layers if isinstance(layer, keras.layers.Conv2D))
    convolution.set_weights([np.full((8, 8, 3, 6), 1 / 192, np.float32), np.full(6, -0.3, np.float32)])
    head = build_head(base.output_shape[-1], 2, dense_units=hidden)
    for layer in head.layers:
        layer.set_weights([np.ones(layer.kernel.shape, np.float32), np.zeros(layer.bias.shape, np.float32)])
    pixels = np.full((1, SIZE, SIZE, 3), 60, np.uint8)
    top, left = CORNERS[corner]
    pixels[:, top : top + 16, left : left + 16] = 250
    explainer = Explainer(join(base, head))
    maps, _ = explainer.forward(pixels)
    heat = scaled(explainer.heat(maps, np.array([1])))[0]
    inside = np.zeros((4, 4), bool)
    inside[top // 8 : top // 8 + 2, left // 8 : left // 8 + 2] = True
    assert (heat[inside] == 1).all()
    assert (heat[~inside] == 0).all()
    assert (explainer.heat(maps, np.array([0])) == 0).all()  # nothing speaks for "there is nothing"


def classifier(units: int = 3, activation: str = "softmax", seed: int = 0) -> keras.Model:
    """A whole network from elsewhere, of pixels from -1 to 1, to be called inside of another."""
    inputs = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Conv2D(4, 8, 8, activation="relu", kernel_initializer=keras.initializers.HeNormal(seed))(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(units, activation, kernel_initializer="he_normal")(x))


def around(call: Callable[[Any], Any]) -> keras.Model:
    inputs = keras.Input((SIZE, SIZE, 3))
    return keras.Model(inputs, call(inputs))


def assert_predicts_as(model: keras.Model, explainer: Explainer, atol: float = 1e-6) -> None:
    given = np.asarray(model(noise().astype(np.float32), training=False), np.float32)
    given = np.concatenate([1 - given, given], axis=1) if given.shape[1] == 1 else given
    np.testing.assert_allclose(explainer.forward(noise())[1], given, atol=atol)


@pytest.mark.parametrize("before", [
    lambda x: x / 127.5 - 1.0,
    keras.applications.mobilenet_v2.preprocess_input,
    lambda x: keras.layers.Rescaling(1 / 127.5, -1)(x)[..., ::-1],
    lambda x: x,
])  # fmt: skip
def test_operators_in_front_of_a_network_inside_are_computed(before: Callable[[Any], Any]) -> None:
    """They are no layers of the model around it: the list of those does not hold them."""
    model = around(lambda x: classifier()(before(x)))
    explainer = Explainer(model)
    assert_predicts_as(model, explainer)
    assert explainer.heat(explainer.forward(noise())[0], np.array([0, 1, 2])).shape == (3, 4, 4)


def averaged_twice(x: Any) -> Any:
    net = classifier()
    return (net(x / 255.0) + net(x / 127.5 - 1.0)) / 2


@pytest.mark.parametrize("call", [
    lambda x: 1.0 - classifier(1, "sigmoid")(x / 127.5 - 1.0),
    averaged_twice,
    lambda x: keras.layers.Dense(3, "softmax")(classifier()(x / 127.5 - 1.0)),
])  # fmt: skip
def test_what_is_computed_behind_a_network_inside_leaves_it_without_a_map(call: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match=r"^it has no feature map in front of a dense output$"):
        Explainer(around(call))


@pytest.mark.parametrize("between", ["in front", "between"])
def test_names_do_not_say_what_lies_between_a_base_and_a_head(between: str) -> None:
    base = small_base()
    head = build_head(base.output_shape[-1], 3)

    def call(x: Any) -> Any:
        if between == "in front":
            return head(base(keras.layers.Rescaling(1 / 50)(x)))
        return head(keras.layers.UnitNormalization()(base(x)))

    with pytest.raises(ValueError, match=r"^it has no feature map in front of a dense output$"):
        Explainer(around(call))


def test_a_cut_that_does_not_give_the_networks_answers_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    model, parts = network(classes=3), cut_network.cut(network(classes=3, hidden=4))
    assert Explainer(model).method == CAM
    for attempt in ("_cut_ours", "_cut_any"):
        monkeypatch.setattr(cut_network, attempt, lambda _: parts)
    with pytest.raises(ValueError, match=r"^it has no feature map in front of a dense output$"):
        Explainer(model)


@pytest.mark.parametrize("policy", ["mixed_float16", "float16", "float64"])
def test_other_precisions_are_explained(policy: str) -> None:
    keras.config.set_dtype_policy(policy)
    try:
        model = elsewhere("graph")
    finally:
        keras.config.set_dtype_policy("float32")
    explainer = Explainer(model)
    assert_predicts_as(model, explainer, atol=5e-3 if "16" in policy else 1e-6)
    assert explainer.heat(explainer.forward(noise())[0], np.array([0, 1, 2])).shape == (3, 4, 4)


def test_a_map_of_nothing_stays_nothing() -> None:
    assert scaled(np.zeros((2, 3, 3), np.float32)).tolist() == np.zeros((2, 3, 3)).tolist()
    assert scaled(np.array([[[1.0, 2.0]], [[0.0, 4.0]]], np.float32)).tolist() == [[[0.5, 1.0]], [[0.0, 1.0]]]


def elsewhere(form: str) -> keras.Model:
    """A classifier as other programs make them: a sequence, a graph, or around a whole network."""
    layers = [
        keras.layers.Conv2D(4, 8, 8, activation="relu"), keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(5, activation="relu"), keras.layers.Dense(3, activation="softmax"),
    ]  # fmt: skip
    inputs = x = keras.Input((SIZE, SIZE, 3))
    if form == "sequence":
        return keras.Sequential([keras.Input((SIZE, SIZE, 3)), *layers])
    if form == "nested":
        layers[0] = keras.Model(inputs, layers[0](inputs), name="mobilenet")
        x = inputs = keras.Input((SIZE, SIZE, 3))
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize("form", ["sequence", "graph", "nested"])
def test_a_model_from_elsewhere_is_explained_where_it_has_a_map(form: str) -> None:
    model = elsewhere(form)
    explainer = Explainer(model)
    maps, probabilities = explainer.forward(noise())
    np.testing.assert_allclose(probabilities, model(noise().astype(np.float32)).numpy(), atol=1e-6)
    assert explainer.method == GRAD_CAM
    assert explainer.heat(maps, np.array([0, 1, 2])).shape == (3, 4, 4)


@pytest.mark.parametrize("pixels", ["-1..1", "caffe"])
@pytest.mark.parametrize("form", ["sequence", "graph", "nested"])
def test_a_model_whose_pixels_are_scaled_in_front_of_it_is_explained_as_it_is(form: str, pixels: str) -> None:
    inner = elsewhere(form)
    model = of_raw_pixels(inner, SIZE, pixels, gray=False)
    explainer = Explainer(model)
    maps, probabilities = explainer.forward(noise())
    np.testing.assert_allclose(probabilities, model(noise().astype(np.float32)).numpy(), atol=1e-6)
    assert maps.shape == (3, 4, 4, 4)
    seen = model.get_layer("pixels")(noise().astype(np.float32))
    if pixels == "caffe":
        seen = model.get_layer("rgb_to_bgr")(seen)
    expected = (inner.get_layer("mobilenet") if form == "nested" else inner.layers[-4])(seen)
    np.testing.assert_allclose(maps, expected, atol=1e-4)
    assert explainer.heat(maps, np.array([0, 1, 2])).shape == (3, 4, 4)


def test_a_model_without_a_map_behind_scaled_pixels_is_refused() -> None:
    layers = [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    with pytest.raises(ValueError, match=r"^it has no feature map in front of a dense output$"):
        Explainer(of_raw_pixels(keras.Sequential(layers), 8, "0..1", gray=False))


def test_a_model_without_a_map_is_refused() -> None:
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    )
    with pytest.raises(ValueError, match=r"^it has no feature map in front of a dense output$"):
        Explainer(model)


def test_a_head_with_batch_normalisation_is_not_taken_for_a_linear_one() -> None:
    """Its weights alone are not how much a place speaks for a class."""
    model = join(
        base := small_base(), build_layers(base.output_shape[-1], 3, read_head("batch_norm, dropout 0.5")[0], 1)
    )
    explainer = Explainer(model)
    assert explainer.method == GRAD_CAM
    _, probabilities = explainer.forward(noise())
    np.testing.assert_allclose(probabilities, model(noise().astype(np.float32), training=False), atol=1e-6)
