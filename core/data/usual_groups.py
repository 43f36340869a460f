"""What usual names of files and folders tell of what belongs together: a patient, a study, copies of one original."""

import re

ORIGINAL = "original "
"""Begins the name of a group of altered copies of one image."""

# person123_bacteria_4, patient0042_..., sub-01_..., case 7; not the "sub" in "submarine1" or the "case" in "suitcase1".
_PERSON = re.compile(r"(?<![a-z0-9])((?:person|patient|subject|subj|sub|case|pat|pid)[ _-]?\d+)", re.IGNORECASE)
# p001_2, P12-left, id-0007_b, pt3 4: short for a patient only before the number or name of one of several images.
_SHORT = re.compile(
    r"(?:^|/)((?:p|pt|pts|id)[_-]?0*[1-9]\d{0,7})[ _-](?:\d{1,4}|[a-z]|left|right|od|os)\.[a-z]+$",
    re.IGNORECASE,
)
# IM-0115-0001 and NORMAL2-IM-0023-0001, as in the chest X-rays of Kermany et al.: all but the image's own number.
_STUDY = re.compile(r"(?<![a-z0-9])((?:[a-z0-9]+-)?IM-\d+)(?=[-_.])", re.IGNORECASE)
# IMG_1_jpg.rf.0a1b2c....jpg, as Roboflow names altered copies of IMG_1.jpg.
_COPY = re.compile(r"([^/]+_(?:jpe?g|png|bmp|webp|tiff?))\.rf\.[0-9a-z]{8,}", re.IGNORECASE)
# CNV-1016042-1, as in the OCT images of Kermany et al.: class, patient, number of the image.
_NUMBERED = re.compile(r"(?:^|/)([^/]+?)[ _-](\d{4,})[ _-]\d{1,4}(?:[ _-]?\(\d+\))?\.[a-z]+$", re.IGNORECASE)


def usual_group(path: str, label: str) -> str:
    """The name of the group that a file belongs to; empty where nothing is recognised.

    Args:
        path: Of the file, below its class folder.
        label: Its class: an image's altered copies have its class, and a number of a patient stands behind it.
    """
    if match := _PERSON.search(path) or _STUDY.search(path):
        return match[1].casefold()
    if match := _COPY.search(path):
        return f"{ORIGINAL}{label} {match[1]}".casefold()
    if match := _SHORT.search(path):
        return match[1].casefold()
    match = _NUMBERED.search(path)
    return f"{label}-{match[2]}".casefold() if match and match[1].casefold() == label.casefold() else ""
