"""LrSearchStore: learning-rate searches (range tests) on disk, each with a folder below `rates`.

config.json   {"config": the run's settings}
result.json   the range test and what it suggests
"""

from typing import TYPE_CHECKING

from core.config import RunConfig
from core.jobs.job import ConfiguredJob, JobStore
from core.jobs.spec import ConfigSpec
from core.store import records

if TYPE_CHECKING:
    from core.store.job_records import RangeTest


KEPT = 20
"""So many searches are kept; older ones go when a new one is made."""


class LrSearch(ConfiguredJob):
    """One search; nothing that it trains is kept.

    Args:
        path: Path. The folder; it exists.
    """

    noun = "search"

    def result(self) -> "RangeTest | None":
        """What result.json says, or None before there is one, or where it is damaged."""
        return records.read(self.path / "result.json", records.RATE)


class LrSearchStore(JobStore[LrSearch]):
    """All searches; see `JobStore`."""

    kind, folder = LrSearch, "rates"

    def create(self, config: RunConfig, owner: str = "") -> LrSearch:
        """Makes the folder of a new search, queued; the oldest that have ended go.

        Raises:
            RunError: the folder cannot be written.
        """
        search = self._make({"config": config.to_dict()}, owner)
        self._forget_old(KEPT)
        return search


class LrSearchSpec(ConfigSpec):
    """A search for the learning rate of a training."""

    def make(self, owner: str) -> LrSearch:
        """See `Spec.make`."""
        return LrSearchStore().create(self.config, owner)
