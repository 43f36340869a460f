import subprocess
import sys

import pytest

from core.errors import ConfigError
from core.models.catalogue import BACKBONES, find, find_weights, networks_here, weights_paths

VGG16_LAYERS = [f"block{b}_conv{c}" for b, n in enumerate((2, 2, 3, 3, 3), 1) for c in range(1, n + 1)]


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("VGG16", "VGG16"),
        ("vgg16", "VGG16"),
        ("vgg-16", "VGG16"),
        ("EfficientNet-Lite0", "EfficientNetLite0"),
        ("efficientnet_lite0", "EfficientNetLite0"),
        (" ResNet50 ", "ResNet50"),
        ("efficientnetv2-b0", "EfficientNetV2B0"),
        ("mobilenet_v2", "MobileNetV2"),
    ],
)
def test_a_backbone_is_found_however_its_name_is_spelt(spelling, name):
    assert find(spelling) is BACKBONES[name]


def test_a_mistyped_backbone_gets_the_nearest_name_and_the_list():
    with pytest.raises(
        ConfigError,
        match=r'^model\.backbone: there is no backbone "VGG61"; did you mean VGG16\? Known are: EfficientNetLite0, '
        r"VGG16, VGG19, .*Xception, NASNetMobile, ConvNeXtTiny, ConvNeXtSmall$",
    ):
        find("VGG61")


def test_a_name_like_none_of_them_gets_the_list_only():
    with pytest.raises(
        ConfigError, match=r'^model\.backbone: there is no backbone "xyzzy"; Known are: EfficientNetLite0, '
    ):
        find("xyzzy")


def test_no_two_names_differ_in_case_and_hyphens_only():
    assert len({name.lower() for name in BACKBONES}) == len(BACKBONES)
    assert all(find(name) is row for name, row in BACKBONES.items())


@pytest.mark.parametrize("row", BACKBONES.values(), ids=BACKBONES)
def test_every_row_is_whole(row):
    assert len(row.blocks) == len(row.prefixes) == len(set(row.prefixes))
    assert row.preprocessing in {"caffe", "tf", "torch", "lite", "raw"}
    assert row.built_in or row.weights_url.endswith(f"/{row.weights_file}") or row.name == "NASNetMobile"
    assert (row.module == "") == row.built_in
    assert row.title
    assert 32 <= row.min_size <= row.native_size


@pytest.mark.parametrize(("block", "index"), [("block1", 0), ("block3", 4), ("BLOCK-5", 10), ("all", 0), ("All", 0)])
def test_a_block_is_the_index_of_its_first_layer(block, index):
    assert find("VGG16").first_trainable(VGG16_LAYERS, block) == index


def test_an_unknown_block_gets_the_list_of_blocks():
    message = (
        r'^training\.unfreeze_from: VGG16 has no block "block9"; '
        r'its blocks are block1, block2, block3, block4, block5, or write "all"$'
    )
    with pytest.raises(ConfigError, match=message):
        find("VGG16").first_trainable(VGG16_LAYERS, "block9")
    with pytest.raises(ConfigError, match=message):
        find("VGG16").check_block("block9")


def test_layers_of_another_network_are_a_fault_of_the_program():
    with pytest.raises(ValueError, match="no layer of ResNet50 begins with conv5_"):
        find("ResNet50").first_trainable(VGG16_LAYERS, "conv5")


def test_the_built_in_weights_are_there():
    path = find_weights(find("EfficientNetLite0"))
    assert path is not None
    assert path.stat().st_size < 8_000_000


def test_weights_are_looked_for_in_the_keras_cache_and_then_in_the_own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("PARITY_WEIGHTS", str(tmp_path / "own"))
    row = find("VGG16")
    cached, own = weights_paths(row)
    assert cached == tmp_path / "keras" / "models" / row.weights_file
    assert own == tmp_path / "own" / row.weights_file
    assert find_weights(row) is None
    built_in = [name for name, backbone in BACKBONES.items() if backbone.built_in]
    assert networks_here() == built_in
    for path in (own, cached):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"weights")
        assert find_weights(row) == path
        assert sorted(networks_here()) == sorted([*built_in, "VGG16"])


def test_without_settings_the_cache_is_where_keras_has_it(tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.delenv("PARITY_WEIGHTS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    row = find("MobileNet")
    assert weights_paths(row) == [tmp_path / ".keras" / "models" / row.weights_file]


def test_the_catalogue_loads_neither_tensorflow_nor_keras_nor_numpy():
    code = "import sys, core.models.catalogue; sys.exit(bool({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
