"""Why files were left out by the scan, in kinds that call for different remedies."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from core.data.dataset_index import Unreadable
from core.data.file_names import display_name


class _Kind(NamedTuple):
    """Files of one remedy: what they are called, what their reasons say, and the remedy."""

    name: str
    signs: tuple[str, ...]
    remedy: str


_KINDS = (
    _Kind("damaged or empty", (" is damaged", " is empty."), "Repair or remove damaged files."),
    _Kind("larger than what is read", (" megapixels", " per side ", " MB"), "Save large images smaller."),
    _Kind("of a kind that needs a reader", ("pip install",), "Install the reader of their kind."),
    _Kind(
        "that cannot be opened",
        (" cannot be opened", " is not a file.", " memory "),
        "Make sure that the files can be opened and that there is memory enough.",
    ),
    _Kind(
        "of a kind that is not read", ("",), "Convert files of other kinds, to PNG or JPEG for example, or remove them."
    ),
)


def kinds_of(files: Sequence[Unreadable]) -> list[tuple[str, int, str, str]]:
    """`(kind, number of files, the reason of the first, remedy)` of each kind there is."""
    by_kind: dict[str, list[str]] = {kind.name: [] for kind in _KINDS}
    for file in files:
        by_kind[_kind(file).name].append(file.reason)
    return [(k.name, len(by_kind[k.name]), by_kind[k.name][0], k.remedy) for k in _KINDS if by_kind[k.name]]


def _kind(file: Unreadable) -> _Kind:
    """By what is said after the file's own name, which may hold any words."""
    said = file.reason.removeprefix(display_name(PurePosixPath(file.path).name))
    return next(kind for kind in _KINDS if any(sign in said for sign in kind.signs))
