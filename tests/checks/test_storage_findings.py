"""How images are stored, and what that means for a network and for other programs."""

import dataclasses
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from core.checks import storage
from tests.checks.on_disk import each, opened
from tests.told import told


def test_grey_training_and_colour_validation_are_told(make_context):
    finding = told(
        storage.grayscale_channels(
            make_context(edit=lambda f: dataclasses.replace(f, mode="L" if f.split == "train" else "RGB"))
        )
    )
    assert finding.claim == ("100 % of the training images but 0 % of the validation images are stored in grey.")
    assert storage.grayscale_channels(make_context(edit=each(mode="L"))) is None


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"mode": "L"}, "pixel format"),
        ({"format": "PNG"}, "file format"),
        ({"width": 300}, "size in pixels"),
    ],
)
def test_storage_that_tells_the_class_is_told(make_context, facts, word):
    def of_cats(file):
        return dataclasses.replace(file, **facts) if file.label == "cat" else file

    finding = told(storage.mode_reveals_class(make_context(edit=of_cats)))
    assert finding.severity == "warning"
    assert finding.claim == (
        f"The {word} alone reveals the class of 100 % of the validation images; the majority-class baseline is "
        "right for 50 %."
    )


def test_sizes_that_are_all_different_tell_nothing(make_context):
    rng = np.random.default_rng(5)
    context = make_context(edit=lambda f: dataclasses.replace(f, width=int(rng.integers(100, 999)), height=400))
    assert storage.mode_reveals_class(context) is None


def test_what_is_turned_upright_tells_no_class(make_context):
    def of_cats(file):
        turned = {"width": file.height, "height": file.width, "orientation": 6}
        return dataclasses.replace(file, **turned) if file.label == "cat" else file

    assert storage.mode_reveals_class(make_context(edit=of_cats)) is None


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
    finding = told(storage.sixteen_bit_png(opened(folder, {})))
    assert finding.severity == severity
    assert words in finding.claim
    assert finding.change == ({"data.window": "percentile"} if severity == "warning" else {})


def test_a_window_that_follows_the_values_makes_them_bright(image_folder, home):
    folder = image_folder(train=(5, 5), val=(5, 5), size=40)
    sixteen_bits(folder, 4095)
    finding = told(storage.sixteen_bit_png(opened(folder, {"data.window": "percentile"})))
    low, high = np.percentile(np.random.default_rng(1).integers(0, 4095, (40, 40), np.uint16), (0.5, 99.5))
    assert f"data.window=percentile converts them to 8 bits: from {low:g} (black) to {high:g} (white);" in finding.claim
    assert (finding.severity, finding.change) == ("info", {})
    narrow = {"data.window": "fixed", "data.window_low": 5000, "data.window_high": 6000}
    finding = told(storage.sixteen_bit_png(opened(folder, narrow)))
    assert "from 5000 (black) to 6000 (white). The brightest value is then 0 of 255." in finding.claim
    assert (finding.severity, finding.change) == ("warning", {})


def test_pages_that_are_not_read_are_told(make_context):
    finding = told(storage.several_pages(make_context(edit=lambda f: dataclasses.replace(f, pages=7))))
    assert finding.claim.startswith("360 files hold several pages, frames or images (")
    assert ": 7); the first of each is read." in finding.claim
    assert storage.several_pages(make_context()) is None


def deep_png(values):
    """A PNG of 16 bits a channel: `values` is uint16 (height, width, 3)."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in values))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("top", "severity"), [(65535, "info"), (4095, "warning")])
def test_deep_colours_are_told_and_twelve_bits_of_them_are_dark(image_folder, top, severity):
    folder = image_folder(train=(3, 3), val=(2, 2), size=20)
    assert storage.deep_colour(opened(folder, {})) is None
    values = np.random.default_rng(1).integers(0, top, (20, 20, 3), np.uint16)
    for path in folder.rglob("*.png"):
        path.write_bytes(deep_png(values))
    finding = told(storage.deep_colour(opened(folder, {})))
    assert finding.severity == severity
    assert finding.claim.startswith("10 images have 16 bits per channel. Only the upper 8 bits are read, whatever")
    assert ("The brightest value is then 15 of 255." in finding.claim) == (severity == "warning")


def test_transparency_is_worth_knowing(make_context):
    finding = told(storage.alpha_dropped(make_context(edit=each(mode="RGBA"))))
    assert (finding.severity, finding.evidence["pictures"]) == ("info", 360)
    assert finding.claim.startswith("360 images have a transparency channel or a transparent colour. They are ")
    assert storage.alpha_dropped(make_context()) is None
    assert told(storage.alpha_dropped(make_context(edit=each(mode="P", transparent=True)))).severity == "info"


def test_turned_images_are_worth_knowing(make_context):
    finding = told(storage.exif_orientation(make_context(edit=each(orientation=6))))
    assert (finding.severity, finding.evidence["pictures"]) == ("info", 360)
    assert "turned upright here by their EXIF orientation" in finding.claim


def test_files_that_are_left_out_are_told_with_their_reasons_and_a_remedy_for_each(image_folder):
    folder = image_folder(train=(3, 3), val=(2, 2), size=20) / "train" / "a"
    Image.fromarray(np.zeros((9, 9), np.float32)).save(folder / "is damaged.tif")
    (folder / "cut.png").write_bytes(next(folder.glob("*.png")).read_bytes()[:60])
    Image.new("1", (21_000, 1)).save(folder / "line.png")
    finding = told(storage.corrupt_image(opened(folder.parents[1], {})))
    kinds = {"damaged or empty": 1, "larger than what is read": 1, "of a kind that is not read": 1}
    assert finding.evidence["kinds"] == kinds
    assert "line.png is 21000 × 1 pixels; at most 20000 per side are supported." in finding.claim
    assert finding.remedy.startswith("Repair or remove damaged files. Save large images smaller. Convert files")
