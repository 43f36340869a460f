"""What values the network gets, and what is said of wrong ones."""

import numpy as np
import pytest
from PIL import Image

from core.checks import context as context_module
from core.checks import scaling
from tests.checks.on_disk import opened
from tests.told import told

RANGE = np.linspace(0, 255, 16 * 224 * 224 * 3).astype(np.uint8).reshape(16, 224, 224, 3)


def test_other_scaling_is_told_by_the_values_the_network_gets(make_context):
    settings = {"data.preprocessing": "rescale", "model.backbone": "VGG16"}
    finding = told(scaling.wrong_preprocess_for_backbone(make_context(settings, pixels=RANGE)))
    assert (finding.severity, finding.change) == ("info", {"data.preprocessing": "backbone"})
    assert finding.claim == (
        "VGG16 gets values from 0 to 1; it was trained on values from -124 to 151 for the same images."
    )
    assert finding.evidence["input"] == {"min": 0.0, "max": 1.0, "mean": pytest.approx(0.498, abs=0.01),
                                         "std": pytest.approx(0.289, abs=0.01)}  # fmt: skip


def test_pixels_as_they_are_suit_a_backbone_that_scales_itself(make_context):
    settings = {"data.preprocessing": "none", "model.backbone": "EfficientNetB0"}
    assert scaling.wrong_preprocess_for_backbone(make_context(settings)) is None


def test_scaling_before_a_backbone_that_scales_itself_is_an_error(make_context):
    context = make_context({"data.preprocessing": "rescale", "model.backbone": "ConvNeXtTiny"}, pixels=RANGE)
    finding = told(scaling.double_rescale(context))
    assert (finding.severity, finding.change) == ("error", {"data.preprocessing": "backbone"})
    assert "its first layers get at most 0.0039, where 1 is white." in finding.claim
    assert scaling.wrong_preprocess_for_backbone(context) is None


def test_images_stored_as_zeros_and_ones_are_an_error(make_context):
    finding = told(scaling.double_rescale(make_context(pixels=RANGE // 255)))
    assert finding.severity == "error"
    assert "are nearly blank: grey levels 0 to 1 of 255" in finding.claim
    assert scaling.double_rescale(make_context({"data.preprocessing": "rescale"}, pixels=RANGE)) is None


def test_levels_are_read_from_the_files(image_folder):
    folder = image_folder(train=(5, 5), val=(5, 5), size=40)
    for path in folder.rglob("*.png"):
        Image.fromarray(np.asarray(Image.open(path)) // 200).save(path)
    finding = told(scaling.double_rescale(opened(folder, {"data.image_size": 40})))
    assert finding.claim.startswith("The 10 training images examined are nearly blank: grey levels 0")


def test_darker_validation_images_of_a_class_are_told(make_context):
    context = make_context()
    for files, level in ((context.train, 160), (context.val, 70)):
        for k, file in enumerate(files):
            context.thumbnails[file.sha256] = np.full((32, 33), level + k % 9, np.uint8)
    finding = told(scaling.train_val_preprocess_mismatch(context))
    assert finding.severity == "warning"
    assert "images of cat are on average 90 of 255 grey levels darker than its training images" in finding.claim


def test_classes_of_different_brightness_are_fine(make_context):
    context = make_context()
    for file in (*context.train, *context.val):
        context.thumbnails[file.sha256] = np.full((32, 33), 60 if file.label == "cat" else 200, np.uint8)
    assert scaling.train_val_preprocess_mismatch(context) is None


def test_brightness_is_not_compared_where_there_are_too_many_images(make_context, monkeypatch):
    monkeypatch.setattr(context_module, "MAX_COMPARED", 10)
    context = make_context()
    context.thumbnails.clear()
    assert scaling.train_val_preprocess_mismatch(context) is None
