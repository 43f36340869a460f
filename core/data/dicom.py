"""Decodes the first frame of a DICOM file: rescale slope, window, MONOCHROME1, palettes, compressed syntaxes.

pydicom reads the header and the pixels, nothing here shows or keeps what names a person. It is imported where it is
used: not every home has it.
"""

import hashlib
import math
import struct
import warnings
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.deep import Curve, Deep, Limits, Window, eight_bits
from core.data.refused import INSTALL, CodecMissing, Refused

MAX_DICOM_BYTES = 500_000_000
"""Of a file; a single frame of the largest kind (mammography, 24 bits) has about 100 MB."""

MAX_FRAMES = 100_000
_RLE_TEST = 2**28  # bytes a run-length frame might become, from which on it is counted before it is decoded

_RLE = "1.2.840.10008.1.2.5"
_DEFLATED = "1.2.840.10008.1.2.1.99"
_DICOM_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_DICOM_TAGS = (
    *("Rows", "Columns", "BitsStored", "BitsAllocated", "HighBit", "PixelRepresentation", "SamplesPerPixel"),
    *("PhotometricInterpretation", "NumberOfFrames", "RescaleSlope", "RescaleIntercept", "ModalityLUTSequence"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence", "PatientID", "PlanarConfiguration"),
    *("RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor"),
    *("BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData"),
    *("BluePaletteColorLookupTableData", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
)


warnings.filterwarnings("ignore", category=UserWarning, module=r"pydicom\.")  # about values that break a rule of DICOM


@dataclass(frozen=True)
class DicomHeader:
    """What the header of a DICOM file says of its images; nothing in it names a person.

    Attributes:
        width: Pixels from left to right.
        height: Pixels from top to bottom.
        mode: `I;16` for grey of more than 8 bits, else `L` or `RGB`.
        pages: Frames.
        patient: Hash of the patient's id; empty where there is none.
    """

    width: int
    height: int
    mode: str
    pages: int
    patient: str


def is_dicom(start: bytes) -> bool:
    """Whether a file begins as DICOM files do; `start` are its first bytes, 132 at least."""
    return start[128:132] == b"DICM"


def read_dicom_header(file: BinaryIO) -> DicomHeader:
    """Reads size, kind and patient of a DICOM file.

    Args:
        file: At any place.

    Raises:
        CodecMissing: pydicom is not installed.
        Refused: it holds no image, is damaged, or of a kind that is not read.
    """
    return _dicom_description(_dicom_data(file))


def dicom_pixels(file: BinaryIO) -> Deep | Image.Image:
    """Decodes the first frame.

    Args:
        file: At any place. Its size was judged by its header.

    Returns:
        Grey values in the units that the file names, with the window that it names itself; or an image in RGB.

    Raises:
        CodecMissing: pydicom or the codec of a compressed syntax is not installed.
        Refused: it is damaged.
    """
    ds = _dicom_data(file)
    _dicom_description(ds)
    _check_frame(ds, file)
    values = _dicom_values(ds, file)
    if values.ndim == 3:
        return _dicom_colour(values, int(ds.get("BitsStored", 8)))
    if str(ds.get("PhotometricInterpretation", "")) == "PALETTE COLOR":
        from pydicom.pixels import apply_color_lut

        table = apply_color_lut(values, ds)
        return _dicom_colour(table[..., :3], 8 * table.dtype.itemsize)
    return _dicom_grey(ds, values)


def dicom_image(file: BinaryIO, window: Window) -> Image.Image:
    """The first frame in 8 bits, `L` or `RGB`; see `dicom_pixels` for what it raises."""
    pixels = dicom_pixels(file)
    return pixels.shown(window) if isinstance(pixels, Deep) else pixels


def _dicom_data(file: BinaryIO) -> Any:
    """The header as pydicom's dataset; the file is left where its pixels begin."""
    try:
        import pydicom
    except ImportError as error:
        raise CodecMissing(f"is a DICOM file; to read such files: {INSTALL}") from error
    file.seek(0, 2)
    if file.tell() > MAX_DICOM_BYTES:
        raise Refused(f"has more than {MAX_DICOM_BYTES // 10**6} MB")
    file.seek(132)
    # The group that names the syntax, alone: reading on would unpack a deflated file, however large it becomes.
    meta = pydicom.filereader.read_dataset(file, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
    syntax = str(meta.get("TransferSyntaxUID", ""))
    if syntax == _DEFLATED:
        raise Refused(f"is DICOM in the syntax {_syntax_name(syntax)}, which is not read; save it uncompressed")
    if not syntax:
        raise Refused("is damaged: the DICOM file does not name its transfer syntax")
    file.seek(0)
    return pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(_DICOM_TAGS))


def _dicom_description(ds: Any) -> DicomHeader:
    """What is asked of the header, each number within its bounds.

    Raises:
        Refused: see `read_dicom_header`.
    """
    width, height = _dicom_number(ds, "Columns"), _dicom_number(ds, "Rows")
    if not width or not height:
        raise Refused("is a DICOM file without an image")
    allocated, stored = _dicom_number(ds, "BitsAllocated", 16), _dicom_number(ds, "BitsStored", 16)
    samples, colours = _dicom_number(ds, "SamplesPerPixel", 1), str(ds.get("PhotometricInterpretation", "MONOCHROME2"))
    grey = samples == 1 and colours in ("MONOCHROME1", "MONOCHROME2")
    coloured = colours == "PALETTE COLOR" if samples == 1 else samples == 3 and colours in _DICOM_COLOURS
    if allocated not in (1, 8, 16) or not 1 <= stored <= allocated or not (grey or coloured):
        words = f"{samples} × {allocated} bits, {colours[:40]}"
        raise Refused(f"is an unsupported kind of DICOM ({words}); save its image as PNG")
    pages = min(max(1, _dicom_number(ds, "NumberOfFrames", 1)), MAX_FRAMES)
    mode = "RGB" if coloured else "I;16" if stored > 8 else "L"
    return DicomHeader(width, height, mode, pages, _patient_hash(ds))


def _dicom_number(ds: Any, name: str, default: int = 0) -> int:
    value = ds.get(name)
    if value is None or (isinstance(value, str) and not value):
        return default
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise Refused(f"is damaged: {name} of the DICOM file is no number") from error


def _patient_hash(ds: Any) -> str:
    """A hash: it tells whose images belong together, and goes no further than the scan's cache."""
    said = str(ds.get("PatientID") or "").strip()
    return hashlib.sha256(f"patient {said}".encode("utf-8", "replace")).hexdigest()[:32] if said else ""


def _check_frame(ds: Any, file: BinaryIO) -> None:
    """Refuses a compressed frame that no codec is there for, or that would become larger than the header says.

    Raises:
        CodecMissing: names the syntax.
        Refused: the frame is damaged or lies about its size.
    """
    from pydicom.encaps import get_frame
    from pydicom.pixels import get_decoder

    syntax = ds.file_meta.TransferSyntaxUID
    if not syntax.is_compressed:
        return
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        raise Refused(
            f"is DICOM in the syntax {_syntax_name(syntax)}, which is not read; save it uncompressed"
        ) from None
    if not available:
        raise CodecMissing(
            f"is DICOM in the syntax {_syntax_name(syntax)}, for which there is no codec here: {INSTALL}, or save it "
            "uncompressed"
        )
    head = file.read(12)
    if head[:4] != b"\xe0\x7f\x10\x00":
        raise Refused("is a DICOM file without an image")
    frame = get_frame(file, 0, number_of_frames=_dicom_number(ds, "NumberOfFrames", 1))
    width, height = _dicom_number(ds, "Columns"), _dicom_number(ds, "Rows")
    if syntax == _RLE:
        _check_run_length(frame, width * height * _dicom_number(ds, "SamplesPerPixel", 1) * 2)
    elif (found := codestream_size(frame)) != (width, height):
        raise Refused(f"is damaged: its frame says {found or 'nothing'} where the header says {(width, height)} pixels")


def codestream_size(frame: bytes) -> tuple[int, int] | None:
    """Width and height that a JPEG, JPEG-LS or JPEG 2000 stream says of itself; None where it says nothing."""
    if frame[:2] == b"\xff\x4f" and frame[2:4] == b"\xff\x51" and len(frame) >= 24:  # JPEG 2000: SIZ comes first
        right, bottom, left, top = struct.unpack(">4I", frame[8:24])
        return right - left, bottom - top
    place = 2
    while frame[:2] == b"\xff\xd8" and place + 9 <= len(frame):
        if frame[place] != 0xFF:
            return None
        marker = frame[place + 1]
        if marker == 0xFF:  # filling
            place += 1
            continue
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            height, width = struct.unpack(">HH", frame[place + 5 : place + 9])
            return width, height
        place += 2 + int.from_bytes(frame[place + 2 : place + 4], "big")
    return None


def _check_run_length(frame: bytes, expected: int) -> None:
    """Two bytes may become 128: a frame that could become far too large is counted before it is decoded."""
    if len(frame) * 64 <= max(_RLE_TEST, 4 * expected):
        return
    place, made = 64, 0
    while place < len(frame):
        code = frame[place]
        made += code + 1 if code < 128 else 257 - code
        place += code + 2 if code < 128 else 2
        if made > 2 * expected:
            raise Refused("is damaged: its frame becomes larger than the header says")


def _dicom_values(ds: Any, file: BinaryIO) -> NDArray[Any]:
    from pydicom.pixels import pixel_array

    file.seek(0)
    values: NDArray[Any] = pixel_array(file, index=0)
    expected = (_dicom_number(ds, "Rows"), _dicom_number(ds, "Columns"))
    if values.shape[:2] != expected:
        raise Refused(f"is damaged: its frame has {values.shape[:2]} where the header says {expected} rows and columns")
    return values


def _dicom_colour(values: NDArray[Any], bits: int) -> Image.Image:
    if values.dtype != np.uint8:
        values = eight_bits(values, 0.0, float(2**bits - 1))
    return Image.fromarray(np.ascontiguousarray(values), "RGB")


def _dicom_grey(ds: Any, values: NDArray[Any]) -> Deep | Image.Image:
    """The values in the file's units, and its own window; of 8 bits or fewer the image itself."""
    from pydicom.pixels import apply_modality_lut

    _fill_from_groups(ds)
    bits, signed = _dicom_number(ds, "BitsStored", 16), _dicom_number(ds, "PixelRepresentation") == 1
    stored = (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) if signed else (0.0, 2.0**bits - 1)
    if ds.get("ModalityLUTSequence"):
        limits = (0.0, 2.0 ** int(ds.ModalityLUTSequence[0].LUTDescriptor[2]) - 1)
    else:
        slope, intercept = float(ds.get("RescaleSlope") or 1), float(ds.get("RescaleIntercept") or 0)
        ends = sorted(end * slope + intercept for end in stored)
        limits = (ends[0], ends[1])
    scaled = apply_modality_lut(values, ds)
    if not (math.isfinite(limits[0]) and math.isfinite(limits[1]) and limits[0] < limits[1]):
        raise Refused("is damaged: the DICOM file scales its values to nothing")
    inverted = str(ds.get("PhotometricInterpretation", "")) == "MONOCHROME1"
    deep = Deep(scaled, *_own_window(ds, limits), inverted=inverted)
    return deep if bits > 8 else deep.shown("full")


def _fill_from_groups(ds: Any) -> None:
    """Puts slope and window of an enhanced file, which has them in its functional groups, where others have them."""
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        first = (ds.get(groups) or [{}])[0]
        for sequence in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            inner = (first.get(sequence) or [{}])[0]
            for name in ("RescaleSlope", "RescaleIntercept", "WindowCenter", "WindowWidth", "VOILUTFunction"):
                if inner.get(name) is not None:
                    setattr(ds, name, inner.get(name))


def _own_window(ds: Any, limits: Limits) -> tuple[Limits, Curve | None]:
    """The first window that the file names, by the formulas of DICOM PS3.3 C.11.2; else the whole range.

    A table (VOI LUT) counts before a window, as pydicom has it; it and a sigmoid are curves that no two limits can say.
    """
    if ds.get("VOILUTSequence"):
        from pydicom.pixels import apply_voi

        highest = 2.0 ** int(ds.VOILUTSequence[0].LUTDescriptor[2]) - 1
        return limits, lambda values: eight_bits(apply_voi(values.astype(np.int64), ds), 0.0, highest)
    centre, width = _first_number(ds.get("WindowCenter")), _first_number(ds.get("WindowWidth"))
    if centre is None or width is None or width <= 0:
        return limits, None
    kind = str(ds.get("VOILUTFunction") or "LINEAR").upper()
    if kind == "SIGMOID":
        curve = lambda values: np.floor(255 / (1 + np.exp(-4 * (values - centre) / width)) + 0.5).astype(np.uint8)  # noqa: E731
        return limits, curve
    centre, width = (centre, width) if kind == "LINEAR_EXACT" else (centre - 0.5, width - 1)
    half = max(width, 1e-6) / 2
    return (centre - half, centre + half), None


def _first_number(value: Any) -> float | None:
    """The first of one number or several; None for none, or one that is no number."""
    if value is None or value == "":
        return None
    try:
        found = float(value[0] if hasattr(value, "__getitem__") and not isinstance(value, str) else value)
    except (TypeError, ValueError, IndexError):
        return None
    return found if math.isfinite(found) else None


def _syntax_name(syntax: str) -> str:
    from pydicom.uid import UID

    name = UID(syntax).name
    return syntax if name == syntax else f"{name} ({syntax})"
