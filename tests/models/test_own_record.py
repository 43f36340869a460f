"""A model that was exported here says how its images became squares, and is asked so when it comes back."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.models.own_record import own_settings


@pytest.mark.parametrize(
    ("record", "settings"),
    [
        ({"fit": "letterbox", "window": "full"}, {"data.fit": "letterbox"}),
        ({"fit": "crop", "window": [0, 4095.5]},
         {"data.fit": "crop", "data.window": "fixed", "data.window_low": 0.0, "data.window_high": 4095.5}),
        ({"fit": "../x", "window": [4, 3]}, {}),
        ({"fit": "crop", "window": [-(10**400), 10**400]}, {"data.fit": "crop"}),
        ({"fit": ["crop"], "window": None}, {}),
        ({"fit": {}}, {}),
        ("text", {}),
    ],
)  # fmt: skip
def test_what_a_model_says_of_its_images_is_taken_over_or_left(
    tmp_path: Path, record: Any, settings: dict[str, Any]
) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3", "parity": record}))
    assert own_settings(path) == settings


def test_other_files_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(b"no zip")
    assert own_settings(path) == {}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    assert own_settings(path) == {}
