"""Reads the header of a DICOM file: size, kind, frames and a hash of the patient, each number within its bounds.

Nothing here shows or keeps what names a person. pydicom is imported where it is used: not every home has it.
"""

import hashlib
import warnings
from dataclasses import dataclass
from typing import Any, BinaryIO

from core.data.refused import INSTALL, CodecMissing, Refused

MAX_DICOM_BYTES = 500_000_000
"""Of a file; a single frame of the largest kind (mammography, 24 bits) has about 100 MB."""

MAX_FRAMES = 100_000

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
    return dicom_description(dicom_data(file))


def dicom_data(file: BinaryIO) -> Any:
    """The header as pydicom's dataset; the file is left where its pixels begin.

    Raises:
        CodecMissing: pydicom is not installed.
        Refused: the file is too large, its syntax is not read, or it names none.
    """
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
        raise Refused(f"is DICOM in the syntax {syntax_name(syntax)}, which is not read; save it uncompressed")
    if not syntax:
        raise Refused("is damaged: the DICOM file does not name its transfer syntax")
    file.seek(0)
    return pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(_DICOM_TAGS))


def dicom_description(ds: Any) -> DicomHeader:
    """What is asked of the header, each number within its bounds.

    Raises:
        Refused: see `read_dicom_header`.
    """
    width, height = dicom_number(ds, "Columns"), dicom_number(ds, "Rows")
    if not width or not height:
        raise Refused("is a DICOM file without an image")
    allocated, stored = dicom_number(ds, "BitsAllocated", 16), dicom_number(ds, "BitsStored", 16)
    samples, colours = dicom_number(ds, "SamplesPerPixel", 1), str(ds.get("PhotometricInterpretation", "MONOCHROME2"))
    grey = samples == 1 and colours in ("MONOCHROME1", "MONOCHROME2")
    coloured = colours == "PALETTE COLOR" if samples == 1 else samples == 3 and colours in _DICOM_COLOURS
    if allocated not in (1, 8, 16) or not 1 <= stored <= allocated or not (grey or coloured):
        words = f"{samples} × {allocated} bits, {colours[:40]}"
        raise Refused(f"is an unsupported kind of DICOM ({words}); save its image as PNG")
    pages = min(max(1, dicom_number(ds, "NumberOfFrames", 1)), MAX_FRAMES)
    mode = "RGB" if coloured else "I;16" if stored > 8 else "L"
    return DicomHeader(width, height, mode, pages, _patient_hash(ds))


def dicom_number(ds: Any, name: str, default: int = 0) -> int:
    """A whole number of the header; `default` where it is absent or empty, Refused where it is no number."""
    value = ds.get(name)
    if value is None or (isinstance(value, str) and not value):
        return default
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise Refused(f"is damaged: {name} of the DICOM file is no number") from error


def syntax_name(syntax: str) -> str:
    """Name and number of a transfer syntax, for a message."""
    from pydicom.uid import UID

    name = UID(syntax).name
    return syntax if name == syntax else f"{name} ({syntax})"


def _patient_hash(ds: Any) -> str:
    """A hash: it tells whose images belong together, and goes no further than the scan's cache."""
    said = str(ds.get("PatientID") or "").strip()
    return hashlib.sha256(f"patient {said}".encode("utf-8", "replace")).hexdigest()[:32] if said else ""
