"""The program as a user has it: a folder of its own with `.venv` and `.parity` inside, as `make run` leaves it."""

import contextlib
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = ("app.py", "core", "pages", ".streamlit", "requirements.txt", "pyproject.toml")
TOOLS = ("ray", "mypy*", "playwright", "pip", "setuptools")
"""Packages that only developers have."""
WORKERS_OWN = ("tensorflow", "keras", "scipy", "sklearn", "onnx*", "tf2onnx", "ai_edge_litert", "tensorboard")
"""Packages that a server without a worker never opens: half of all files."""


@contextlib.contextmanager
def cloned(folder: Path, environment: Path = Path(sys.prefix), without: Collection[str] = ()) -> Iterator[Path]:
    """Puts such a folder below another and removes it in the end.

    Args:
        folder: Where it is put.
        environment: The virtual environment that its own is made of. Files are linked where the disk can (2.4 GB), not
            by their names: whoever watches a folder hears of what is opened in it, and must hear it here.
        without: Packages that it does not get.

    Yields:
        The folder; its interpreter is `.venv/bin/python`, its PARITY_HOME `.parity`.
    """
    root = folder / "parity"
    root.mkdir(parents=True)
    for name in PROGRAM:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__", "secrets.toml"))
        else:
            shutil.copy(source, root / name)
    real = environment.resolve()
    shutil.copytree(
        real,
        root / ".venv",
        symlinks=True,
        ignore=shutil.ignore_patterns(*TOOLS, *without),
        copy_function=_link_or_copy,
    )
    try:
        yield root
    finally:
        shutil.rmtree(root)


def python_of(root: Path) -> str:
    """The interpreter of such a folder."""
    return str(root / ".venv" / "bin" / "python")


def watchers(pid: int) -> int:
    """Handles through which the system tells a process of what happens to files (Linux)."""
    found = 0
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed in between
            found += str(handle.readlink()) == "anon_inode:inotify"
    return found


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # another disk
        shutil.copy2(source, target, follow_symlinks=False)
