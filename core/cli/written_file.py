"""Files that commands write to a path that a person gives: none is replaced by mistake."""

from collections.abc import Iterable
from pathlib import Path

from core import files
from core.errors import DataError

_REPORTS = (b"<!doctype html", b"{")
"""How the reports begin that commands write: a page, or JSON."""


def refuse_replacing(path: Path, option: str, *, force: bool, inputs: Iterable[Path] = ()) -> None:
    """Refuses an existing file, unless `force` says so; one that the command reads whatever it says.

    Args:
        path: Path. To be written.
        option: str. That it was given to.
        force: bool. Whether `--force` was given.
        inputs: iterable of Path. Files that the command reads. Defaults to none.

    Raises:
        DataError: it is not to be replaced, or is a folder.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder; give a file to {option}")
    if not path.exists():
        return
    if any(_is_same(path, file) for file in inputs):
        raise DataError(f"{path} is one of the files that are read; give another file to {option}")
    if not force:
        raise DataError(f"{path} exists already; give another file to {option}, or --force to replace it")


def refuse_replacing_but_a_report(path: Path, option: str, *endings: str) -> None:
    """Refuses an existing file that is no report: the command that resumes a search writes the same one again.

    Args:
        path: Path. To be written.
        option: str. That it was given to.
        endings: str. Such as `.html`: what the command writes.

    Raises:
        DataError: it is another file, or a folder, or its name ends otherwise.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder; give a file to {option}")
    if path.suffix.lower() not in endings:
        raise DataError(f"{path} does not end in {' or '.join(endings)}; give such a file to {option}")
    try:
        start = _start(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}; give another file to {option}") from error
    if start and not start.lstrip().lower().startswith(_REPORTS):
        raise DataError(f"{path} exists already and is no report; give another file to {option}")


def write_report(path: Path, text: str, option: str) -> None:
    """Writes a report.

    Raises:
        DataError: the file cannot be written.
    """
    try:
        with files.replacing(path, "w") as file:
            file.write(text)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}; give another file to {option}") from error


def _start(path: Path) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(64)


def _is_same(path: Path, file: Path) -> bool:
    try:
        return path.samefile(file)
    except OSError:  # it is gone, or cannot be looked at
        return False
