"""What a model from elsewhere was not evaluated on: images that cannot be read, classes without an image."""

from collections.abc import Sequence
from typing import NamedTuple

from core.store.runs import Run

KEY = "evaluated"
"""In `imported` of manifest.json; absent where every image was read and every class has some."""

_MOST_KEPT, _MOST_NAMED = 100, 5


class Gaps(NamedTuple):
    """What is missing in an evaluation."""

    unreadable: int = 0
    """Images that could not be read."""
    files: tuple[str, ...] = ()
    """Paths of the first hundred of them."""
    absent: tuple[str, ...] = ()
    """Classes of the model without an image that can be read."""

    def to_record(self) -> dict[str, int | list[str]]:
        """The value under `KEY`."""
        return {"unreadable": self.unreadable, "files": list(self.files), "absent": list(self.absent)}

    def sentences(self) -> list[str]:
        """What whoever reads the figures has to know."""
        said = []
        if self.unreadable:
            count = "1 image" if self.unreadable == 1 else f"{self.unreadable:,} images"
            said.append(
                f"{count} cannot be read and {'is' if self.unreadable == 1 else 'are'} left out: {self._named()}"
            )
        return said + [f"no image is of the class {name}: the figures say nothing of it" for name in self.absent]

    def caveats(self) -> list[str]:
        """The absent classes in a few words, to stand beside a figure."""
        if not self.absent:
            return []
        shown = ", ".join(self.absent[:_MOST_NAMED])
        rest = len(self.absent) - _MOST_NAMED
        return [f"incomplete: no image of {shown}{f' and {rest} more classes' if rest > 0 else ''}"]

    def _named(self) -> str:
        rest = self.unreadable - len(self.files[:_MOST_NAMED])
        return ", ".join(self.files[:_MOST_NAMED]) + (f" and {rest:,} more" if rest else "")


def gaps_of(unreadable: Sequence[str], classes: Sequence[str], labels: Sequence[int]) -> Gaps:
    """What is missing, of the paths that cannot be read and the classes of the images that can."""
    there = set(labels)
    absent = tuple(name for k, name in enumerate(classes) if k not in there)
    return Gaps(len(unreadable), tuple(unreadable[:_MOST_KEPT]), absent)


def read_gaps(run: Run) -> Gaps:
    """What is missing in the evaluation of a run; nothing of one that was trained here."""
    record = run.data().imported.get(KEY)
    if not isinstance(record, dict):
        return Gaps()
    count, files, absent = record.get("unreadable"), record.get("files"), record.get("absent")
    return Gaps(count if isinstance(count, int) else 0, _texts(files), _texts(absent))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
