"""The filter of networks and what is said of their cost."""

import pytest

from core.models.catalogue import BACKBONES, find
from pages.shared import state
from pages.shared.train import network_filter


@pytest.mark.parametrize(
    ("wanted", "inside", "outside"),
    [
        ([], "VGG16", ""),
        (["here"], "EfficientNetLite0", "MobileNet"),
        (["fits"], "InceptionV3", "VGG16"),
        (["fast", "fits"], "MobileNetV3Small", "EfficientNetB4"),
    ],
)
def test_networks_pass_all_that_is_asked_and_the_chosen_one_stays(monkeypatch, tmp_path, wanted, inside, outside):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("streamlit.session_state", {state.NETWORKS: wanted})
    found = network_filter.offered("ResNet152")
    assert "ResNet152" in found
    assert inside in found
    assert outside not in found
    assert (len(found) == len(BACKBONES)) == (not wanted)


def test_the_cost_says_what_is_measured_and_what_is_estimated(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert network_filter.cost_sentence(find("ResNet50"), 224) == (
        "23.6 million weights (download 94.8 MB); 1 GB of memory (measured); about 5.2 images a second here "
        "(estimated)."
    )
    assert "about 640 images a second" in network_filter.cost_sentence(find("EfficientNetLite0"), 64)
    assert "(weights here, 6.36 MB)" in network_filter.cost_sentence(find("EfficientNetLite0"), 224)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("VGG16", "from -124 to 151, in the order blue, green, red."),
        ("MobileNetV2", "from -1 to 1."),
        ("DenseNet121", "from -2.12 to 2.64."),
        ("EfficientNetB0", "from 0 to 255."),
    ],
)
def test_the_scale_of_pixels_is_said(name, sentence):
    assert network_filter.pixel_sentence(find(name)) == f"It was trained on pixels {sentence}"
