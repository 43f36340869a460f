"""Check of images whose lower part is missing: a decoder has filled it with grey, and they were saved so."""

import numpy as np
from numpy.typing import NDArray

from core.checks.blank import MANY
from core.checks.context import Context, of_each_first, paths_of, percent
from core.checks.finding import Finding

_GREY, _NEAR = 128, 4
"""Level that decoders of JPEG leave where the file ends, and by how much a row may differ after saving again."""

_FLAT = 2.0  # standard deviation of a row (grey levels)
_LEAST = 3  # rows of 32
_STEP = 6.0  # grey levels between the area and what is above it, in half of the columns

_MANY_OF = 3
"""Classes named in the claim."""


def cut_off_images(context: Context) -> Finding | None:
    """Images end in an even grey area of the whole width, as files do that were not transferred to the end.

    Damaged files themselves are left out by the scan; these were saved again with the damage in them.
    """
    files = [file for part in context.parts.values() for file in part] if context.is_comparable else []
    depths = {file.sha256: grey_rows(context.thumbnails[file.sha256]) for file in files}
    cut = [file for file in files if depths[file.sha256]]
    if not cut:
        return None
    whole = {name: sum(file.label == name for file in files) for name in context.dataset.classes}
    counts = {name: found for name in whole if (found := sum(file.label == name for file in cut))}
    most = sorted(counts, key=lambda name: -counts[name] / whole[name])[:_MANY_OF]
    of_classes = ", ".join(f"{percent(counts[name], whole[name])} of {name}" for name in most)
    height = float(np.median([depths[file.sha256] for file in cut])) / 32
    shown = of_each_first([(file, file.label) for file in cut])
    return Finding(
        "cut-off-images",
        "warning" if len(cut) >= MANY * len(files) else "info",
        f"{len(cut)} of {len(files)} images ({percent(len(cut), len(files))}) end in an even grey area of the whole "
        f"width, half of them in one of at least {percent(height)} of the height: {of_classes}. Images of files that "
        "were not transferred to the end look so.",
        {"images": len(cut), "classes": counts, "height": round(height, 3), "files": paths_of(f for f, _ in shown)},
        "Get these files again, or exclude them.",
    )


def grey_rows(small: NDArray[np.uint8]) -> int:
    """How many of the last rows are the grey that a decoder leaves; 0 where there is content to the end.

    Args:
        small: uint8 `(32, 33)`. An even ground around an object goes on above it, and is none.
    """
    rows = small.astype(np.float32)
    grey = (np.abs(rows.mean(axis=1) - _GREY) <= _NEAR) & (rows.std(axis=1) <= _FLAT)
    depth = len(grey) if grey.all() else int((~grey[::-1]).argmax())
    if not _LEAST <= depth < len(grey) - 1 or grey[0]:
        return 0
    above = rows[len(grey) - depth - 2]  # the row between is a mixture of both
    return depth if float(np.median(np.abs(above - _GREY))) >= _STEP else 0
