"""Names of what belongs to images without being one: masks, labels, ground truth; and which image they belong to."""

import re

from core.data.part_names import FILLERS, words_of

_ANNOTATIONS = re.compile(
    r"mask|annot|label|ground.?truth|(?<![a-z])gt(?![a-z])|(?<![a-z])segs?(?![a-z])|segment|bbox|xml|trimap|contour|overlay|msk|(?<![a-z])manuals?(?![a-z])",
    re.IGNORECASE,
)
_WORD = re.compile(
    r"masks?|annot|annots|annotations?|annotated|labels?|ground|truths?|groundtruths?|gts?|segs?|segments?"
    r"|segmentations?|bbox|bboxes|xmls?|trimaps?|contours?|overlays?|msks?|manuals?"
)
HINTS = ("mask", "annot", "label", "truth", "gt", "seg", "bbox", "xml", "trimap", "contour", "overlay", "msk", "manual")
"""One of these is in each such name in small letters."""

_BESIDE = re.compile(r"(lesion|roi|bin|binary|matte|alpha|silhouette|saliency|heatmap)s?")
"""Last words of files that belong to another one only where most images beside them have such a file."""

_ORIGINALS = {"original", "originals", "rgb", "color", "colour", "input", "inputs", "jpegimages"}
_OTHERWISE = {"with", "without", "no", "non", "not", "incorrect", "correct", "wearing", "worn"}


def is_annotation(name: str) -> bool:
    """Whether a name says that it stands for what belongs to images, not images: `lung masks`, `ground_truth`.

    Args:
        name: A folder's, or a file's without its extension. `with_mask` and `no mask` say the contrary.
    """
    return bool(_ANNOTATIONS.search(name)) and not _OTHERWISE.intersection(words_of(name))


def stem_beside(name: str) -> tuple[str, str]:
    """What a file's name says in front of a word such as `lesion` or `roi` at its end, and that word; `""` without.

    Args:
        name: Of the file.
    """
    front, _, last = name.rpartition(".")[0].replace("-", "_").rpartition("_")
    return (image_stem(f"{front}.png"), last.lower()) if front and _BESIDE.fullmatch(last.lower()) else ("", "")


def is_pure_annotation(name: str) -> bool:
    """Whether a name says that and nothing else: `masks`, `label_images`, not `lung masks`."""
    words = [word for word in words_of(name) if not word.isdecimal() and word not in FILLERS]
    return bool(words) and all(map(_WORD.fullmatch, words))


def is_one_annotation(name: str) -> bool:
    """Whether a name is such a word in the singular, as a class may have it: `mask`, not `masks`."""
    words = [word for word in words_of(name) if word not in FILLERS]
    return len(words) == 1 and words[0] in {
        "mask",
        "label",
        "annotation",
        "contour",
        "overlay",
        "xml",
        "bbox",
        "manual",
    }


def is_original(name: str) -> bool:
    """Whether a name says nothing but that there are images, as beside masks: `images`, `RGB`, `original_images`."""
    words = [word for word in words_of(name) if not word.isdecimal()]
    return bool(words) and all(word in FILLERS or word in _ORIGINALS for word in words)


def image_stem(name: str) -> str:
    """What tells an image's name apart: words and numbers without `img`, `picture` and the like.

    Args:
        name: Of a file.
    """
    stem = name.rpartition(".")[0]
    return stem if stem.isdecimal() else _joined(words_of(stem))


def annotated_stem(name: str) -> str:
    """What an annotation's name says of the image: all in front of `mask` or the like, else all behind.

    Args:
        name: Of a file; where it says no such word, it is that of the image.
    """
    words = words_of(name.rpartition(".")[0])
    at = next((k for k, word in enumerate(words) if _WORD.fullmatch(word)), None)
    if at is None:
        return image_stem(name)
    return _joined(words[:at]) or _joined(unannotated(name.rpartition(".")[0]))


def unannotated(name: str) -> list[str]:
    """The words of a name without `mask` and the like."""
    return [word for word in words_of(name) if not _WORD.fullmatch(word)]


def _joined(words: list[str]) -> str:
    return " ".join(word for word in words if word not in FILLERS)
