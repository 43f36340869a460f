"""Access control: mode (local, team, public), roles, permitted actions, and limits of each mode.

Nothing is detected by magic: `PARITY_MODE` says it, and what is not allowed is refused in the function that would do
it, whether or not a button for it was drawn. The command line is the operator's and asks none of this.
"""

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from core.config import RunConfig
from core.data.dataset import SAMPLE
from core.environment import MODES, environment
from core.errors import AccessError

LOCAL, TEAM, PUBLIC = MODES


class Action(StrEnum):
    """What a page can do beyond showing what is there; the value completes the sentence "You may not …"."""

    LOOK = "view runs"
    PREDICT = "predict images"
    UPLOAD = "upload a dataset"
    BROWSE = "open folders of the server"
    FETCH = "download a public dataset"
    TRAIN = "start a training"
    MANAGE = "stop, resume or change what others started"
    DIAGNOSE = "start a search between two runs"
    IMPORT = "import a model"
    ORGANISE = "write notes on runs or delete them"
    SWEEP = "start a sweep"
    CURATE = "review the labels or change the split of a dataset"
    READ_LOG = "read the log of a worker"
    EXPORT = "convert a model into another format"


ROLES: dict[str, frozenset[Action]] = {
    "operator": frozenset(Action),
    "admin": frozenset(Action),
    "trainer": frozenset(Action) - {Action.MANAGE, Action.IMPORT},
    "viewer": frozenset({Action.LOOK, Action.PREDICT}),
    "visitor": frozenset({Action.LOOK, Action.PREDICT, Action.TRAIN}),
    "stranger": frozenset(),
}
"""What each role may do. `operator` is whoever sits at a local app; `visitor` anybody at a public one; admin, trainer
and viewer are a team's; a `stranger` is somebody whom the team's lists do not name."""


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


@dataclass(frozen=True)
class Person:
    """Somebody at a page.

    Attributes:
        name: str. An e-mail address in a team; else something that tells one browser session from another.
        role: str. One of `ROLES`.
    """

    name: str
    role: str

    def may(self, action: Action) -> bool:
        """Whether the role includes the action."""
        return action in ROLES[self.role]

    def require(self, action: Action, owner: str = "") -> None:
        """Lets the person through, or says why not.

        Args:
            action: Action.
            owner: str. Who started what is to be changed; empty where nobody in particular did.

        Raises:
            AccessError: the role does not include it, or it is somebody else's.
        """
        if not self.may(action):
            raise AccessError(_refusal(self, action))
        if owner and owner != self.name and not self.may(Action.MANAGE):
            raise AccessError("This was started by another user; only they or an administrator may change it.")

    def require_own(self, action: Action, owner: str) -> None:
        """As `require`, for what cannot be had again: of what nobody in particular started only an administrator.

        Args:
            action: Action.
            owner: str. Who started what is to be changed; empty where nobody in particular did.

        Raises:
            AccessError: the role does not include it, or it is not this person's.
        """
        self.require(action, owner)
        if not owner and not self.may(Action.MANAGE):
            raise AccessError("You did not start this from a page; only an administrator may change it.")


COMMAND_LINE = Person("", "operator")
"""Whoever sits at the command line: no mode has limits for it, and what it starts is nobody's in particular."""


def mode() -> str:
    """The mode that `PARITY_MODE` names; `local` when it names none.

    Raises:
        ConfigError: there is no such mode.
    """
    return environment().mode


def policy() -> Policy:
    """The limits of the mode; see `mode`."""
    return POLICIES[mode()]


def person(email: str, session: str) -> Person:
    """Who somebody is, by what the server knows of them.

    Args:
        email: str. As the login or the reverse proxy says; empty where nobody has logged in.
        session: str. Tells this browser session from others.

    Raises:
        ConfigError: see `mode`.
    """
    now = mode()
    if now == LOCAL:
        return Person("operator", "operator")
    if now == PUBLIC:
        return Person(session, "visitor")
    address = email.strip().casefold()
    for role, patterns in _lists().items():
        if address and any(fnmatchcase(address, pattern) for pattern in patterns):
            return Person(address, role)
    return Person(address, "stranger")


def has_lists() -> bool:
    """Whether anybody is named for a team."""
    return any(_lists().values())


def _lists() -> dict[str, tuple[str, ...]]:
    """Who has which role in a team; the first list that names somebody counts."""
    found = environment()
    return {"admin": found.admins, "trainer": found.trainers, "viewer": found.viewers}


def _refusal(person: Person, action: Action) -> str:
    match person.role:
        case "visitor":
            return f"This public demonstration does not allow you to {action}. Run Parity on your own machine."
        case "stranger":
            if not person.name:
                return "You are not logged in. Log in; if you have, the proxy does not pass on your identity."
            return f"{person.name} is not on this team's lists; ask the operator of this app to add the address."
        case role:
            return f"Your role is {role}, which may not {action}; ask an administrator."
