"""What tells parts and classes apart beside the objects: found where it is planted, silent where it is in all alike."""

import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.checks import parts_differ as differs
from core.checks.class_frames import bars
from core.checks.class_marks import class_told_by_mark
from core.checks.class_traces import class_told_by_compression, class_told_by_looks
from core.checks.context import Context
from core.checks.parts_differ import parts_differ
from core.checks.preflight import merged
from core.checks.sample import Sample, _units
from core.course.caveats import caveats
from core.data.forms import form_of
from core.data.images import read_colour
from core.data.quality import SIDE
from core.data.traits import TRAITS, measure, parted
from tests.checks.conftest import image_file
from tests.checks.planted import Edit, blurred, framed, noise_field, noisy, resaved, tagged
from tests.told import told

EACH = 30
CHECKS = (parts_differ, class_told_by_mark, class_told_by_compression, class_told_by_looks)


def texture(rng: np.random.Generator, label: int, scene: int | None = None) -> Image.Image:
    """A class shows in the middle only: a disc that is lighter or darker."""
    back = rng if scene is None else np.random.default_rng(scene)
    pixels = 110 + rng.uniform(-12, 12) + 25 * noise_field(back, 96, 1.5) + rng.normal(0, 3, (96, 96))
    y, x = np.mgrid[:96, :96]
    disc = np.hypot(x - rng.uniform(36, 60), y - rng.uniform(36, 60)) < 10
    pixels[disc] += 18 if label else -18
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def sample_of(
    edit: Edit | None = None, where: Callable[[int, bool], bool] = lambda label, val: True, films: int = 0
) -> Sample:
    """Two classes in two parts; with films, each shows one background and lies in one part."""
    files, rows, small = [], [], []
    rng = np.random.default_rng(0)
    for part in ("train", "val"):
        for label in (0, 1):
            for n in range(EACH):
                film = (n % films + films * (part == "val")) if films else None
                image = texture(rng, label, film)
                if edit and where(label, part == "val"):
                    image = edit(image, rng)
                out = io.BytesIO()
                image.convert("L").save(out, "PNG")
                read = read_colour(out.getvalue(), SIDE)
                rows.append(measure(read))
                small.append(form_of(read.grey))
                files.append(image_file(part, ("cat", "dog")[label], n))
    forms, labels = np.stack(small), np.array([int(file.label == "dog") for file in files])
    held_out = np.array([file.split == "val" for file in files])
    units = _units(files, [""] * len(files), (), forms)
    return Sample(tuple(files), labels, held_out, units, parted(np.stack(rows)), forms)


@pytest.fixture
def said(make_context: Any) -> Callable[..., dict[str, Any]]:
    def say(*how: Any, then: Callable[[Sample], Sample] = lambda sample: sample, **more: Any) -> dict[str, Any]:
        context: Context = make_context()
        context.__dict__["sample"] = then(sample_of(*how, **more))
        return {one.id: one for check in CHECKS if (one := check(context))}

    return say


@pytest.mark.parametrize("edit", [None, tagged(share=0.5), framed(), noisy(10), resaved(25)])
def test_what_is_in_all_classes_and_parts_alike_is_not_told(said, edit):
    assert said(edit) == {}


@pytest.mark.parametrize(
    ("edit", "by"),
    [(blurred(1.5), {"sharpness", "noise"}), (noisy(12), {"noise", "sharpness"}), (framed(), {"border", "brightness"})],
)
def test_validation_of_another_make_is_named_with_images_of_both_parts(said, edit, by):
    found = said(edit, lambda label, val: val)
    assert list(found) == ["parts-differ"]
    evidence = found["parts-differ"].evidence
    assert found["parts-differ"].severity == "warning"
    assert evidence["by"] in by
    assert evidence["auc"] > 0.95
    assert evidence["auc_by_lot"] < 0.8
    assert [path.split("/")[0] for path in evidence["files"][:4]] == ["train", "train", "val", "val"]


def test_where_one_class_differs_it_is_named_and_others_are_left_open(said):
    found = said(blurred(1.5), lambda label, val: val and label == 1)["parts-differ"]
    assert "Training and validation images of dog can be distinguished" in found.claim
    assert found.evidence["classes"] == ["dog"]
    assert "swapped" not in found.remedy
    assert found.remedy.endswith("Other classes may differ as well: what was changed can show less in them.")


def test_held_out_images_of_a_class_that_look_like_another_one_in_training_make_one_think_of_swapped_folders(said):
    found = said(noisy(12), lambda label, val: label == 1 or val)["parts-differ"]
    assert found.evidence["classes"] == ["cat"]
    assert "validation images of cat could be of dog: check whether folders were swapped" in found.remedy


def test_where_both_parts_hold_the_same_images_under_other_classes_it_is_not_how_they_were_made(said):
    found = said(noisy(12), lambda label, val: (label == 1) != val)["parts-differ"]
    assert "All images together, regardless of class, cannot (AUC 0." in found.claim
    assert found.evidence["auc_of_all_images"] < 0.6
    assert found.remedy.startswith("Look at images of cat, dog in training and in validation: folders or labels of one")
    assert re.search(r"images of (cat \(and of dog|dog \(and of cat)\) can be distinguished", found.claim)
    other = said(noisy(12), lambda label, val: label == 1 and val)["parts-differ"]
    assert "auc_of_all_images" not in other.evidence


def recoloured(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Surely of another colour, in both classes told best with all together."""
    bands = image.convert("RGB").split()
    return Image.merge("RGB", [Image.eval(bands[0], lambda value: value // 2), *bands[1:]])


def test_classes_that_are_exchanged_in_a_way_that_tells_all_together_are_told_as_such(said):
    found = said(recoloured, lambda label, val: (label == 1) != val)["parts-differ"]
    assert found.evidence["auc_of_all_images"] < 0.7
    assert found.remedy.startswith("Look at images of cat, dog")
    other = said(recoloured, lambda label, val: val)["parts-differ"]
    assert "auc_of_all_images" not in other.evidence


def test_test_images_of_another_make_are_told_in_their_own_words(make_context):
    context: Context = make_context()
    of_test = sample_of(noisy(12), lambda label, val: val)._replace(other="test")
    context.__dict__.update(sample=sample_of(), test_sample=of_test)
    assert parts_differ(context) is None
    found = told(differs.test_images_differ(context))
    assert found.severity == "warning"
    assert found.claim.startswith("Training and test images of the same class can be distinguished by their ")
    assert (caveats([found]), caveats([found], "test")) == ([], ["not comparable: training and test images differ"])
    context.__dict__.update(sample=of_test._replace(other="validation"))
    assert [one.id for one in merged([found, told(parts_differ(context))], [])] == ["parts-differ"]
    context.__dict__.update(test_sample=sample_of())
    assert differs.test_images_differ(context) is None


def test_darker_images_are_told_by_their_brightness_not_by_the_noise_that_darkens_with_them(said):
    def darker(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        return Image.eval(image, lambda value: value * 2 // 5)

    assert said(darker, lambda label, val: val)["parts-differ"].evidence["by"] == "brightness"


def test_films_that_lie_whole_in_one_part_are_no_images_of_another_make(said):
    assert said(films=10) == {}


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (tagged("se"), "in the lower right corner"),
        (tagged("nw"), "in the upper left corner"),
        (tagged("se", size=0.2), "in the lower right corner"),
        (tagged("nw", size=0.35), "in the upper left corner"),
        (framed(), "along the border"),
        (framed(0.14), "along the border"),
    ],
)
def test_a_mark_of_one_class_is_named_by_its_place(said, edit, place):
    found = said(edit, lambda label, val: label == 1)
    mark = found["class-told-by-mark"]
    assert mark.severity == "warning"
    assert mark.evidence["class"] == "dog"
    assert mark.evidence["place"] == place
    assert mark.evidence["share_in_class"] > 0.9
    assert mark.evidence["share_in_others"] < 0.1
    assert [path.split("/")[1] for path in mark.evidence["files"][:4]] == ["dog", "dog", "cat", "cat"]
    assert "parts-differ" not in found


def test_a_mark_in_most_images_of_a_class_is_found_with_its_share(said):
    evidence = said(tagged(share=0.7), lambda label, val: label == 1)["class-told-by-mark"].evidence
    assert 0.55 < evidence["share_in_class"] < 0.85
    assert 0.75 < evidence["right"] < 0.95


def test_an_earlier_compression_of_one_class_is_found_though_all_are_png_now(said):
    found = said(resaved(25), lambda label, val: label == 1)["class-told-by-compression"]
    assert found.severity == "warning"
    assert found.evidence["class"] == "dog"
    assert found.evidence["step"] >= 4
    assert found.evidence["share_in_class"] > 0.9
    assert found.evidence["share_in_others"] < 0.1


def test_of_two_classes_the_one_that_was_compressed_is_named(said):
    found = said(resaved(25), lambda label, val: label == 0)["class-told-by-compression"]
    assert found.evidence["class"] == "cat"
    assert found.evidence["share_in_class"] > 0.9
    assert found.evidence["share_in_others"] < 0.1
    assert found.evidence["files"][0].split("/")[1] == "cat"


def test_a_lighter_class_is_worth_a_word_and_no_warning(said):
    found = said(lambda image, rng: image.point(lambda v: min(255, v + 70)), lambda label, val: label == 1)
    assert {id: one.severity for id, one in found.items()} == {"class-told-by-looks": "info"}
    assert found["class-told-by-looks"].evidence["by"] == "brightness"


def barred(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Black bars at the top and bottom, 9 to 14 % of the height each."""
    pixels, depth = np.array(image), int(rng.integers(9, 14))
    pixels[:depth] = pixels[-depth:] = 0
    return Image.fromarray(pixels)


def vignetted(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    return Image.fromarray((np.asarray(image) * (1 - 0.3 * (x * x + y * y))).astype(np.uint8))


def test_bars_of_one_class_are_told_whatever_their_width(said):
    found = said(barred, lambda label, val: label == 1)
    mark = found["class-told-by-mark"]
    assert mark.claim.startswith(
        "100 % of the images of dog have bars of one grey level on two opposite sides, and 0 %"
    )
    assert [path.split("/")[1] for path in mark.evidence["files"][:4]] == ["dog", "dog", "cat", "cat"]
    assert said(barred) == {}


def test_an_even_ground_around_an_object_is_no_bar():
    forms = np.full((3, 64, 64), 20, np.uint8)
    forms[1, 24:40, 10:54] = 200
    forms[2, 10:54] = np.random.default_rng(0).integers(60, 256, (44, 64))
    assert bars(forms).tolist() == [False, False, True]


def test_noise_of_one_class_is_told_though_it_shows_in_other_looks_too(said):
    def noisy_in_colour(sample: Sample) -> Sample:
        rng = np.random.default_rng(1)
        sample.traits["colour"][sample.labels == 1, 3] -= rng.uniform(0.2, 0.3, int((sample.labels == 1).sum()))
        return sample

    found = said(noisy(9), lambda label, val: label == 1, then=noisy_in_colour)["class-told-by-looks"]
    assert (found.severity, found.evidence["by"]) == ("info", "sharpness and noise")
    assert "coarser structures and the direction of edges do not (AUC 0." in found.claim


def test_dark_corners_of_one_class_are_told_and_not_those_of_a_darker_class(said):
    found = said(vignetted, lambda label, val: label == 1)
    assert found["class-told-by-looks"].evidence["by"] == "grey level of the corners"
    assert "the grey level of the middle does not (AUC 0." in found["class-told-by-looks"].claim
    assert said(vignetted) == {}


def test_without_images_to_measure_nothing_is_said(make_context):
    context = make_context(counts={"train": {"cat": 3, "dog": 3}, "val": {"cat": 2, "dog": 2}})
    whole = sample_of()
    few = np.concatenate(
        [np.flatnonzero((whole.labels == k) & (whole.held_out == v))[:3] for k in (0, 1) for v in (0, 1)]
    )
    context.__dict__["sample"] = Sample(
        tuple(whole.files[k] for k in few), whole.labels[few], whole.held_out[few], whole.units[few],
        {kind: values[few] for kind, values in whole.traits.items()}, whole.forms[few],
    )  # fmt: skip
    assert [check(context) for check in CHECKS] == [None] * 4
    context.__dict__["sample"] = None
    assert [check(context) for check in CHECKS] == [None] * 4


FIVE = ("bricks", "dots", "grain", "rings", "waves")


def of_five(shift: dict[int, float]) -> Sample:
    """Five classes that the direction of edges tells; some are lighter by so many standard deviations."""
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(5), 2 * EACH)
    held_out = np.tile(np.arange(2 * EACH) % 2 == 1, 5)
    traits = {kind: rng.normal(size=(len(labels), len(names))).astype(np.float32) for kind, names in TRAITS.items()}
    traits["direction of edges"][:, 0] += 9 * labels
    traits["direction of edges"][:, 1] += 9 * (labels % 2)
    for label, by in shift.items():
        traits["brightness"][labels == label] += by
    parts = np.where(held_out, "val", "train")
    files = tuple(image_file(str(part), FIVE[k], n) for n, (part, k) in enumerate(zip(parts, labels, strict=True)))
    forms = np.zeros((len(labels), 64, 64), np.uint8)
    return Sample(files, labels, held_out, np.arange(len(labels)), traits, forms)


def test_a_look_that_tells_one_of_several_classes_and_no_other_is_told_though_the_object_tells_it_too(make_context):
    def told(shift: dict[int, float]) -> Any:
        context = make_context(counts={part: dict.fromkeys(FIVE, EACH) for part in ("train", "val")})
        context.__dict__["sample"] = of_five(shift)
        return class_told_by_looks(context)

    found = told({2: 2.5})
    assert (found.severity, found.evidence["class"], found.evidence["by"]) == ("info", "grain", "brightness")
    assert "no other class is distinguished by it (AUC 0." in found.claim
    assert told({}) is None
    assert told({0: -5, 1: -2.5, 3: 2.5, 4: 5}) is None  # objects that differ in their light
