"""How much of a map lies at a place, against its area."""

import numpy as np
import pytest

from core.insight.attention import AGAINST, LEAD, OPEN, SIDE, SUPPORTS, attention, place_mask


def maps(share: float, where: str, count: int = 20, noise: float = 0.02) -> np.ndarray:
    """Maps with about this share of their weight at a place."""
    mask, rng = place_mask(where), np.random.default_rng(3)
    made = []
    for _ in range(count):
        part = np.clip(share + rng.normal(0, noise), 0.0, 1.0)
        made.append(np.where(mask, part / mask.sum(), (1 - part) / (~mask).sum()))
    return np.stack(made).astype("f4")


@pytest.mark.parametrize(
    ("place", "area", "pixel"),
    [
        ("in the upper left corner", (24 / 64) ** 2, (0, 0)),
        ("in the lower right corner", (24 / 64) ** 2, (63, 63)),
        ("at the lower edge", 8 / 64, (63, 30)),
        ("at the left edge", 8 / 64, (30, 0)),
        ("along the border", 1 - (48 / 64) ** 2, (30, 63)),
        ("at the outer edge", 1 - (48 / 64) ** 2, (0, 30)),
    ],
)
def test_every_place_that_a_mark_is_said_to_have_is_one_of_the_image(place, area, pixel):
    mask = place_mask(place)
    assert mask.mean() == pytest.approx(area) and mask[pixel] and not mask[SIDE // 2, SIDE // 2]


def test_a_map_on_the_mark_supports_and_one_elsewhere_does_not():
    place = "in the lower right corner"
    found = attention(place, maps(0.6, place), maps(0.1, place))
    assert found is not None and found.verdict == SUPPORTS and found.share == pytest.approx(0.6, abs=0.02)
    said = found.sentence("cam")
    assert said.startswith(f"{LEAD}60 % of the weight of the CAM maps for this class lies in the lower right corner")
    assert "which is 14 % of the area: this supports" in said and found.evidence("cam")["images"] == 20
    away = attention(place, maps(0.05, place), maps(0.05, place))
    assert away is not None and away.verdict == AGAINST and "does not support" in away.sentence("grad-cam")


def test_a_network_that_looks_there_in_all_images_decides_nothing():
    place = "along the border"
    everywhere = attention(place, maps(0.8, place), maps(0.8, place))
    assert everywhere is not None and everywhere.verdict == OPEN
    assert attention(place, maps(0.45, place, noise=0.2), maps(0.2, place)).verdict == OPEN  # type: ignore[union-attr]


def test_maps_without_weight_are_left_out_and_few_say_nothing():
    place, empty = "at the upper edge", np.zeros((30, SIDE, SIDE), "f4")
    assert attention(place, empty, empty) is None
    assert attention(place, maps(0.5, place, 7), empty) is None
    found = attention(place, np.concatenate([maps(0.5, place, 9), empty]), empty)
    assert found is not None and found.images == 9 and found.evidence("cam")["share_in_others"] is None
