"""Decodes the first frame of a DICOM file: rescale slope, window, MONOCHROME1, palettes, compressed syntaxes."""

import math
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.deep import Curve, Deep, Limits, Window, eight_bits
from core.data.dicom_frame import check_frame
from core.data.dicom_header import dicom_data, dicom_description, dicom_number
from core.data.refused import Refused


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
    ds = dicom_data(file)
    dicom_description(ds)
    check_frame(ds, file)
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


def _dicom_values(ds: Any, file: BinaryIO) -> NDArray[Any]:
    from pydicom.pixels import pixel_array

    file.seek(0)
    values: NDArray[Any] = pixel_array(file, index=0)
    expected = (dicom_number(ds, "Rows"), dicom_number(ds, "Columns"))
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
    bits, signed = dicom_number(ds, "BitsStored", 16), dicom_number(ds, "PixelRepresentation") == 1
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
