"""Refuses a compressed frame of a DICOM file that has no codec here, or would become larger than the header says."""

import struct
from typing import Any, BinaryIO

from core.data.dicom_header import dicom_number, syntax_name
from core.data.refused import INSTALL, CodecMissing, Refused

_RLE = "1.2.840.10008.1.2.5"
_RLE_TEST = 2**28  # bytes a run-length frame might become, from which on it is counted before it is decoded


def check_frame(ds: Any, file: BinaryIO) -> None:
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
            f"is DICOM in the syntax {syntax_name(syntax)}, which is not read; save it uncompressed"
        ) from None
    if not available:
        raise CodecMissing(
            f"is DICOM in the syntax {syntax_name(syntax)}, for which there is no codec here: {INSTALL}, or save it "
            "uncompressed"
        )
    head = file.read(12)
    if head[:4] != b"\xe0\x7f\x10\x00":
        raise Refused("is a DICOM file without an image")
    frame = get_frame(file, 0, number_of_frames=dicom_number(ds, "NumberOfFrames", 1))
    width, height = dicom_number(ds, "Columns"), dicom_number(ds, "Rows")
    if syntax == _RLE:
        _check_run_length(frame, width * height * dicom_number(ds, "SamplesPerPixel", 1) * 2)
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
