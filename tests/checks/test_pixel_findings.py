"""How images are stored, and what the network gets of them."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from core.checks import context as context_module
from core.checks import pixels
from core.checks.context import Context
from core.config import make_config
from core.data.dataset import open_dataset
from core.data.dataset_index import Unreadable
from tests.told import told

RANGE = np.linspace(0, 255, 16 * 224 * 224 * 3).astype(np.uint8).reshape(16, 224, 224, 3)


def each(**facts):
    return lambda file: dataclasses.replace(file, **facts)


def opened(folder, settings):
    config = make_config(str(folder), settings)
    return Context(config, open_dataset(config.dataset, config.data))


def test_other_scaling_is_told_by_the_values_the_network_gets(make_context):
    settings = {"data.preprocessing": "rescale", "model.backbone": "VGG16"}
    finding = told(pixels.wrong_preprocess_for_backbone(make_context(settings, pixels=RANGE)))
    assert (finding.severity, finding.change) == ("info", {"data.preprocessing": "backbone"})
    assert finding.claim == (
        "VGG16 gets values from 0 to 1; it was trained on values from -124 to 151 for the same images."
    )
    assert finding.evidence["input"] == {"min": 0.0, "max": 1.0, "mean": pytest.approx(0.498, abs=0.01),
                                         "std": pytest.approx(0.289, abs=0.01)}  # fmt: skip


def test_pixels_as_they_are_suit_a_backbone_that_scales_itself(make_context):
    settings = {"data.preprocessing": "none", "model.backbone": "EfficientNetB0"}
    assert pixels.wrong_preprocess_for_backbone(make_context(settings)) is None


def test_scaling_before_a_backbone_that_scales_itself_is_an_error(make_context):
    context = make_context({"data.preprocessing": "rescale", "model.backbone": "ConvNeXtTiny"}, pixels=RANGE)
    finding = told(pixels.double_rescale(context))
    assert (finding.severity, finding.change) == ("error", {"data.preprocessing": "backbone"})
    assert "its first layers get at most 0.0039, where 1 is white." in finding.claim
    assert pixels.wrong_preprocess_for_backbone(context) is None


def test_images_stored_as_zeros_and_ones_are_an_error(make_context):
    finding = told(pixels.double_rescale(make_context(pixels=RANGE // 255)))
    assert finding.severity == "error"
    assert "are nearly blank: grey levels 0 to 1 of 255" in finding.claim
    assert pixels.double_rescale(make_context({"data.preprocessing": "rescale"}, pixels=RANGE)) is None


def test_levels_are_read_from_the_files(image_folder):
    folder = image_folder(train=(5, 5), val=(5, 5), size=40)
    for path in folder.rglob("*.png"):
        Image.fromarray(np.asarray(Image.open(path)) // 200).save(path)
    finding = told(pixels.double_rescale(opened(folder, {"data.image_size": 40})))
    assert finding.claim.startswith("The 10 training images examined are nearly blank: grey levels 0")


def test_darker_validation_images_of_a_class_are_told(make_context):
    context = make_context()
    for files, level in ((context.train, 160), (context.val, 70)):
        for k, file in enumerate(files):
            context.thumbnails[file.sha256] = np.full((32, 33), level + k % 9, np.uint8)
    finding = told(pixels.train_val_preprocess_mismatch(context))
    assert finding.severity == "warning"
    assert "images of cat are on average 90 of 255 grey levels darker than its training images" in finding.claim


def test_classes_of_different_brightness_are_fine(make_context):
    context = make_context()
    for file in (*context.train, *context.val):
        context.thumbnails[file.sha256] = np.full((32, 33), 60 if file.label == "cat" else 200, np.uint8)
    assert pixels.train_val_preprocess_mismatch(context) is None


def test_brightness_is_not_compared_where_there_are_too_many_images(make_context, monkeypatch):
    monkeypatch.setattr(context_module, "MAX_COMPARED", 10)
    context = make_context()
    context.thumbnails.clear()
    assert pixels.train_val_preprocess_mismatch(context) is None


def test_grey_training_and_colour_validation_are_told(make_context):
    finding = told(
        pixels.grayscale_channels(
            make_context(edit=lambda f: dataclasses.replace(f, mode="L" if f.split == "train" else "RGB"))
        )
    )
    assert finding.claim == ("100 % of the training images but 0 % of the validation images are stored in grey.")
    assert pixels.grayscale_channels(make_context(edit=each(mode="L"))) is None


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"mode": "L"}, "pixel format"),
        ({"format": "PNG"}, "file format"),
        ({"width": 300}, "size in pixels"),
        ({"orientation": 6}, "orientation"),
    ],
)
def test_storage_that_tells_the_class_is_told(make_context, facts, word):
    def of_cats(file):
        return dataclasses.replace(file, **facts) if file.label == "cat" else file

    finding = told(pixels.mode_reveals_class(make_context(edit=of_cats)))
    assert finding.severity == "warning"
    assert finding.claim == (
        f"The {word} alone reveals the class of 100 % of the validation images; the majority-class baseline is "
        "right for 50 %."
    )


def test_sizes_that_are_all_different_tell_nothing(make_context):
    rng = np.random.default_rng(5)
    context = make_context(edit=lambda f: dataclasses.replace(f, width=int(rng.integers(100, 999)), height=400))
    assert pixels.mode_reveals_class(context) is None


def sixteen_bits(folder, top):
    for path in folder.rglob("*.png"):
        grey = np.random.default_rng(1).integers(0, top, (40, 40), np.uint16)
        Image.fromarray(grey).save(path)


@pytest.mark.parametrize(
    ("top", "severity", "words"),
    [
        (
            65535,
            "info",
            "names; Keras' load_img would clip them to white.",
        ),
        (4095, "warning", "names. The brightest value is then 16 of 255."),
    ],
)
def test_sixteen_bits_are_told_and_twelve_of_them_are_dark(image_folder, top, severity, words):
    folder = image_folder(train=(5, 5), val=(5, 5), size=40)
    sixteen_bits(folder, top)
    finding = told(pixels.sixteen_bit_png(opened(folder, {})))
    assert finding.severity == severity
    assert words in finding.claim
    assert finding.change == ({"data.window": "percentile"} if severity == "warning" else {})


def test_a_window_that_follows_the_values_makes_them_bright(image_folder, home):
    folder = image_folder(train=(5, 5), val=(5, 5), size=40)
    sixteen_bits(folder, 4095)
    finding = told(pixels.sixteen_bit_png(opened(folder, {"data.window": "percentile"})))
    low, high = np.percentile(np.random.default_rng(1).integers(0, 4095, (40, 40), np.uint16), (0.5, 99.5))
    assert f"data.window=percentile converts them to 8 bits: from {low:g} (black) to {high:g} (white);" in finding.claim
    assert (finding.severity, finding.change) == ("info", {})
    narrow = {"data.window": "fixed", "data.window_low": 5000, "data.window_high": 6000}
    finding = told(pixels.sixteen_bit_png(opened(folder, narrow)))
    assert "from 5000 (black) to 6000 (white). The brightest value is then 0 of 255." in finding.claim
    assert (finding.severity, finding.change) == ("warning", {})


def test_pages_that_are_not_read_and_deep_colours_are_told(make_context):
    finding = told(pixels.several_pages(make_context(edit=lambda f: dataclasses.replace(f, pages=7))))
    assert finding.claim.startswith("360 files hold several pages, frames or images (")
    assert ": 7); the first of each is read." in finding.claim
    assert pixels.several_pages(make_context()) is None
    finding = told(pixels.deep_colour(make_context(edit=each(mode="RGB;16"))))
    assert finding.claim == (
        "360 images have 16 bits per channel. Only the upper 8 bits are read, whatever data.window is."
    )
    assert pixels.deep_colour(make_context()) is None


def test_transparency_is_worth_knowing(make_context):
    finding = told(pixels.alpha_dropped(make_context(edit=each(mode="RGBA"))))
    assert (finding.severity, finding.evidence["pictures"]) == ("info", 360)
    assert finding.claim.startswith("360 images have a transparency channel. They are composited on white here;")


def test_turned_images_are_worth_knowing(make_context):
    finding = told(pixels.exif_orientation(make_context(edit=each(orientation=6))))
    assert (finding.severity, finding.evidence["pictures"]) == ("info", 360)
    assert "turned upright here by their EXIF orientation" in finding.claim


def test_widely_different_shapes_are_told(make_context):
    def shape(file):
        wide = int(file.path[-5]) % 2
        return dataclasses.replace(file, width=1600 if wide else 900, height=900 if wide else 1600)

    finding = told(pixels.aspect_stretch_vs_crop(make_context(edit=shape)))
    assert finding.claim == (
        "Aspect ratios (width / height) range from 0.56 to 1.78 (90 % of the images), and all images are stretched "
        "to a square."
    )
    assert finding.change == {"data.fit": "letterbox"}
    for fit in ("letterbox", "letterbox_black", "crop"):
        assert pixels.aspect_stretch_vs_crop(make_context({"data.fit": fit}, edit=shape)) is None

    def turned(file):
        return dataclasses.replace(shape(file), orientation=6 if int(file.path[-5]) % 2 else 1)

    assert pixels.aspect_stretch_vs_crop(make_context(edit=turned)) is None


def test_small_images_that_are_enlarged_are_told(make_context):
    finding = told(pixels.size_upscaled(make_context(edit=each(width=28, height=28))))
    assert finding.claim == "Half of the images are at most 28 pixels wide or high and are enlarged to 224 × 224."
    assert finding.change == {"data.image_size": 64}


def test_tiny_input_leaves_one_place(make_context):
    finding = told(pixels.input_too_small(make_context({"data.image_size": 48})))
    assert (finding.severity, finding.change) == ("warning", {"data.image_size": 224})
    last = "the last feature map of EfficientNet-Lite0 (built in) has about one position"
    assert f"At 48 × 48 pixels {last}" in finding.claim
    assert pixels.input_too_small(make_context({"data.image_size": 64})) is None


def test_unreadable_files_are_counted(make_context):
    bad = (Unreadable("train/cat/bad.jpg", "cat", "train", "bad.jpg is empty."),)
    finding = told(pixels.corrupt_image(make_context(unreadable=bad)))
    assert finding.evidence == {"files": ["train/cat/bad.jpg"]}
