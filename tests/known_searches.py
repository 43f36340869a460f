"""What the searches that take longest have found in images they find in them again.

Many tests have the same images and each a home of its own, which knows of none: the searches for altered copies, for
marks of a class and for parts that differ would be made anew in each of them, a second of a processor and more. What
they found is kept in a folder for all processes of the tests; the tests of these searches call them directly.
"""

import contextlib
import hashlib
import io
import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.checks import class_marks, copies, parts_differ, parts_told
from core.checks.sample import Sample

FOLDER = "PARITY_TESTS_KNOWN"
"""In the environment: names the folder."""

Search = Callable[..., Any]


def lay_in(put: Callable[[Any, str, Any], object], folder: Path) -> None:
    """Puts what looks into the folder first in the place of the searches.

    Args:
        put: callable of an object, the name of an attribute and its value: `setattr`, or that of a MonkeyPatch.
        folder: It exists.
    """
    put(copies, "find_copies", _known(folder, copies.find_copies, _without_colours))
    put(class_marks, "_search", _known(folder, class_marks._search, _without_files))
    put(parts_differ, "tell", _known(folder, parts_told.tell, _without_files))


def _without_colours(small: Any, names: Any, labels: Any = (), may_be: Any = None) -> Any:
    """All that the search for copies asks of forms: colours are those of the images, whose SHA-256 the names are."""
    return small, names, labels


def _without_files(sample: Sample) -> Any:
    """All that the searches ask of a sample; its files have times of their own."""
    return sample._replace(files=())


def _known(folder: Path, search: Search, asked: Search) -> Search:
    """A function that gives a copy of what it gave before where all that it asks of what it is given is the same."""
    kept = Kept(folder)

    def find(*given: Any) -> Any:
        return kept.found(search.__name__.encode() + _bytes(asked(*given)), lambda: search(*given))

    return find


class Kept:
    """What was found before, in this process or another one.

    Args:
        folder: It exists.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._known = folder, dict[bytes, bytes]()

    def found(self, asked: bytes, search: Callable[[], Any], lasts: Callable[[Any], bool] = lambda found: True) -> Any:
        """A copy of it where all that is asked is the same; searched for where it is not known.

        Args:
            asked: What the answer depends on.
            search: Finds it.
            lasts: Whether what was found is kept. Defaults to always.
        """
        key = hashlib.sha256(asked).digest()
        path = self._folder / key.hex()
        if key not in self._known and path.is_file():
            self._known[key] = path.read_bytes()
        if key not in self._known:
            found = search()
            if not lasts(found):
                return found
            self._known[key] = pickle.dumps(found)
            _write(path, self._known[key])
        return pickle.loads(self._known[key])


def _bytes(what: Any) -> bytes:
    """The same for what is equal: no word of whether two strings are one object."""
    file = io.BytesIO()
    pickler = pickle.Pickler(file, protocol=5)
    pickler.fast = True
    pickler.dump(what)
    return file.getvalue()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: other processes read it, and a test may let no file be written."""
    with contextlib.suppress(OSError):
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
