"""SearchStore: searches for the best network on disk, each with a folder below `searches`.

config.json     {"config": what does not vary, "arms": [candidate], "folds", "repeats", "brought", "budget_minutes"}
result.json     replaced whole whenever a head was trained; see `core.store.fold_records`
manifest.json   the images it is about
answers/C/R-F.csv   what the head of candidate C, repeat R and fold F says of its fold
answers/fine_tuned/1-F.csv   the same of the best candidate, fine-tuned
fine_tuning/        the fold that is being fine-tuned
"""

import contextlib
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from core.config import RunConfig
from core.cross_validation.store import CrossValidationSpec, FoldsJob, FoldsSpec
from core.errors import ConfigError
from core.jobs.job import JobStore
from core.progress import Progress
from core.search.candidates import Candidate, Wanted, candidates, config_of, fine_tuned_settings
from core.store import records
from core.store.runs import Run

if TYPE_CHECKING:
    from core.store.fold_records import SearchResult


class Search(FoldsJob):
    """One search; the heads that it trains are not kept.

    Args:
        path: Path. The folder; it exists.
    """

    noun, at_end, takes_slot = "search for the best network", "has finished", True

    def result(self) -> "SearchResult | None":
        """What result.json says; None before there is one, or where it is damaged."""
        return records.read(self.path / "result.json", records.SEARCH)

    def candidates(self) -> list[Candidate]:
        """What is tried, the cheapest features first."""
        return [one for one in self.settings().get("arms", []) if isinstance(one, dict)]

    def answers(self, candidate: int, repeat: int, fold: int) -> Path:
        """The file of what a head says of its fold; repeat and fold are counted from 1."""
        return self.path / "answers" / str(candidate) / f"{repeat}-{fold}.csv"

    def fine_tuned_answers(self, fold: int) -> Path:
        """The file of what the fine-tuned best says of a fold of the first repeat; counted from 1."""
        return self.path / "answers" / "fine_tuned" / f"1-{fold}.csv"

    def scratch(self) -> Run:
        """The folder in which a fold is fine-tuned, as a run's worker does; it goes when the fold is answered."""
        return Run(self.path / "fine_tuning" / self.id)

    def configs(self) -> Sequence[RunConfig]:
        """See `JobFolder.configs`."""
        return all_configs(self.config(), self.candidates())


def all_configs(base: RunConfig, tried: Sequence[Candidate]) -> list[RunConfig]:
    """Every training of a search, for the limits of the mode: the candidates, and one of them fine-tuned.

    Any of them may be the best; what limits a fine-tuning (its epochs) is the same for all.
    """
    found = [config_of(base, one) for one in tried]
    with contextlib.suppress(ConfigError):  # the settings allow no fine-tuning, so there will be none
        found += [config_of(base, fine_tuned_settings(one)) for one in tried[:1]]
    return found


class SearchStore(JobStore[Search]):
    """All searches; see `JobStore`."""

    kind, folder = Search, "searches"

    def create(self, spec: "SearchSpec", owner: str = "") -> Search:
        """Makes the folder of a new search, queued.

        Args:
            spec: SearchSpec. Admitted.
            owner: str. Who starts it. Defaults to nobody in particular.

        Raises:
            RunError: the folder cannot be written.
            ConfigError: the budget is no positive number.
        """
        return self._make({**spec.settings(), "arms": list(spec.candidates)}, owner)


@dataclass(frozen=True)
class SearchSpec(FoldsSpec):
    """What is asked for; folds and repeats are as in `FoldsSpec`.

    Attributes:
        wanted: Wanted. Networks, sizes, heads and rates to try.
        candidates: sequence of dict. Known once it was admitted.
    """

    wanted: Wanted = field(default_factory=Wanted)
    candidates: Sequence[Candidate] = ()

    def admit(self, progress: Progress | None = None) -> Self:
        """See `Spec.admit`; candidates and folds are made once, to see that they can be.

        Raises:
            ConfigError: a value is not allowed, or the settings are none of a frozen backbone.
            DataError: the images cannot be divided so.
        """
        if self.is_admitted:
            return self
        found = candidates(self.config, self.wanted)
        first = config_of(self.config, found[0])
        made = CrossValidationSpec(first, folds=self.folds, repeats=self.repeats).admit(progress)
        config = dataclasses.replace(self.config, dataset=made.config.dataset)
        return dataclasses.replace(
            self,
            config=config,
            dataset=made.dataset,
            is_admitted=True,
            folds=made.folds,
            brought=made.brought,
            candidates=found,
        )

    def configs(self) -> Sequence[RunConfig]:
        """See `Spec.configs`."""
        return all_configs(self.config, candidates(self.config, self.wanted))

    def make(self, owner: str) -> Search:
        """See `Spec.make`."""
        return SearchStore().create(self, owner)
