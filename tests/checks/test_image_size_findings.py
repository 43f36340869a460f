"""Size and shape of images against the input of the network."""

import dataclasses

from core.checks import image_size
from tests.checks.on_disk import each
from tests.told import told


def test_widely_different_shapes_are_told(make_context):
    def shape(file):
        wide = int(file.path[-5]) % 2
        return dataclasses.replace(file, width=1600 if wide else 900, height=900 if wide else 1600)

    finding = told(image_size.aspect_stretch_vs_crop(make_context(edit=shape)))
    assert finding.claim == (
        "Aspect ratios (width / height) range from 0.56 to 1.78 (90 % of the images), and all images are stretched "
        "to a square."
    )
    assert finding.change == {"data.fit": "letterbox"}
    for fit in ("letterbox", "letterbox_black", "crop"):
        assert image_size.aspect_stretch_vs_crop(make_context({"data.fit": fit}, edit=shape)) is None

    def turned(file):
        return dataclasses.replace(shape(file), orientation=6 if int(file.path[-5]) % 2 else 1)

    assert image_size.aspect_stretch_vs_crop(make_context(edit=turned)) is None


def test_small_images_that_are_enlarged_are_told(make_context):
    finding = told(image_size.size_upscaled(make_context(edit=each(width=28, height=28))))
    assert finding.claim == "Half of the images are at most 28 pixels wide or high and are enlarged to 224 × 224."
    assert finding.change == {"data.image_size": 64}


def test_tiny_input_leaves_one_place(make_context):
    finding = told(image_size.input_too_small(make_context({"data.image_size": 48})))
    assert (finding.severity, finding.change) == ("warning", {"data.image_size": 224})
    last = "the last feature map of EfficientNet-Lite0 (built in) has about one position"
    assert f"At 48 × 48 pixels {last}" in finding.claim
    assert image_size.input_too_small(make_context({"data.image_size": 64})) is None
