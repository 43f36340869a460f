"""Which runs may ask for which runtime."""

from typing import Any

import pytest

from core.config import PRESETS, TrainConfig, make_config
from core.errors import ConfigError
from core.models import runtime_use
from core.models.runtime_use import require_runtime
from core.sections import runtimes

ASKED: dict[str, Any] = {"training.runtime": "openvino"}


def refusal(**settings: Any) -> str:
    with pytest.raises(ConfigError) as error:
        require_runtime(make_config("x", {**ASKED, **{f"training.{key}": value for key, value in settings.items()}}))
    return str(error.value)


def test_what_computes_no_features_refuses_another_runtime_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(mode="end_to_end", literal=True) == (
        "training.runtime is openvino, but training.literal passes every image through TensorFlow in every step; set "
        "training.runtime=tensorflow or training.literal=false"
    )
    assert refusal(mode="end_to_end", unfreeze_from="all") == (
        "training.runtime is openvino, but the backbone is trained from the first epoch on (training.unfreeze_from is "
        "all), which TensorFlow does; set training.runtime=tensorflow"
    )
    assert refusal(mode="end_to_end", mixup=0.2) == (
        "training.runtime is openvino, but training.mixup mixes images in every step, which TensorFlow passes on; set "
        "training.runtime=tensorflow or training.mixup=0"
    )
    assert refusal(precision="bfloat16") == (
        "training.runtime is openvino, but OpenVINO computes features in float32 here; set training.runtime=tensorflow "
        "or training.precision=float32"
    )
    monkeypatch.setattr(runtime_use, "has_openvino", lambda: False)
    assert refusal() == (
        "training.runtime is openvino, but OpenVINO is not installed here; pip install -r requirements-openvino.txt, "
        "or set training.runtime=tensorflow"
    )


def test_what_takes_features_may_have_them_from_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime_use, "has_openvino", lambda: True)
    for mode in ("bottleneck", "end_to_end", "fine_tune"):
        config = make_config("x", {**ASKED, "training.mode": mode})
        require_runtime(config)
        assert config.training.takes_features
    require_runtime(make_config("x", {"training.mode": "end_to_end", "training.literal": True}))
    assert not TrainConfig(mode="end_to_end", literal=True).takes_features


def test_the_preset_takes_what_is_installed_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    for found, runtime in ((True, "openvino"), (False, "tensorflow")):
        monkeypatch.setattr(runtimes, "has_openvino", lambda found=found: found)
        assert runtimes.fastest_runtime() == runtime
    assert [name for name in PRESETS if make_config("x", {}, preset=name).training.runtime != "tensorflow"] in (
        [],
        ["fast"],
    )
