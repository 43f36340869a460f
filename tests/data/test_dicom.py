"""DICOM against pydicom's own functions: slope, windows, MONOCHROME1, colours, compressed syntaxes, hostile files."""

import builtins
import io
import time
from pathlib import Path
from typing import Any

import gdcm
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from core.data.dicom_header import read_dicom_header
from core.data.images import decode, load, read_grey, read_header, thumbnail
from core.data.rendering import Rendering
from core.errors import UnreadableImage
from tests.data.deep_files import dicom, jpeg_of

Array = NDArray[Any]
RNG = np.random.default_rng(0)
TWELVE = RNG.integers(0, 4096, (24, 30), np.uint16)
SIGNED = RNG.integers(-1024, 3000, (24, 30)).astype(np.int16)
CT: dict[str, Any] = {"RescaleSlope": 2, "RescaleIntercept": -1024, "BitsStored": 12}


def shown(data: bytes, **options: Any) -> Array:
    image = np.asarray(decode(data, **options))
    assert (image[..., 0] == image[..., 1]).all()
    return image[..., 0]


def reference(data: bytes) -> Array:
    """pydicom's own way to the window's output, brought from its range to 0..255."""
    ds = pydicom.dcmread(io.BytesIO(data))
    raw = apply_modality_lut(ds.pixel_array, ds)
    out = apply_voi_lut(raw, ds)
    bits, signed = ds.BitsStored, ds.PixelRepresentation
    ends = [-(2.0 ** (bits - 1)) if signed else 0.0, 2.0 ** (bits - 1) - 1 if signed else 2.0**bits - 1]
    if "RescaleSlope" in ds:
        ends = [end * float(ds.RescaleSlope) + float(ds.RescaleIntercept) for end in ends]
    if "VOILUTSequence" in ds:
        ends = [0.0, 2.0 ** ds.VOILUTSequence[0].LUTDescriptor[2] - 1]
    grey = np.floor((out - min(ends)) * 255 / (max(ends) - min(ends)) + 0.5).astype(np.uint8)
    return 255 - grey if ds.PhotometricInterpretation == "MONOCHROME1" else grey


def table() -> Sequence:
    lut = Dataset()
    lut.LUTDescriptor = [4096, 0, 16]
    lut.LUTData = (np.arange(4096)[::-1].astype(np.uint16) * 16).tobytes()
    lut["LUTDescriptor"].VR, lut["LUTData"].VR = "US", "OW"
    return Sequence([lut])


GREYS: dict[str, tuple[Array, dict[str, Any]]] = {
    "no window": (TWELVE, {"BitsStored": 12}),
    "16 bits": (RNG.integers(0, 65_536, (24, 30), np.uint16), {}),
    "signed": (SIGNED, {}),
    "slope": (TWELVE, CT),
    "negative intercept, window": (TWELVE, {**CT, "WindowCenter": 40, "WindowWidth": 400}),
    "window of a fraction": (TWELVE, {**CT, "WindowCenter": 40.5, "WindowWidth": 399.5}),
    "several windows": (TWELVE, {**CT, "WindowCenter": [40, 600], "WindowWidth": [400, 2800]}),
    "exact": (TWELVE, {**CT, "WindowCenter": 40, "WindowWidth": 400, "VOILUTFunction": "LINEAR_EXACT"}),
    "sigmoid": (TWELVE, {"BitsStored": 12, "WindowCenter": 2000, "WindowWidth": 900, "VOILUTFunction": "SIGMOID"}),
    "white is zero": (TWELVE, {"BitsStored": 12, "PhotometricInterpretation": "MONOCHROME1"}),
    "white is zero, window": (
        TWELVE, {**CT, "PhotometricInterpretation": "MONOCHROME1", "WindowCenter": 40, "WindowWidth": 400},
    ),
    "table": (TWELVE, {"BitsStored": 12, "VOILUTSequence": table()}),
    "8 bits": (RNG.integers(0, 256, (24, 30), np.uint8), {}),
    "8 bits, window": (RNG.integers(0, 256, (24, 30), np.uint8), {"WindowCenter": 100, "WindowWidth": 50}),
}  # fmt: skip


@pytest.mark.parametrize("kind", GREYS)
def test_a_dicom_image_looks_as_pydicom_shows_it(kind: str) -> None:
    values, tags = GREYS[kind]
    data = dicom(values, **tags)
    gap = np.abs(shown(data).astype(int) - reference(data).astype(int))
    assert gap.max() <= (1 if kind in ("sigmoid", "table", "exact") else 0)  # halves may be rounded either way
    header = read_header(data)
    assert (header.format, header.width, header.height, header.pages) == ("DICOM", 30, 24, 1)
    assert header.mode == ("L" if kind.startswith("8 bits") else "I;16")
    np.testing.assert_array_equal(np.asarray(read_grey(data, 16)[1]), shown(data))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, RLELossless])
def test_the_syntax_makes_no_difference(syntax: UID) -> None:
    plain = dicom(TWELVE, **CT)
    ds = pydicom.dcmread(io.BytesIO(plain))
    if syntax == RLELossless:
        ds.compress(RLELossless)
    ds.file_meta.TransferSyntaxUID = syntax
    out = io.BytesIO()
    ds.save_as(out, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True)
    np.testing.assert_array_equal(shown(out.getvalue()), shown(plain))


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless])
def test_losslessly_compressed_frames_give_the_same_values(syntax: UID, tmp_path: Path) -> None:
    plain, path = dicom(TWELVE, **CT), tmp_path / "scan.dcm"
    path.write_bytes(plain)
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(path))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(syntax))))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    writer.SetFileName(str(path))
    assert writer.Write()
    assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == syntax
    np.testing.assert_array_equal(shown(path.read_bytes()), shown(plain))


def test_a_jpeg_inside_is_decoded_in_its_colours() -> None:
    picture = Image.fromarray(RNG.integers(0, 256, (3, 4, 3), np.uint8)).resize((32, 24), Image.Resampling.BICUBIC)
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=95, subsampling=0)
    data = dicom(np.asarray(picture), JPEGBaseline8Bit, [jpeg.getvalue()], PhotometricInterpretation="YBR_FULL_422")
    gap = np.abs(np.asarray(decode(data)).astype(int) - np.asarray(decode(jpeg.getvalue())).astype(int))
    assert gap.max() <= 3  # two inverse transforms of one JPEG


def test_colours_and_palettes() -> None:
    colours = RNG.integers(0, 256, (24, 30, 3), np.uint8)
    np.testing.assert_array_equal(np.asarray(decode(dicom(colours))), colours)
    planes = np.moveaxis(colours, 2, 0).copy()
    data = dicom(colours, PlanarConfiguration=1, PixelData=planes.tobytes())
    np.testing.assert_array_equal(np.asarray(decode(data)), colours)
    palette = RNG.integers(0, 256, (3, 256)).astype(np.uint16) * 257
    tags: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, row in zip(("Red", "Green", "Blue"), palette, strict=True):
        tags[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tags[f"{name}PaletteColorLookupTableData"] = row.tobytes()
    indexed = RNG.integers(0, 256, (24, 30), np.uint8)
    made = np.asarray(decode(dicom(indexed, **tags)))
    np.testing.assert_array_equal(made, np.moveaxis((palette // 257).astype(np.uint8)[:, indexed], 0, 2))


def test_an_enhanced_file_has_slope_and_window_in_its_groups() -> None:
    transform, voi, shared = Dataset(), Dataset(), Dataset()
    transform.RescaleSlope, transform.RescaleIntercept = 2, -1024
    voi.WindowCenter, voi.WindowWidth = 40, 400
    shared.PixelValueTransformationSequence = Sequence([transform])
    shared.FrameVOILUTSequence = Sequence([voi])
    frames = np.stack([TWELVE, TWELVE[::-1]])
    data = dicom(frames, BitsStored=12, SharedFunctionalGroupsSequence=Sequence([shared]))
    plain = dicom(TWELVE, **CT, WindowCenter=40, WindowWidth=400)
    np.testing.assert_array_equal(shown(data), shown(plain))
    assert read_header(data).pages == 2


def test_a_window_of_the_data_set_counts_instead_of_the_files_own() -> None:
    data = dicom(TWELVE, **CT, WindowCenter=40, WindowWidth=400)
    units = TWELVE.astype(float) * 2 - 1024
    expected = np.floor((np.clip(units, -1000, 2000) + 1000) * 255 / 3000 + 0.5)
    np.testing.assert_array_equal(shown(data, window=(-1000.0, 2000.0)), expected)
    inverted = dicom(TWELVE, **CT, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(shown(inverted, window=(-1000.0, 2000.0)), 255 - expected)
    assert load(data, 16, Rendering("crop", (-1000.0, 2000.0))).shape == (16, 16, 3)
    assert thumbnail(data, 16)


def test_whose_image_it_is_is_a_hash_and_no_name() -> None:
    ids = [dicom(TWELVE, PatientID=name) for name in ("A-17", " A-17 ", "B-18")]
    hashes = [read_dicom_header(io.BytesIO(data)).patient for data in ids]
    assert hashes[0] == hashes[1] != hashes[2]
    assert "17" not in hashes[0][:2] and len(hashes[0]) == 32
    assert read_header(dicom(TWELVE)).patient == ""
    assert "Doe" not in repr(read_header(ids[0]))


def named(data: bytes) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = "scan.dcm"
    return file


def refused(data: bytes) -> str:
    with pytest.raises(UnreadableImage) as caught:
        decode(named(data))
    said = str(caught.value)
    assert said.startswith("scan.dcm ")
    assert "Doe" not in said
    return said


def test_what_is_not_read_is_named() -> None:
    plain = dicom(TWELVE)
    assert "is DICOM in the syntax Deflated Explicit VR Little Endian (1.2.840.10008.1.2.1.99), which is not read" in (
        refused(deflated(plain))
    )
    said = refused(dicom(TWELVE, HTJ2KLossless, [b"\xff\x4f\xff\x51" + bytes(40)]))
    assert "High-Throughput JPEG 2000 Image Compression (Lossless Only) (1.2.840.10008.1.2.4.201)" in said
    assert (
        "for which there is no codec here: `pip install -r requirements-formats.txt`, or save it uncompressed" in said
    )
    assert "1 × 32 bits, MONOCHROME2" in refused(dicom(TWELVE.astype(np.uint32)))
    assert "HSV" in refused(dicom(RNG.integers(0, 256, (24, 30, 3), np.uint8), PhotometricInterpretation="HSV"))
    assert "is a DICOM file without an image" in refused(dicom(TWELVE, Rows=None))


def deflated(plain: bytes) -> bytes:
    ds = pydicom.dcmread(io.BytesIO(plain))
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    out = io.BytesIO()
    ds.save_as(out)
    return out.getvalue()


def test_without_pydicom_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.split(".", maxsplit=1)[0] == "pydicom":
            raise ImportError(name)
        return real(name, *rest)

    data = dicom(TWELVE)
    monkeypatch.setattr(builtins, "__import__", missing)
    assert refused(data) == ("scan.dcm is a DICOM file; to read such files: `pip install -r requirements-formats.txt`.")


def test_a_codec_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import pydicom.pixels

    class Absent:
        is_available = False

    monkeypatch.setattr(pydicom.pixels, "get_decoder", lambda syntax: Absent())
    said = refused(dicom(TWELVE, JPEGLosslessSV1, [bytes(20)]))
    assert "JPEG Lossless, Non-Hierarchical, First-Order Prediction" in said
    assert "1.2.840.10008.1.2.4.70" in said
    assert "no codec here" in said


def test_hostile_files_are_refused_at_once() -> None:
    whole, started = dicom(TWELVE, **CT), time.monotonic()
    cases = {
        "60,000 pixels a side": (dicom(TWELVE, Rows=60_000, Columns=60_000), "megapixels"),
        "fewer values than it says": (dicom(TWELVE, Rows=2400), "damaged"),
        "cut in the pixels": (whole[:-600], "damaged"),
        "cut in the header": (whole[:300], "DICOM file"),
        "only the mark": (bytes(128) + b"DICM", "damaged"),
        "noise behind the mark": (bytes(128) + b"DICM" + bytes(RNG.integers(0, 256, 2000, np.uint8)), "damaged"),
        "a slope of nothing": (dicom(TWELVE, RescaleSlope=0, RescaleIntercept=0), ""),
        "a frame that claims another size": (
            dicom(TWELVE.astype(np.uint8), JPEGBaseline8Bit, [jpeg_of(60_000, 60_000)]), "where the header says",
        ),
        "a frame that says nothing": (dicom(TWELVE.astype(np.uint8), JPEGBaseline8Bit, [bytes(50)]), "says nothing"),
        "a run-length bomb": (
            dicom(TWELVE[:1, :2], RLELossless, [(1).to_bytes(4, "little") + bytes(60) + b"\x81\x00" * 3_000_000]),
            "becomes larger than the header says",
        ),
    }  # fmt: skip
    for kind, (data, words) in cases.items():
        if kind == "a slope of nothing":
            continue
        assert words in refused(data), kind
    assert time.monotonic() - started < 20


def test_sequences_within_sequences_end() -> None:
    inner = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + b"\x40\x00\x75\x02SQ\x00\x00\xff\xff\xff\xff"
    head = dicom(TWELVE)
    place = head.index(b"\x28\x00\x02\x00US")
    assert "damaged" in refused(head[:place] + b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff" + inner * 20_000)
