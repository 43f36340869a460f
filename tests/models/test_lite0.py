import keras
import numpy as np
import pytest

from core.errors import WeightsError
from core.models.catalogue import find, find_weights
from core.models.lite0 import EfficientNetLite0, load_weights

_found = find_weights(find("EfficientNetLite0"))
assert _found is not None, "the weights are not installed"
WEIGHTS = _found

# Pooled features of the published PyTorch weights (float32) for `image(size)`, computed once in torch with an
# independent forward pass: mean over 1280 channels, standard deviation, and the strongest channels.
TORCH = {
    150: (0.278721, 0.693700, {327: 5.2082, 403: 5.0740, 714: 4.9277, 113: 4.7738, 115: 4.5605, 1126: 4.1313}),
    224: (0.206587, 0.589631, {714: 5.2547, 113: 5.1234, 782: 5.0258, 405: 4.3974, 403: 3.9931, 327: 3.9407}),
}


def image(size):
    """Three different gradients: an image that is the same on every machine."""
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    channels = [(3 * rows + 5 * columns) % 256, (rows * columns / 7) % 256, np.abs(rows - columns) % 256]
    return np.stack(channels, axis=-1).astype(np.uint8)


@pytest.fixture(scope="module")
def arrays():
    with np.load(WEIGHTS) as file:
        return {name: file[name] for name in file.files}


@pytest.mark.parametrize(("size", "side"), [(150, 5), (224, 7)])
def test_features_are_those_of_the_published_weights(size, side):
    model = EfficientNetLite0((size, size, 3), WEIGHTS)
    maps = model(((image(size).astype(np.float32) - 127) / 128)[None], training=False).numpy()
    assert maps.shape == (1, side, side, 1280)
    assert maps.min() >= 0
    assert maps.max() <= 6
    pooled = maps.mean(axis=(1, 2))[0]
    mean, deviation, strongest = TORCH[size]
    # float16 weights move the features by 0.4 % of their length
    assert pooled.mean() == pytest.approx(mean, rel=3e-3)
    assert pooled.std() == pytest.approx(deviation, rel=3e-3)
    assert {i: pytest.approx(pooled[i], abs=0.02) for i in strongest} == strongest


def test_layers_are_stock_and_named_by_block():
    model = EfficientNetLite0((64, 64, 3))
    assert {type(layer).__module__.split(".")[0] for layer in model.layers} == {"keras"}
    blocks = {layer.name.split("_")[0] for layer in model.layers[1:]}
    letters = [f"block{n}{'abcd'[i]}" for n, repeats in enumerate((1, 2, 2, 3, 3, 4, 1), 1) for i in range(repeats)]
    assert blocks == {"stem", "top", *letters}
    assert {layer.epsilon for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)} == {1e-3}
    assert model.count_params() == find("EfficientNetLite0").parameters
    assert all(weight.dtype == "float32" for weight in model.weights)


def test_built_upon_a_tensor_it_starts_where_that_tensor_starts():
    inputs = keras.Input((64, 64, 3))
    model = EfficientNetLite0((64, 64, 3), WEIGHTS, input_tensor=keras.layers.Rescaling(1 / 128, -127 / 128)(inputs))
    pixels = image(64)[None].astype(np.float32)
    alone = EfficientNetLite0((64, 64, 3), WEIGHTS)
    np.testing.assert_allclose(model(pixels), alone((pixels - 127) / 128), atol=1e-4)


def test_a_file_that_is_no_archive_is_named(tmp_path):
    path = tmp_path / "broken.npz"
    path.write_bytes(WEIGHTS.read_bytes()[:100_000])
    with pytest.raises(WeightsError, match=r"^the weight file .*broken\.npz cannot be read \(.+\); install it again$"):
        EfficientNetLite0((64, 64, 3), path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"^the weight file .*nowhere\.npz cannot be read"):
        EfficientNetLite0((64, 64, 3), tmp_path / "nowhere.npz")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stem_conv/kernel": None}, "does not fit EfficientNet-Lite0: 'stem_conv/kernel'"),
        ({"stem_conv/kernel": np.zeros((3, 3, 3, 40))}, "does not fit EfficientNet-Lite0: .*shape"),
        ({"block9a_conv/kernel": np.zeros(1)}, "does not fit EfficientNet-Lite0: nothing takes block9a_conv/kernel"),
    ],
    ids=["one too few", "another shape", "one too many"],
)
def test_a_file_of_another_network_is_refused(tmp_path, arrays, change, message):
    path = tmp_path / "other.npz"
    changed = {name: array for name, array in {**arrays, **change}.items() if array is not None}
    np.savez(path, allow_pickle=False, **changed)
    with pytest.raises(WeightsError, match=message):
        load_weights(EfficientNetLite0((64, 64, 3)), path)
