"""After a training on a set with a tag in one class, the finding says where the network looks."""

from typing import Any

import numpy as np
import pytest

from core.engine.insight import mark_attention
from core.insight.attention import LEAD, SIDE
from tests.checks import planted

pytestmark = pytest.mark.slow


def test_the_finding_of_a_tag_says_how_much_of_the_maps_lies_on_it(tmp_path: Any, train_here: Any) -> None:
    root = planted.drawn(tmp_path / "set", 2, {"train": 24, "val": 12})
    planted.edit_files(root.glob("*/class1/*"), planted.tagged(size=0.14))
    run = train_here(root, {"data.image_size": 64, "training.epochs": 3, "data.fit": "letterbox"})
    (found,) = [one for one in run.findings() if one.id == "class-told-by-mark"]
    told = found.evidence["class_activation_maps"]
    assert told["images"] >= 24 and told["area"] == pytest.approx((24 / 64) ** 2, abs=1e-4)
    assert told["method"] == "cam" and 0 <= told["interval"][0] <= told["share"] <= told["interval"][1]
    assert found.claim.count(LEAD) == 1 and found.severity == "warning"
    assert f"{100 * told['share']:.0f} % of the weight of the CAM maps" in found.claim


def test_maps_lie_where_the_image_lies_in_the_square() -> None:
    class Whole:
        def forward(self, pixels: Any) -> Any:
            return np.zeros((len(pixels), 4, 4, 1), "f4"), None

        def heat(self, maps: Any, classes: Any) -> Any:
            heat = np.zeros((len(maps), 4, 4), "f4")
            heat[:, 1, 3] = 1  # right, in the upper half of what a wide image fills
            return heat

    class Setting:
        fit = "letterbox"

    class Context:
        class config:
            data = Setting()

        def images(self, files: Any, *, augmented: bool) -> Any:
            class Images:
                def one(self, position: int, draw: int) -> Any:
                    return np.zeros((32, 32, 3), np.uint8)

            return Images()

    class File:
        upright_size = (200, 100)

    (found,) = mark_attention._maps(Context(), Whole(), [File()], 1)  # type: ignore[arg-type, list-item]
    assert found.shape == (SIDE, SIDE)
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert row < SIDE / 2 and column > 3 * SIDE / 4  # letterbox bars are cut away: the upper half of the image
