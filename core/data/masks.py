"""Masks and other annotations beside the images they belong to: taken out of a listing before it is read.

A name alone may be a class (`mask`, `with_mask`), so it needs the structure that goes with it: images in a folder of
their own beside it, images above it, or images of the same names. A folder where only small numbers agree stays in;
`doubtful` asks about it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.data.annotation_names import (
    HINTS,
    annotated_stem,
    image_stem,
    is_annotation,
    is_original,
    is_pure_annotation,
    stem_beside,
    unannotated,
)
from core.data.listing import Folder
from core.data.part_names import shown, words_of

_MOST = 0.5  # share of the masks that have to be named as an image
WHY = "it contains masks or labels of the other images"


def without_masks(folder: Folder) -> Folder:
    """A listing without masks; what is taken out of a folder stands in its `mask_folders`, `mask_files`.

    Args:
        folder: From `list_folder`.
    """
    own = _masks_among(folder.images)
    apart = {child.path for child in _mask_folders(folder)}
    kept = tuple(without_masks(child) for child in folder.folders if child.path not in apart)
    if not own and not apart and all(new is old for new, old in zip(kept, folder.folders, strict=True)):
        return folder
    images = tuple(name for name in folder.images if name not in own)
    apart_names = tuple(child.name for child in folder.folders if child.path in apart)
    return replace(folder, folders=kept, images=images, mask_folders=apart_names, mask_files=tuple(sorted(own)))


@dataclass(frozen=True)
class Masks:
    """Paths of what `without_masks` took out: folders, and files beside images."""

    folders: tuple[str, ...]
    files: tuple[str, ...]


def masks_of(top: Folder) -> Masks:
    """What `without_masks` took out of a listing."""
    folders, files = [], []
    for folder in top.walk():
        folders += [f"{folder.path}/{name}".lstrip("/") for name in folder.mask_folders]
        files += [f"{folder.path}/{name}".lstrip("/") for name in folder.mask_files]
    return Masks(tuple(folders), tuple(files))


def masks_told(top: Folder, classes: Iterable[str] = ()) -> tuple[str, ...]:
    """Sentences on what `without_masks` took out.

    Args:
        top: From `without_masks`.
        classes: Paths of the class folders. Defaults to none.
    """
    masks = masks_of(top)
    told = []
    if masks.folders:
        inside = {path.rpartition("/")[0] for path in masks.folders} <= set(classes)
        names = shown(dict.fromkeys(path.rpartition("/")[2] for path in masks.folders))
        where = "below the classes" if inside else "beside the images"
        told.append(f"{names} {where} are skipped: masks or labels of the other images.")
    if masks.files:
        number = "1 image is" if len(masks.files) == 1 else f"{len(masks.files):,} images are"
        told.append(f"{number} skipped, named as masks or labels of other images: {shown(masks.files, 3)}.")
    return tuple(told)


def agreement(child: Folder, others: Iterable[Folder]) -> tuple[float, bool]:
    """How many of a folder's images are named as images of other folders (a share), and whether that says anything.

    Names say nothing where several of the other folders share them, or where they are numbers of up to three digits in
    one.

    Args:
        child: A folder whose name says masks.
        others: The folders beside it.
    """
    stems = {annotated_stem(name) for inner in child.walk() for name in inner.images}
    beside = [{image_stem(name) for inner in other.walk() for name in inner.images} for other in others]
    holders = Counter(stem for names in beside for stem in names & stems)
    if not stems:
        return 0.0, False
    alone = sum(number == 1 and (len(beside) > 1 or _says(stem)) for stem, number in holders.items())
    return len(holders) / len(stems), 2 * alone >= len(stems)


def _says(stem: str) -> bool:
    return not stem.isdecimal() or len(stem) > 3


def _mask_folders(folder: Folder) -> list[Folder]:
    """Sub-folders that surely hold masks."""
    named = [child for child in folder.filled if is_annotation(child.name)]
    if not named:
        return []
    paths = {child.path for child in named}
    others = [child for child in folder.filled if child.path not in paths]
    if any(is_original(child.name) for child in others):
        return named
    paired = [child for child in named if _is_named_after(child, others)]
    if len(paired) < 2:
        paired = []  # `face_mask` beside `face` is a class
    return paired + [child for child in named if child not in paired and _belongs(child, folder, others)]


def _is_named_after(child: Folder, others: list[Folder]) -> bool:
    """`cat_masks` beside `cat`, with images of the same names."""
    owners = [each for each in others if words_of(each.name) == unannotated(child.name)]
    return bool(owners) and agreement(child, owners)[0] >= _MOST


def _belongs(child: Folder, folder: Folder, others: list[Folder]) -> bool:
    """Whether a folder named as masks holds those of the images above it or beside it."""
    if folder.images:
        alone = is_pure_annotation(child.name) and not others
        return alone or agreement(child, [replace(folder, folders=())])[0] >= _MOST
    if not others or not is_pure_annotation(child.name):
        return False
    inner, beside = {each.name for each in child.filled}, {each.name for each in others}
    return (bool(inner) and inner <= beside and not child.images) or agreement(child, others)[1]


def _masks_among(names: tuple[str, ...]) -> set[str]:
    """Files that are named after another one in the same folder: `1_mask.png` beside `1.png`."""
    return _masks_by_word(names) or _masks_beside(names)


def _masks_beside(names: tuple[str, ...]) -> set[str]:
    """Files such as `1_lesion.png` beside `1.png`, where most of the other images have such a file, all of one word."""
    ends = {name: found for name in names if (found := stem_beside(name))[0]}
    if len(ends) < 2 or len({word for _, word in ends.values()}) > 1:
        return set()
    plain = {image_stem(name) for name in names if name not in ends}
    paired = {name for name, (stem, _) in ends.items() if stem in plain}
    return paired if len(paired) == len(ends) and 4 * len(paired) >= 3 * len(plain) else set()


def _masks_by_word(names: tuple[str, ...]) -> set[str]:
    """Files that are named after another one in the same folder by a word such as `mask`."""
    every = "\n".join(names).lower()
    if not any(hint in every for hint in HINTS):  # ten times as fast as a look at each name
        return set()
    named = [name for name in names if is_annotation(name.rpartition(".")[0])]
    if not named:
        return set()
    plain = {image_stem(name) for name in set(names) - set(named)}
    return {name for name in named if annotated_stem(name) in plain}
