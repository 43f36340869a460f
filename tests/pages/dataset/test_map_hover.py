"""The answer to the card on the map: the image that is asked for first, some around it, never too much."""

import base64
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.dataset_index import ImageFile
from core.data.scan import scan
from pages.shared.dataset import map_hover
from pages.shared.dataset.map_hover import MOST_BYTES, TOGETHER, answer

NAME = 'größe <img src=x onerror="hit()"> &amp;'


@pytest.fixture
def view(tmp_path: Path) -> Any:
    """Sixty images, the last a copy of the first."""
    for n in range(59):
        pixels = np.random.default_rng(n).integers(0, 256, (48, 64, 3), np.uint8)
        (tmp_path / "ab"[n % 2]).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "ab"[n % 2] / f"{NAME}{n:02}.png")
    (tmp_path / "b" / "copy.png").write_bytes((tmp_path / "a" / f"{NAME}00.png").read_bytes())
    index = scan(tmp_path)
    return SimpleNamespace(index=index, path=lambda file: index.root / file.path)


def asked(view: Any, file: ImageFile) -> dict[str, Any]:
    return answer(view, view.index.files, {"file": file.path, "number": 7})


def test_the_image_comes_first_and_then_those_around_it(view: Any) -> None:
    files = view.index.files
    record = asked(view, files[29])
    assert record["number"] == 7
    names = [name for name, _ in record["images"]]
    assert names[0] == files[29].path
    assert NAME in names[0]
    assert set(names) <= {file.path for file in files[TOGETHER : 2 * TOGETHER]}
    image = Image.open(io.BytesIO(base64.b64decode(record["images"][0][1].split(",")[1])))
    assert (image.format, image.size) == ("JPEG", (64, 48))


def test_equal_files_have_the_same_image(view: Any) -> None:
    first, copy = view.index.files[0], next(f for f in view.index.files if f.path == "b/copy.png")
    assert asked(view, first)["images"][0][1] == asked(view, copy)["images"][0][1]
    assert asked(view, first)["images"][0][1] != asked(view, view.index.files[1])["images"][0][1]


def test_an_answer_has_a_limit_in_bytes_and_in_time(view: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = view.index.files[0]
    full = asked(view, file)["images"]
    assert len(full) == TOGETHER
    assert sum(len(uri) for _, uri in full) <= MOST_BYTES
    size = len(full[0][1])
    monkeypatch.setattr(map_hover, "MOST_BYTES", int(3.5 * size))
    assert len(asked(view, file)["images"]) == 3
    monkeypatch.setattr(map_hover, "MOST_BYTES", 10)
    assert len(asked(view, file)["images"]) == 1
    monkeypatch.setattr(map_hover, "MOST_BYTES", MOST_BYTES)
    monkeypatch.setattr(map_hover, "SECONDS", -1.0)
    assert len(asked(view, file)["images"]) == 1


def test_an_image_that_has_gone_is_an_empty_text(view: Any) -> None:
    file = view.index.files[3]
    view.path(file).unlink()
    assert asked(view, file)["images"][0] == [file.path, ""]


@pytest.mark.parametrize(
    ("question", "number"),
    [
        (None, 0),
        ("a", 0),
        ({}, 0),
        ({"file": "../../etc/passwd", "number": 3}, 3),
        ({"file": ["a"], "number": "3"}, 0),
    ],
)
def test_whatever_else_the_browser_sends_gets_no_image(view: Any, question: Any, number: int) -> None:
    assert answer(view, view.index.files, question) == {"number": number, "images": []}
