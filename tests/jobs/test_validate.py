"""What is refused before a run is made, and what a configuration looks like once it is let in."""

import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.config import RunConfig, make_config
from core.errors import ConfigError, DataError, UserError, WeightsError
from core.jobs import validate
from core.jobs.validate import check_model, validate_config

MakeFolder = Callable[..., Path]


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """An empty Keras cache and a network that is down; the addresses that were tried."""
    tried: list[str] = []

    def unreachable(request: Any, **_: Any) -> None:
        tried.append(request.full_url)
        raise urllib.error.URLError("no network")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    return tried


def refusal(config: RunConfig, kind: type[UserError]) -> str:
    with pytest.raises(kind) as error:
        validate_config(config)
    assert type(error.value) is kind
    return str(error.value)


def test_a_good_run_is_let_in_with_its_data_set(image_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = image_folder(train=(3, 2), val=(1, 1))
    monkeypatch.chdir(folder.parent)
    seen: list[tuple[int, int]] = []
    config, dataset = validate_config(make_config("pictures", {}, name="mine"), lambda *now: seen.append(now))
    assert config == make_config(str(folder.resolve()), {}, name="mine")
    assert dataset is not None
    assert (len(dataset.split.train), len(dataset.split.val)) == (5, 2)
    assert seen[-1] == (7, 7)


def test_the_sample_set_need_not_be_drawn_yet(home: Path) -> None:
    config = make_config("sample", {})
    assert validate_config(config) == (config, None)
    assert not home.exists()


def test_the_sample_set_keeps_its_name_once_it_is_drawn(
    image_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = image_folder(train=(2, 2), val=(1, 1))
    monkeypatch.setattr(validate, "sample_is_ready", lambda root: True)
    monkeypatch.setattr("core.data.dataset.ensure_sample", lambda root, progress: folder)
    config, dataset = validate_config(make_config("sample", {}))
    assert config.dataset == "sample"
    assert dataset is not None
    assert dataset.root == folder


@pytest.mark.parametrize("spelling", ["efficientnet-lite0", "EFFICIENTNETLITE0", " EfficientNet_Lite0 "])
def test_a_backbone_gets_its_proper_name(spelling: str) -> None:
    assert check_model(make_config("sample", {"model.backbone": spelling})) == RunConfig()


def test_a_misspelt_backbone_gets_the_nearest_name() -> None:
    message = refusal(make_config("sample", {"model.backbone": "VGG61"}), ConfigError)
    assert message.startswith('model.backbone: there is no backbone "VGG61"; did you mean VGG16? Known are: ')


def test_an_image_too_small_for_the_backbone_is_refused() -> None:
    assert refusal(make_config("sample", {"data.image_size": 31}), ConfigError) == (
        "data.image_size is 31, but EfficientNet-Lite0 (built in) needs at least 32 pixels"
    )
    assert check_model(make_config("sample", {"data.image_size": 32}))


def test_an_unknown_block_gets_the_list_of_blocks() -> None:
    settings = {"training.mode": "fine_tune", "training.unfreeze_from": "block9"}
    assert refusal(make_config("sample", settings), ConfigError) == (
        'training.unfreeze_from: EfficientNetLite0 has no block "block9"; its blocks are stem, block1, block2, block3, '
        'block4, block5, block6, block7, top, or write "all"'
    )


def test_more_stages_than_blocks_are_refused() -> None:
    settings = {"training.mode": "fine_tune", "training.unfreeze_from": "block7", "training.finetune_stages": 3}
    assert refusal(make_config("sample", settings), ConfigError) == (
        "training.finetune_stages is 3, but from block7 on EfficientNetLite0 has 2 blocks; ask for 2 at most, or "
        "name an earlier block in training.unfreeze_from"
    )


@pytest.mark.parametrize("block", ["all", "block7", "Block-7", ""])
def test_a_block_of_the_backbone_or_all_of_it_may_be_trained(block: str) -> None:
    assert check_model(make_config("sample", {"training.mode": "fine_tune", "training.unfreeze_from": block}))


def test_weights_that_are_nowhere_are_refused_with_the_file_and_its_place(
    no_network: list[str], tmp_path: Path
) -> None:
    file = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    address = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{file}"
    assert refusal(make_config("sample", {"model.backbone": "vgg16"}), WeightsError) == (
        "the ImageNet weights of VGG16 are not on this machine and cannot be downloaded; "
        f"get {address} and put {file} into {tmp_path / 'keras' / 'models'}, or into a folder of your own that the "
        "environment variable PARITY_WEIGHTS names"
    )
    assert no_network == [address]


def test_weights_on_this_machine_or_none_at_all_need_no_network(
    no_network: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert check_model(make_config("sample", {"model.backbone": "VGG16", "model.weights": "none"}))
    (tmp_path / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5").write_bytes(b"x")
    monkeypatch.setenv("PARITY_WEIGHTS", str(tmp_path))
    assert check_model(make_config("sample", {"model.backbone": "VGG16"}))
    assert no_network == []


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "absent"
    assert (
        refusal(make_config(str(folder), {}), DataError)
        == f"There is no folder “{folder}”; check the path, or choose another folder."
    )


def test_one_class_is_refused(image_folder: MakeFolder) -> None:
    message = refusal(make_config(str(image_folder(train=(3,), val=(2,))), {}), DataError)
    assert message.startswith("There is only one class, a, in ")


def test_the_model_is_looked_at_before_the_images(tmp_path: Path) -> None:
    refusal(make_config(str(tmp_path / "absent"), {"model.backbone": "nothing"}), ConfigError)
