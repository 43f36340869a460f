"""Paths on disk (PARITY_HOME, PARITY_DATA and below) and limits that environment variables set."""

from functools import lru_cache
from pathlib import Path

from core.environment import environment


def home() -> Path:
    """Folder of runs, caches and uploads: `PARITY_HOME`, else `.parity` in the working folder. May not exist yet."""
    given = environment().home
    return _resolved(given if given.is_absolute() else Path.cwd() / given)


@lru_cache(maxsize=8)
def _resolved(path: Path) -> Path:
    """A page asks for the home some hundred times, and each of its folders is asked whether it is a link."""
    return path.resolve()


def data_root() -> Path | None:
    """Folder below which the pages may open datasets on the server: `PARITY_DATA`; None when it is not set."""
    root = environment().data
    return root.resolve() if root else None


def runs_folder() -> Path:
    """Where the run folders lie."""
    return home() / "runs"


def cache_folder() -> Path:
    """Where features and scans are kept; may be emptied at any time."""
    return home() / "cache"


def uploads_folder() -> Path:
    """Where uploaded datasets are kept."""
    return home() / "uploads"


def collections_folder() -> Path:
    """Where published datasets are kept once fetched."""
    return home() / "collections"


def samples_folder() -> Path:
    """Where the built-in sample set is kept once drawn."""
    return home() / "sample"


def parallel_runs() -> int:
    """How many runs may train at once on this machine: `PARITY_PARALLEL_RUNS`, else 1."""
    return environment().parallel_runs
