"""Target path of an export: suffix, no overwriting unasked, atomic replacement."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from core import files
from core.errors import RunError
from core.export.formats import Format

_SAVED_MODEL = "saved_model.pb"
"""The file by which a folder is known to be a SavedModel, and so may be replaced by another."""


def target_of(out: Path, kind: Format) -> Path:
    """The file or folder that an export becomes: `out`, with the format's suffix where it lacks it.

    Args:
        out: Path. As the person gave it.
        kind: Format.

    Raises:
        RunError: it names no file.
    """
    if not out.name or out.name == "..":
        raise RunError(f"{out} is not a file name; give --out a name, for instance {out / ('model' + kind.suffix)}")
    return out if out.name.lower().endswith(kind.suffix) else out.with_name(out.name + kind.suffix)


def refuse_overwriting(target: Path, *, force: bool) -> None:
    """Refuses to replace what is there, unless `force` says so; a folder only if it is an export itself.

    Raises:
        RunError: one sentence that says what is in the way.
    """
    if not (target.exists() or target.is_symlink()):
        return
    if not force:
        raise RunError(f"{target} exists already; give another --out, or --force to replace it")
    if target.is_dir() and any(target.iterdir()) and not (target / _SAVED_MODEL).is_file():
        raise RunError(f"{target} is a folder but not a SavedModel; it is not replaced, give another --out")


@contextlib.contextmanager
def placing(target: Path) -> Iterator[Path]:
    """Yields a path beside `target` to write a file or folder to; it takes the place when the block ends well.

    Raises:
        RunError: it cannot be written.
    """
    # The suffix stays at the end: Keras refuses to write a file without it.
    beside = target.with_name(f".{target.stem}.{secrets.token_hex(4)}.tmp{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        _flush(beside)
        _replace(beside, target)
        files.sync_folder(target.parent)
    except OSError as error:
        raise RunError(f"{target} cannot be written: {error.strerror or error}; give another --out") from error
    finally:
        _remove(beside)


def _replace(beside: Path, target: Path) -> None:
    """A file replaces a file in one step; a folder has to be moved out of the way first."""
    if not target.is_dir() or target.is_symlink():
        beside.replace(target)
        return
    old = target.with_name(f".{target.name}.{secrets.token_hex(4)}.old")
    target.replace(old)
    try:
        beside.replace(target)
    except OSError:
        old.replace(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _flush(path: Path) -> None:
    """Puts a file, or all files of a folder, onto the disk before they get their name."""
    for file in [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]:
        with file.open("rb+") as handle:
            os.fsync(handle.fileno())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):  # it is gone already, or where it would lie is no folder
            path.unlink()
