"""Makes DICOM and TIFF files for tests, by pydicom and tifffile."""

import io
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage


def tiff(values: NDArray[Any], **options: Any) -> bytes:
    """A TIFF of grey or RGB values, as `tifffile.imwrite` makes it."""
    out = io.BytesIO()
    tifffile.imwrite(out, values, **{"photometric": "rgb" if values.ndim == 3 else "minisblack", **options})
    return out.getvalue()


def dicom(
    values: NDArray[Any], syntax: str = ExplicitVRLittleEndian, frames: list[bytes] | None = None, **tags: Any
) -> bytes:
    """A file of one image, grey `(height, width)` or `(frames, height, width)`, or RGB `(height, width, 3)`.

    Args:
        values: uint8, uint16 or int16.
        syntax: Transfer syntax.
        frames: Compressed frames in place of the values. Defaults to none.
        tags: Elements by keyword; None removes one.
    """
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = SecondaryCaptureImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = "1.2.3"
    ds.PatientName = "Doe^Jane"
    coloured = values.ndim == 3 and values.shape[2] == 3
    ds.Rows, ds.Columns = values.shape[:2] if coloured else values.shape[-2:]
    ds.SamplesPerPixel = 3 if coloured else 1
    ds.PhotometricInterpretation = "RGB" if coloured else "MONOCHROME2"
    if coloured:
        ds.PlanarConfiguration = 0
    elif values.ndim == 3:
        ds.NumberOfFrames = len(values)
    bits = 8 * values.dtype.itemsize
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, bits, bits - 1
    ds.PixelRepresentation = int(values.dtype == np.int16)
    if frames is None:
        raw = values.astype(values.dtype.newbyteorder("<")).tobytes()
        ds.PixelData = raw + bytes(len(raw) % 2)
    else:
        ds.PixelData = encapsulate(frames)
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True
    for name, value in tags.items():
        if value is None:
            delattr(ds, name)
        else:
            setattr(ds, name, value)
    ds.HighBit = ds.get("BitsStored", 8) - 1
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def jpeg_of(width: int, height: int) -> bytes:
    """The head of a JPEG that claims this size."""
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + size + b"\x03" + bytes(60)
