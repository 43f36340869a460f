"""Searches for a learning rate on disk: a folder each, beside the runs and never among them.

rates/<id>/config.json   {"kind": "rate", "config": the run's settings}
           result.json   the sweep and what it suggests
           status.json  worker.log  stop  lock     as in a run
"""

import contextlib
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from core import files, paths
from core.config import RunConfig
from core.errors import ConfigError, RunError
from core.runs import Run, RunStore, Status

KIND = "rate"

KEPT = 20
"""So many searches are kept; older ones go when a new one is made."""


class RateSearch(Run):
    """One search: a job with a worker, like a run, but nothing that it trains is kept.

    Args:
        path: Path. The folder; it exists.
    """

    def config(self) -> RunConfig:
        """The settings of the run whose learning rate is looked for.

        Raises:
            RunError: the file is absent or damaged.
        """
        record = files.read_json(self.path / "config.json")
        try:
            return RunConfig.from_dict(record["config"] if isinstance(record, dict) else {})
        except (KeyError, ConfigError) as error:
            raise RunError(f"search {self.id} cannot be read: {error}") from error

    def result(self) -> dict[str, Any]:
        """What it has found; empty before it has ended."""
        record = files.read_json(self.path / "result.json")
        return record if isinstance(record, dict) else {}

    def write_result(self, record: dict[str, Any]) -> None:
        """Replaces result.json."""
        files.write_json(self.path / "result.json", record)


class RateStore:
    """All searches below one folder.

    Args:
        root: Path. Defaults to the folder the environment says.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or paths.home() / "rates"

    def create(self, config: RunConfig, owner: str = "") -> RateSearch:
        """Makes the folder of a new search, queued; the oldest that have ended go.

        Raises:
            RunError: the folder cannot be written.
        """
        now = time.time()
        stamp = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{int(now * 1000) % 1000:03}"
        search = RateSearch(self.root / f"{stamp}-{secrets.token_hex(3)}")
        try:
            search.path.mkdir(parents=True)
            files.write_json(search.path / "config.json", {"kind": KIND, "config": config.to_dict()})
            if owner:
                files.write_json(search.path / "owner.json", owner)
            search.write_status(Status.in_queue(now))
        except OSError as error:
            raise RunError(f"no search can be made in {self.root}: {error.strerror}") from error
        self._forget_old()
        return search

    def get(self, search_id: str) -> RateSearch | None:
        """The search of that id; None when there is none (any more)."""
        return next((search for search in self.list() if search.id == search_id), None)

    def list(self) -> list[RateSearch]:
        """All searches, the newest first."""
        return [RateSearch(run.path) for run in RunStore(self.root).list()]

    def _forget_old(self) -> None:
        for search in self.list()[KEPT:]:
            if not search.status().is_active:
                with contextlib.suppress(OSError):  # the next one tries again
                    shutil.rmtree(search.path)


def is_rate_search(path: Path) -> bool:
    """Whether a job's folder is that of a search for a learning rate."""
    record = files.read_json(path / "config.json")
    return isinstance(record, dict) and record.get("kind") == KIND
