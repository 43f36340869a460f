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

from core.checks import class_marks, copies, parts_differ
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
    put(copies, "find_copies", _known(folder, copies.find_copies, lambda *given: given))
    put(class_marks, "_search", _known(folder, class_marks._search, _without_files))
    put(parts_differ, "_told", _known(folder, parts_differ._told, _without_files))


def _without_files(sample: Sample) -> Any:
    """All that the searches ask of a sample; its files have times of their own."""
    return sample._replace(files=())


def _known(folder: Path, search: Search, asked: Search) -> Search:
    """A function that gives a copy of what it gave before where all that it asks of what it is given is the same."""
    known: dict[bytes, bytes] = {}

    def find(*given: Any) -> Any:
        key = hashlib.sha256(search.__name__.encode() + _bytes(asked(*given))).digest()
        path = folder / key.hex()
        if key not in known and path.is_file():
            known[key] = path.read_bytes()
        if key not in known:
            known[key] = pickle.dumps(search(*given))
            _write(path, known[key])
        return pickle.loads(known[key])

    return find


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
