"""Views of an image: which a run's augmentation allows, what they are, and the mean over them."""

import hashlib

import numpy as np
import pytest
from numpy.typing import NDArray

from core import files
from core.config import make_config
from core.data.augment import augment
from core.errors import ConfigError
from core.insight.answer import Insight, Neighbour, Reply
from core.insight.views import ALONE, MOST, Views, averaged, most_views, views_of, why_none
from core.store.runs import Run, RunStore

RNG = np.random.default_rng(5)
PIXELS = RNG.integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)


def run_with(augmentation: str, **manifest: object) -> Run:
    run = RunStore().create(make_config("/data", {"data.image_size": 16, "data.augmentation": augmentation}))
    files.write_json(run.path / "manifest.json", {"root": "/data", "classes": ["a", "b"], **manifest})
    return run


class LeftHalf:
    """Probability of the second class: grey level of the left half over 255. It notes every question."""

    def __init__(self) -> None:
        self.asked: list[tuple[NDArray[np.uint8], bool]] = []

    def __call__(self, pixels: NDArray[np.uint8], *, heat: bool = False) -> Reply:
        self.asked.append((pixels, heat))
        share = (pixels[:, :, :8].mean(axis=(1, 2, 3)) / 255).astype(np.float32)
        near = Insight((Neighbour("a.png", "a", 0.5),), 0.5, False, {"a": [[1.0]]} if heat else {})
        return Reply(np.stack([1 - share, share], axis=1), [near] * len(pixels), "a runtime 1.0")


@pytest.mark.parametrize(
    ("augmentation", "most"),
    [
        ("none", 1), ("flip horizontal", 2), ("flip vertical", 2), ("flip both", 4),
        ("flip horizontal, flip vertical", 4), ("light", MOST), ("flip horizontal, zoom 0.2", MOST),
    ],
)  # fmt: skip
def test_a_run_has_as_many_views_as_its_augmentation_allows(augmentation: str, most: int) -> None:
    run = run_with(augmentation)
    assert most_views(run) == most
    assert views_of(run, most).count == most
    assert views_of(run, 1) == ALONE


def test_mirror_images_come_first_and_then_random_changes() -> None:
    assert views_of(run_with("flip both"), 3).mirrors == ("horizontal", "vertical")
    assert views_of(run_with("flip vertical"), 2) == Views(("vertical",), 0, "flip vertical", 1)
    many = views_of(run_with("question"), 6)
    assert (many.mirrors, many.drawn) == (("horizontal",), 4)
    assert many.describe() == (
        "the image, mirrored left to right, 4 changed at random as in training (shear -0.2..0.2, zoom 0.8..1.2, flip "
        "horizontal)"
    )
    assert many.to_record() == {"count": 6, "mirrored": ["horizontal"], "random": 4, "augmentation": "question"}
    assert views_of(run_with("light"), 2).mirrors == ()


def test_mirrored_views_are_the_pixels_in_the_other_order() -> None:
    found = list(views_of(run_with("flip both"), 4).others(PIXELS))
    assert [np.array_equal(*pair) for pair in zip(
        found, [PIXELS[:, :, ::-1], PIXELS[:, ::-1], PIXELS[:, ::-1, ::-1]], strict=True,
    )] == [True, True, True]  # fmt: skip


def test_random_views_are_drawn_as_in_training_and_depend_on_the_image_alone() -> None:
    views = views_of(run_with("strong"), 4)
    mirrored, first, second = views.others(PIXELS)
    assert np.array_equal(mirrored, PIXELS[:, :, ::-1])
    assert not np.array_equal(first, second)
    alone = list(views.others(PIXELS[1:2]))
    assert np.array_equal(alone[1][0], first[1])
    assert np.array_equal(alone[2][0], second[1])
    content = hashlib.sha256(PIXELS[1].tobytes()).hexdigest()
    assert np.array_equal(second[1], augment(PIXELS[1], "strong", 1, 1, content))


@pytest.mark.parametrize("augmentation", ["flip both", "question", "light"])
def test_the_mean_is_that_of_each_view_asked_by_hand(augmentation: str) -> None:
    views, model = views_of(run_with(augmentation), 4), LeftHalf()
    reply = averaged(model, views)(PIXELS)
    by_hand = np.zeros((3, 2))
    for view in (PIXELS, *views.others(PIXELS)):
        by_hand += LeftHalf()(view).probabilities.astype(np.float64)
    assert reply.probabilities == pytest.approx(by_hand / 4, abs=1e-12)
    assert len(model.asked) == 4
    assert not np.allclose(reply.probabilities, LeftHalf()(PIXELS).probabilities, atol=1e-4)


def test_one_view_is_the_plain_answer_to_the_bit() -> None:
    for heat in (False, True):
        plain, reply = LeftHalf()(PIXELS, heat=heat), averaged(LeftHalf(), ALONE, heat=heat)(PIXELS)
        assert reply.probabilities.dtype == np.float32
        assert np.array_equal(reply.probabilities, plain.probabilities)
        assert (reply.insights, reply.runtime) == (plain.insights, plain.runtime)


def test_maps_and_neighbours_are_asked_once_about_the_image_itself() -> None:
    model = LeftHalf()
    reply = averaged(model, views_of(run_with("flip both"), 4), heat=True)(PIXELS)
    assert [heat for _, heat in model.asked] == [True, False, False, False]
    assert np.array_equal(model.asked[0][0], PIXELS)
    assert [insight.heat for insight in reply.insights] == [{"a": [[1.0]]}] * 3
    assert reply.runtime == "a runtime 1.0"


@pytest.mark.parametrize("count", [-1, 0, MOST + 1])
def test_a_number_of_views_out_of_range_is_refused(count: int) -> None:
    with pytest.raises(ConfigError) as error:
        views_of(run_with("light"), count)
    assert str(error.value) == f"{count} views of each image: give a number from 1 (the image alone) to {MOST}"


def test_a_run_without_augmentation_has_no_views() -> None:
    run = run_with("none")
    with pytest.raises(ConfigError) as error:
        views_of(run, 2)
    assert str(error.value) == (
        f"run {run.id} has no views of an image besides the image itself: its training images were not augmented; "
        "give 1"
    )
    assert why_none(run_with("light")) == ""


def test_an_imported_model_has_no_views_whatever_its_configuration_says() -> None:
    run = run_with("light", imported={"sha256": "0"})
    assert most_views(run) == 1
    assert why_none(run) == "an imported model does not tell how its training images were augmented"
    with pytest.raises(ConfigError, match="an imported model does not tell"):
        views_of(run, 2)


def test_more_views_than_flips_give_are_refused() -> None:
    run = run_with("flip vertical")
    with pytest.raises(ConfigError) as error:
        views_of(run, 3)
    assert str(error.value) == (
        f"3 views of each image: the augmentation of run {run.id} only flips, which gives 2 (the image, mirrored top "
        "to bottom); give 2 at most"
    )
