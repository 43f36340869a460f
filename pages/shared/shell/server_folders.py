"""Folders of this machine that pages may open: those below `PARITY_DATA`, and nothing that leads out of it."""

from pathlib import Path

from core.data.leftovers import is_junk


def inside(root: Path, relative: str) -> Path:
    """The folder below `root`, or `root` where the path leads out of it or to nothing."""
    try:
        folder = (root / relative).resolve()
        return folder if folder.is_relative_to(root) and folder.is_dir() else root
    except (OSError, ValueError, RuntimeError):  # a name too long, a NUL in it, a loop of links
        return root


def subfolders(root: Path, folder: Path) -> list[str]:
    """Names of the visible folders in `folder` that do not lead out of `root`."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    return [
        entry.name
        for entry in entries
        if not is_junk(entry.name) and entry.is_dir() and entry.resolve().is_relative_to(root)
    ]
