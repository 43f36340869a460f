"""The limits of each mode: sizes, numbers, times, and which trainings it allows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.access.modes import LOCAL, PUBLIC, TEAM, mode
from core.config import RunConfig
from core.data.dataset import SAMPLE
from core.errors import AccessError


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The limits of a mode. Sizes are bytes (MB are 10**6).

    Attributes:
        mode: str. `local`, `team` or `public`.
        upload_bytes: One uploaded file.
        session_bytes: All uploads of one browser session together.
        session_files: Number of them.
        zip_files: Files in one dataset that is uploaded; 0 where none may be.
        zip_bytes: The same unpacked.
        epochs: Most epochs of a training.
        sample_only: Whether a training may use the built-in sample set and network only.
        waiting: Most trainings that may wait for their turn.
        predictions: Most images a session may ask about in one minute; 0 for no limit.
        disk_bytes: Most that uploads may hold in all; 0 for no limit.
        spare_bytes: Free disk below which nothing is taken in.
        training_seconds: Longest that a training may take; 0 for no limit.
        waiting_seconds: Longest that one may wait for its turn: for as many full trainings as may be before it, at
            least, or none would come to its turn on a busy day.
    """

    mode: str
    upload_bytes: int
    session_bytes: int
    session_files: int
    zip_files: int
    zip_bytes: int
    epochs: int
    sample_only: bool
    waiting: int
    predictions: int
    disk_bytes: int
    spare_bytes: int
    training_seconds: int = 0
    waiting_seconds: int = 0

    def check(self, config: RunConfig, data_root: Path | None, *kept: Path) -> None:
        """Refuses a training that the mode does not allow, whatever the form let through.

        Args:
            config: RunConfig.
            data_root: Path or None. Folder below which datasets of the server may be opened.
            kept: Paths. Folders of this program below which datasets lie: uploaded, and fetched.

        Raises:
            AccessError: one sentence that names the setting.
        """
        if self.mode == LOCAL:
            return
        if config.training.epochs > self.epochs:
            raise AccessError(f"training.epochs is {config.training.epochs}; the limit here is {self.epochs}")
        if config.training.finetuning_epochs > self.epochs:
            raise AccessError(
                f"training.finetune_stages times training.finetune_epochs is {config.training.finetuning_epochs}; the "
                f"limit here is {self.epochs}"
            )
        if self.sample_only:
            _check_small(config)
        elif config.dataset != SAMPLE and not _is_below(Path(config.dataset), data_root, *kept):
            raise AccessError(
                "the dataset must be the sample, an upload, a public dataset downloaded here, or in the folder that "
                "is open here"
            )


_SMALL: dict[str, tuple[Any, ...]] = {
    "dataset": (SAMPLE,),
    "model.backbone": ("EfficientNetLite0",),
    "training.mode": ("bottleneck", "end_to_end"),
    "training.unfreeze_from": ("",),
    "training.literal": (False,),
    "training.mixup": (0.0,),
}
_AT_MOST = {"data.image_size": 224, "data.batch_size": 64, "model.dense_units": 256}


def _check_small(config: RunConfig) -> None:
    """What a training of the public demonstration may be: minutes of one processor, and less than 700 MB."""
    values = {"dataset": config.dataset, **config.settings()}
    for key, allowed in _SMALL.items():
        if values[key] not in allowed:
            raise AccessError(f'{key} is "{values[key]}"; this public demonstration allows only "{allowed[0]}"')
    for key, most in _AT_MOST.items():
        if values[key] > most:
            raise AccessError(f"{key} is {values[key]}; this public demonstration allows {most} at most")
    if max(config.model.whole_head.units, default=0) > _AT_MOST["model.dense_units"]:
        raise AccessError(
            f"model.head is {config.model.head}; this public demonstration allows {_AT_MOST['model.dense_units']} "
            "units per layer at most"
        )
    if values["data.augmentation"] != "none" and values["data.augmentation_draws"] not in (1, 2):
        raise AccessError(
            f"data.augmentation_draws is {values['data.augmentation_draws']}; with augmentation this public "
            "demonstration allows 1 or 2, as each copy is another pass through the network"
        )


def _is_below(path: Path, *roots: Path | None) -> bool:
    whole = path.expanduser().resolve()
    return any(root is not None and whole.is_relative_to(root.resolve()) for root in roots)


_MB, _GB = 10**6, 10**9

POLICIES: dict[str, Policy] = {
    LOCAL: Policy(
        mode=LOCAL,
        upload_bytes=500 * _MB,
        session_bytes=5 * _GB,
        session_files=50_000,
        zip_files=50_000,
        zip_bytes=5 * _GB,
        epochs=10_000,
        sample_only=False,
        waiting=50,
        predictions=0,
        disk_bytes=0,
        spare_bytes=2 * _GB,
    ),
    TEAM: Policy(
        mode=TEAM,
        upload_bytes=200 * _MB,
        session_bytes=2 * _GB,
        session_files=20_000,
        zip_files=20_000,
        zip_bytes=2 * _GB,
        epochs=1_000,
        sample_only=False,
        waiting=20,
        predictions=600,
        disk_bytes=50 * _GB,
        spare_bytes=5 * _GB,
    ),
    PUBLIC: Policy(
        mode=PUBLIC,
        upload_bytes=10 * _MB,
        session_bytes=30 * _MB,
        session_files=20,
        zip_files=0,
        zip_bytes=0,
        epochs=50,
        sample_only=True,
        waiting=2,
        predictions=20,
        disk_bytes=200 * _MB,
        spare_bytes=500 * _MB,
        training_seconds=15 * 60,
        waiting_seconds=30 * 60,
    ),
}


def policy() -> Policy:
    """The limits of the mode; see `core.access.modes.mode`."""
    return POLICIES[mode()]
