"""What is asked for before there is a job: one specification a kind, which `core.start.start` lets in and makes."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from core.config import RunConfig
from core.data.dataset import Dataset
from core.jobs.validate import validate_config
from core.models import catalogue
from core.progress import Progress
from core.store.folder import JobFolder
from core.store.runs import Run, RunStore

F_co = TypeVar("F_co", bound=JobFolder, covariant=True)


class Spec(Protocol[F_co]):
    """What `core.start.start.start` needs to know of what is asked for."""

    def admit(self, progress: Progress | None = None) -> Self:
        """The same as it will be done, once it is known that it can be.

        Args:
            progress: callable of (done, total) files looked at. Defaults to none.

        Raises:
            UserError: one sentence on what to change.
        """

    def configs(self) -> Sequence[RunConfig]:
        """Settings of the trainings that it means, on which a mode has a say."""

    def known(self) -> F_co | None:
        """The running job for just that, which is given instead of another one; None where there is none."""

    def make(self, owner: str) -> F_co:
        """Makes its folder, queued.

        Raises:
            UserError: it cannot be made.
        """


@dataclass(frozen=True)
class ConfigSpec:
    """What is asked for by the settings of a training.

    Attributes:
        config: RunConfig.
        dataset: Dataset or None. Its dataset once it was let in; None for the sample set that is not drawn yet.
        is_admitted: bool. Whether it was looked at.
    """

    config: RunConfig
    dataset: Dataset | None = None
    is_admitted: bool = False

    def admit(self, progress: Progress | None = None) -> Self:
        """See `Spec.admit`; looks through the dataset, once."""
        if self.is_admitted:
            return self
        config, dataset = validate_config(self.config, progress)
        return dataclasses.replace(self, config=config, dataset=dataset, is_admitted=True)

    def configs(self) -> Sequence[RunConfig]:
        """See `Spec.configs`; the backbone by its proper name, however it was spelt."""
        model = dataclasses.replace(self.config.model, backbone=catalogue.find(self.config.model.backbone).name)
        return (dataclasses.replace(self.config, model=model),)

    def known(self) -> None:
        """See `Spec.known`; two of the same settings are two."""


class RunSpec(ConfigSpec):
    """A training."""

    def make(self, owner: str) -> Run:
        """See `Spec.make`."""
        return RunStore().create(self.config, owner)
