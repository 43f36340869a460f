"""Changes of a dataset since a run's manifest was written: images gone, new, exchanged, or moved."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from core.data.file_names import display_name
from core.errors import DataError


class Manifest(Protocol):
    """What a run keeps of its dataset, as far as it is compared."""

    @property
    def classes(self) -> Sequence[str]:
        """Names of the classes."""

    def part(self, name: str) -> Sequence[Mapping[str, object]]:
        """The files of `train`, `val` or `test`, each with `path`, `label` and `sha256`."""


_PARTS = ("train", "val", "test")


def data_changes(before: Manifest, after: Manifest) -> str:
    """The differences that matter to a training, in words without a full stop; empty where there are none.

    Where the folder lies does not matter.

    Args:
        before: What a run's manifest.json says.
        after: The manifest of the same dataset now.
    """
    then, now = _files(before), _files(after)
    both = [path for path in then if path in now]
    kinds = (
        ("{} with different content", [path for path in both if then[path][0] != now[path][0]]),
        ("{} with a different label", [path for path in both if then[path][1] != now[path][1]]),
        ("{} in a different split", [path for path in both if then[path][2] != now[path][2]]),
        ("{} missing", [path for path in then if path not in now]),
        ("{} new", [path for path in now if path not in then]),
    )
    said = [_counted(words, paths) for words, paths in kinds if paths]
    if list(before.classes) != list(after.classes):
        said.append("other classes")
    elif not said and list(then) != list(now):
        said.append("the images in a different order")
    return "; ".join(said)


def require_unchanged(before: Manifest, after: Manifest, what: str) -> None:
    """Refuses to go on with a job on another dataset than the one it has begun with.

    Args:
        before: What the job keeps of its dataset.
        after: The same of the dataset now.
        what: What is to go on, such as `search`.

    Raises:
        DataError: images, labels or classes have changed.
    """
    if changes := data_changes(before, after):
        raise DataError(
            f"The dataset has changed since this {what} began: {changes}. Put it back as it was and resume, or start "
            "a new one."
        )


def _files(manifest: Manifest) -> dict[str, tuple[str, str, str]]:
    """Content, label and part of every image, by its path; in order."""
    return {
        str(item.get("path")): (str(item.get("sha256")), str(item.get("label")), part)
        for part in _PARTS
        for item in manifest.part(part)
    }


def _counted(words: str, paths: list[str]) -> str:
    count = f"{len(paths):,} image{'' if len(paths) == 1 else 's'}"
    return f"{words.format(count)} ({display_name(paths[0])}{'' if len(paths) == 1 else ', …'})"
