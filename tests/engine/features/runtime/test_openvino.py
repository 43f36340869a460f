"""Features by OpenVINO: the same bits in any batch, place and thread count, and TensorFlow's numbers to a millionth."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from core.data.conversion_cache import ConversionCache
from core.engine.features.runtime import convert
from core.engine.features.runtime.convert import conversion_key, converted, trunk_of
from core.engine.features.runtime.openvino_network import OpenVinoNetwork, pooled
from core.errors import RunError
from core.models import catalogue
from core.models.build import build_base
from core.sections.runtimes import has_openvino

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not has_openvino(), reason="OpenVINO is not installed (requirements-openvino.txt)"),
]

SIZE = 48


def images(count: int, size: int = SIZE) -> Any:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)


def network(name: str, size: int = SIZE, weights: str = "none", seed: int = 0) -> keras.Model:
    return build_base(catalogue.find(name), size, weights, "average", "backbone", seed)


def by_tensorflow(base: keras.Model, pixels: Any) -> Any:
    return trunk_of(base)(pixels.astype(np.float32), training=False).numpy()


@pytest.mark.parametrize("name", ["EfficientNetLite0", "VGG16"])
def test_an_image_has_the_same_bits_in_every_batch_at_every_place_and_with_every_thread_count(
    name: str, thin_here: None
) -> None:
    base, pixels = network(name), images(21)
    alone, two = converted(base, streams=1), converted(base, streams=2)
    whole = alone(pixels)
    order = np.random.default_rng(1).permutation(len(pixels))
    shuffled = np.empty_like(whole)
    for start in range(0, len(order), 16):  # the last batch is short
        rows = order[start : start + 16]
        shuffled[rows] = two(pixels[rows])
    assert shuffled.tobytes() == whole.tobytes()
    assert two(pixels[5:6]).tobytes() == whole[5:6].tobytes()
    for pooling in ("average", "max", "flatten"):
        assert pooled(whole, pooling)[7:9].tobytes() == pooled(whole[7:9], pooling).tobytes()
    expected = by_tensorflow(base, pixels)
    assert np.abs(whole - expected).max() <= 1e-5 * np.abs(expected).max()


def test_the_built_in_weights_give_tensorflows_features() -> None:
    base, pixels = network("EfficientNetLite0", 96, "imagenet"), images(4, 96)
    expected, found = by_tensorflow(base, pixels), converted(base)(pixels)
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


def test_the_real_vgg16_gives_tensorflows_features(test_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_WEIGHTS", str(test_data / "weights"))
    base, pixels = network("VGG16", 96, "imagenet"), images(4, 96)
    expected, found = by_tensorflow(base, pixels), converted(base)(pixels)
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


def test_a_network_is_converted_once_and_anew_where_anything_about_it_differs(
    thin_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, pixels = network("EfficientNetLite0"), images(2)
    expected = converted(base)(pixels)
    times: list[Path] = []
    write = convert.write_openvino

    def counted(network: keras.Model, path: Path) -> None:
        times.append(path)
        write(network, path)

    monkeypatch.setattr(convert, "write_openvino", counted)
    again = network("EfficientNetLite0")  # its layers have other numbers in their names
    assert conversion_key(again) == conversion_key(base)
    assert converted(again)(pixels).tobytes() == expected.tobytes()
    assert times == []
    again.weights[0].assign_add(np.full(again.weights[0].shape, 1e-3, np.float32))
    others = [conversion_key(again), conversion_key(network("EfficientNetLite0", 64))]
    monkeypatch.setattr(convert, "openvino_version", lambda: "2030.1")
    assert len({conversion_key(base), *others}) == 3
    assert not {conversion_key(base), *others} & {key.name for key in ConversionCache().folder.iterdir()}


def test_a_damaged_conversion_is_made_anew(thin_here: None) -> None:
    base, pixels = network("EfficientNetLite0"), images(2)
    expected = converted(base)(pixels)
    folder = ConversionCache().open(conversion_key(base))
    assert folder is not None
    assert sorted(path.name for path in folder.iterdir()) == ["network.bin", "network.xml"]
    for name in ("network.xml", "network.bin"):
        (folder / name).write_bytes((folder / name).read_bytes()[:500])
        with pytest.raises(RunError, match=r"cannot be loaded$"):
            OpenVinoNetwork(folder)
        assert converted(base)(pixels).tobytes() == expected.tobytes()


MADE = """
import signal, sys
from pathlib import Path
import numpy as np
from core.engine.features.runtime.openvino_network import FILE, OpenVinoNetwork, load_openvino
openvino = load_openvino()
from openvino import opset13 as opset
pixels = opset.parameter([1, 8, 8, 3], openvino.Type.u8)
model = openvino.Model([opset.convert(pixels, "f32")], [pixels])
openvino.save_model(model, str(Path(sys.argv[1]) / FILE), compress_to_fp16=False)
"""

AT_ONCE = """
network = OpenVinoNetwork(Path(sys.argv[1]), streams=4)
sys.setswitchinterval(1e-6)
print(network(np.full((16, 8, 8, 3), 7, np.uint8)).mean())
"""

INTERRUPTED = """
first, second = (OpenVinoNetwork(Path(sys.argv[1])) for _ in range(2))
first = None
second = None
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background of a shell
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("answered")
"""


def in_a_process(tmp_path: Path, text: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", MADE + text, str(tmp_path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_process_answers_a_signal_after_its_networks_have_gone(tmp_path: Path) -> None:
    """Two networks with a core each, the older gone first, left a signal no stack: the process crashed."""
    done = in_a_process(tmp_path, INTERRUPTED)
    assert (done.returncode, done.stdout) == (0, "answered\n"), done.stderr


def test_the_first_images_of_a_process_may_come_from_several_threads_at_once(tmp_path: Path) -> None:
    """They waited for each other for ever, in six of seven processes whose threads take turns as often as here."""
    done = in_a_process(tmp_path, AT_ONCE)
    assert (done.returncode, done.stdout) == (0, "7.0\n"), done.stderr


def test_what_cannot_be_converted_is_told(thin_here: None) -> None:
    @keras.saving.register_keras_serializable("tests")
    class Foreign(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            import tensorflow as tf

            return tf.raw_ops.Betainc(a=tf.abs(x) + 1, b=tf.abs(x) + 1, x=tf.zeros_like(x) + 0.5)

    given = keras.Input((8, 8, 3))
    features = keras.layers.GlobalAveragePooling2D(name="features")(Foreign()(given))
    with pytest.raises(RunError, match=r"^the network cannot be converted for OpenVINO .*; set training\.runtime=tens"):
        converted(keras.Model(given, features))
    assert ConversionCache().held() == (0, 0)


def test_the_package_is_loaded_without_what_reports_its_use_to_its_maker() -> None:
    assert "openvino" in sys.modules
    assert "openvino_telemetry" not in sys.modules
