"""What a dataset's folder holds: its classes, readable images, and what is left out, as one record."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from core.data.quality import Measures

_GREY = {"1", "L", "LA", "I", "I;16", "I;16B", "I;16L"}


@dataclass(frozen=True)
class ImageFile:
    """One readable image.

    Attributes:
        path: Relative to the index's root, with `/`.
        label: Its class, the name of the folder.
        split: `"train"`, `"val"` or `"test"`; `""` where the folder is not split on disk.
        sha256: Of the file's bytes, hexadecimal.
        bytes: Length of the file.
        width: Pixels as stored, before `orientation` is applied.
        height: Pixels as stored.
        mode: Pillow's name of the pixel format, e.g. `"RGB"`, `"L"`, `"I;16"`.
        format: One of `image_opening.FORMATS` or `"MPO"`, by content, whatever the file is called.
        orientation: EXIF orientation, 1 (upright) to 8.
        group: What it belongs to by a table of labels, e.g. its patient, or `patient 7`, the seventh whose id stands in
            DICOM files; `""` if none says so.
        pages: Pages, frames or images of its file, of which the first is read.
        fold: Its fold of a cross-validation by a table of labels; `""` if none says so.
        transparent: Whether pixels may be see-through, also by a transparent colour; they are laid over white.
    """

    path: str
    label: str
    split: str
    sha256: str
    bytes: int
    width: int
    height: int
    mode: str
    format: str
    orientation: int
    group: str = ""
    pages: int = 1
    fold: str = ""
    transparent: bool = False

    @property
    def is_grey(self) -> bool:
        """Whether its pixel format has no colours."""
        return self.mode in _GREY

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height once it is turned by its orientation, as a network sees it."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


@dataclass(frozen=True)
class Unreadable:
    """One file that has an image's name but cannot be used; `reason` is a sentence that starts with the name."""

    path: str
    label: str
    split: str
    reason: str


@dataclass(frozen=True)
class DatasetIndex:
    """What a dataset's folder holds.

    Attributes:
        root: The folder that holds the splits or the classes, below any wrapper folders.
        layout: `"splits"` where there are train and val (or test) folders, else `"classes"`.
        classes: Names of all classes of all splits, in code-point order; the position is the label's number.
        files: Readable images, sorted by split, class and path (code points).
        unreadable: Images that cannot be used, sorted alike.
        skipped: `(path, why)` of files that are no images by their extension, or lie outside the class folders.
        empty_classes: Classes without a single readable image in any split.
        notes: Sentences about what was decided while scanning.
        test_as_validation: Whether a `test` folder serves as validation because there is no `val`.
        measures: What each image is like, by its SHA-256.
        left_out: `(folder, why)` of folders that hold images and are not used.
        reading: The word for `--layout` that stands for how the folders are read.
        reasons: Why they are read so, as sentences.
        others: `(word, sentence)` of the other ways to read them.
    """

    root: Path
    layout: Literal["splits", "classes"]
    classes: tuple[str, ...]
    files: tuple[ImageFile, ...]
    unreadable: tuple[Unreadable, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    empty_classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    test_as_validation: bool = False
    measures: dict[str, Measures] = field(default_factory=dict)
    left_out: tuple[tuple[str, str], ...] = ()
    reading: str = ""
    reasons: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()

    def counts(self) -> dict[str, dict[str, int]]:
        """Readable images by split and class, zeros included: `{"train": {"NORMAL": 12, ...}, ...}`."""
        always = {"train", "val"} if self.layout == "splits" else {""}
        splits = sorted(always | {f.split for f in self.files})
        found = Counter((f.split, f.label) for f in self.files)
        return {split: {label: found[split, label] for label in self.classes} for split in splits}

    def sizes(self) -> dict[tuple[int, int], int]:
        """Number of images by `(width, height)`, the most frequent first."""
        return dict(Counter((f.width, f.height) for f in self.files).most_common())

    def modes(self) -> dict[str, int]:
        """Number of images by pixel format, the most frequent first."""
        return dict(Counter(f.mode for f in self.files).most_common())

    def to_dict(self) -> dict[str, Any]:
        """The index as JSON types; its inverse is `from_dict`."""
        return {**asdict(self), "root": str(self.root)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "DatasetIndex":
        """Builds the index from what `to_dict` gave, also after a way through JSON."""
        return cls(
            root=Path(data["root"]),
            layout=data["layout"],
            classes=tuple(data["classes"]),
            files=tuple(ImageFile(**f) for f in data["files"]),
            unreadable=tuple(Unreadable(**f) for f in data["unreadable"]),
            skipped=tuple((path, why) for path, why in data["skipped"]),
            empty_classes=tuple(data["empty_classes"]),
            notes=tuple(data["notes"]),
            test_as_validation=data["test_as_validation"],
            measures={sha: Measures(*figures) for sha, figures in data["measures"].items()},
            left_out=tuple((path, why) for path, why in data.get("left_out", ())),
            reading=data.get("reading", ""),
            reasons=tuple(data.get("reasons", ())),
            others=tuple((word, text) for word, text in data.get("others", ())),
        )


def by_content(files: Iterable[ImageFile]) -> dict[str, list[ImageFile]]:
    """Files of the same bytes together, by their hash, in the order of the first of each."""
    found: dict[str, list[ImageFile]] = {}
    for file in files:
        found.setdefault(file.sha256, []).append(file)
    return found
