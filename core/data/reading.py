"""One way to read a folder as a dataset (a reading): its class folders, its rank, and what is said of it."""

from dataclasses import dataclass
from typing import Literal

from core.data.part_names import class_in_name, shown

CERTAIN, POSSIBLE, OFFERED = 3, 2, 1
TEST_SERVES = "There is no val/ folder, so {test}/ is used for validation."


@dataclass(frozen=True)
class ClassFolder:
    """One folder of images: its path, its class, and its split (`""` if not split on disk).

    Attributes:
        path: Relative to the root.
        label: The class; `""` where each file's name tells it.
        split: `train`, `val`, `test` or `""`.
        names: Where in a file's name the class stands, `before` or `behind` the number; `""` if the folder tells it.
        deep: Whether images in its sub-folders belong to it.
    """

    path: str
    label: str
    split: str
    names: str = ""
    deep: bool = True

    def label_of(self, file: str) -> str:
        """The class of a file in this folder, by the file's name; `""` if it has none."""
        return self.label or class_in_name(file, self.names)


@dataclass(frozen=True)
class Reading:
    """One way to read a folder; all paths are relative to the top of the listing.

    Attributes:
        key: The word for `--layout`.
        rank: `CERTAIN`, `POSSIBLE` or `OFFERED`.
        root: The folder that holds the parts or the classes.
        folders: Every class folder of every part.
        labels: The classes.
        reasons: Why it can be read so, as sentences.
        notes: What is decided by it and worth saying, as sentences.
        left_out: `(folder, why)` of folders that hold images and are not used.
        outside: Image files beside the class folders.
        test_as_validation: Whether a test part is used for validation.
    """

    key: str
    rank: int
    root: str
    folders: tuple[ClassFolder, ...]
    labels: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    outside: tuple[str, ...] = ()
    test_as_validation: bool = False

    @property
    def kind(self) -> Literal["splits", "classes"]:
        """Whether it is split on disk."""
        return "splits" if any(folder.split for folder in self.folders) else "classes"

    def sentence(self) -> str:
        """The reading in words: `parts train, val with the classes cats, dogs`."""
        parts = list(dict.fromkeys(folder.split for folder in self.folders if folder.split))
        first = f"parts {', '.join(parts)} with " if parts else ""
        gone = f", without {shown(path for path, _ in self.left_out)}" if self.key == "fewer" else ""
        return f"{first}the classes {shown(self.labels)}{gone}"
