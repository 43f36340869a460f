"""What the environment says: every variable that this program takes, with its type, read in this one place.

`environment()` gives all of them; the server, the command line and the worker call it first of all, so that a value
that makes no sense is said at the start, in one sentence. It is worked out once for the same values, and a test that
sets a variable needs to reset nothing.
"""

import functools
import os
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import ConfigError

LOCAL, TEAM, PUBLIC = "local", "team", "public"
MODES = (LOCAL, TEAM, PUBLIC)
EXECUTORS = ("local", "ray")

_WORDS = {"0": False, "no": False, "off": False, "false": False, "1": True, "yes": True, "on": True, "true": True}
_HOST = re.compile(r"\*|(\*\.)?[a-z0-9._-]{1,253}|\[?[0-9a-f:]{2,45}\]?", re.ASCII)
_ADDRESS = re.compile(r"\S*[@*]\S*")
_MOST_RUNS = 1000

Reader = Callable[[str, str], object]
"""Makes a value of the name of a variable and its text, or raises ConfigError."""


def _text(name: str, text: str) -> str:
    return text


def _folder(name: str, text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ConfigError(f'{name} is "{text[:60]}", but there is no such user; give the path of a folder') from error


def _mode(name: str, text: str) -> str:
    if text.strip() not in MODES:
        raise ConfigError(f'{name} is "{text.strip()[:40]}"; set it to local, team or public')
    return text.strip()


def _executor(name: str, text: str) -> str:
    if text not in EXECUTORS:
        raise ConfigError(f'{name} is "{text[:40]}"; it may be {" or ".join(EXECUTORS)}')
    return text


def _switch(name: str, text: str) -> bool:
    if text.strip().lower() not in _WORDS:
        raise ConfigError(f'{name} is "{text[:40]}"; set it to 1 (yes) or 0 (no)')
    return _WORDS[text.strip().lower()]


def _runs(name: str, text: str) -> int:
    plain = text.strip()
    if not (plain.isascii() and plain.isdecimal() and 1 <= int(plain[:9]) <= _MOST_RUNS):
        raise ConfigError(f'{name} is "{text[:40]}"; give a whole number from 1 to {_MOST_RUNS:,}')
    return int(plain)


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ConfigError(f'{name} is "{text[:40]}"; give a number, 0 or more')
    return value


def _hosts(name: str, text: str) -> tuple[str, ...]:
    found = [plain_host(item) for item in text.split(",") if item.strip()]
    for item in found:
        if not _HOST.fullmatch(item):
            raise ConfigError(
                f"{name} names {item[:60]!r}; it takes host names such as parity.lab.example or *.lab.example, "
                "without https:// and without a port, separated by commas"
            )
    return tuple(item.strip("[]") for item in found)


def _people(name: str, text: str) -> tuple[str, ...]:
    found = [item.strip().casefold() for item in text.split(",") if item.strip()]
    for item in found:
        if not _ADDRESS.fullmatch(item):
            raise ConfigError(
                f"{name} names {item[:60]!r}; it takes e-mail addresses, or patterns such as *@lab.example, separated "
                "by commas"
            )
    return tuple(found)


@dataclass(frozen=True)
class Environment:
    """What the environment says; an empty variable is as good as none.

    Attributes:
        home: Path. Runs, caches and uploads. May be relative, see `core.paths.home`.
        data: Path or None. Folder below which pages may open datasets.
        weights: Path or None. Folder of weight files.
        keras_home: Path. Where Keras keeps its files.
        cache_gb: float. Most that the feature cache may hold, in 2**30 bytes.
        memory_gb: float. What a training may take, in 2**30 bytes; 0: what the machine has.
        mode: str. One of `MODES`.
        hosts: tuple of str. Names that the app answers to, `*` for any.
        admins, trainers, viewers: tuple of str. Addresses or patterns of a team.
        parallel_runs: int. Runs that may train at once on this machine.
        warm_worker: bool. Whether a worker may be kept ready.
        executor: str. One of `EXECUTORS`.
        ray_address, ray_python: str. The cluster, and the Python of its machines.
        ray_cpus, ray_gpus, ray_memory_gb: float. What a worker needs of a machine of the cluster.
        mlflow_uri, mlflow_experiment, mlflow_token, mlflow_user, mlflow_password: str. Who is told of a training.
    """

    home: Path = Path(".parity")
    data: Path | None = None
    weights: Path | None = None
    keras_home: Path = Path("~/.keras")
    cache_gb: float = 20.0
    memory_gb: float = 0.0
    mode: str = LOCAL
    hosts: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
    trainers: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()
    parallel_runs: int = 1
    warm_worker: bool = True
    executor: str = "local"
    ray_address: str = ""
    ray_python: str = ""
    ray_cpus: float = 1.0
    ray_gpus: float = 0.0
    ray_memory_gb: float = 0.0
    mlflow_uri: str = ""
    mlflow_experiment: str = "Parity"
    mlflow_token: str = ""
    mlflow_user: str = ""
    mlflow_password: str = ""

    @property
    def is_small(self) -> bool:
        """Whether memory is short, as on a public server: how much is held at a time follows from it, never a number
        that is computed."""
        return self.mode == PUBLIC


_VARIABLES: dict[str, tuple[str, Reader]] = {
    "home": ("PARITY_HOME", _folder),
    "data": ("PARITY_DATA", _folder),
    "weights": ("PARITY_WEIGHTS", _folder),
    "keras_home": ("KERAS_HOME", _folder),
    "cache_gb": ("PARITY_CACHE_GB", _number),
    "memory_gb": ("PARITY_MEMORY", _number),
    "mode": ("PARITY_MODE", _mode),
    "hosts": ("PARITY_HOSTS", _hosts),
    "admins": ("PARITY_ADMINS", _people),
    "trainers": ("PARITY_TRAINERS", _people),
    "viewers": ("PARITY_VIEWERS", _people),
    "parallel_runs": ("PARITY_PARALLEL_RUNS", _runs),
    "warm_worker": ("PARITY_WARM_WORKER", _switch),
    "executor": ("PARITY_EXECUTOR", _executor),
    "ray_address": ("RAY_ADDRESS", _text),
    "ray_python": ("PARITY_RAY_PYTHON", _text),
    "ray_cpus": ("PARITY_RAY_CPUS", _number),
    "ray_gpus": ("PARITY_RAY_GPUS", _number),
    "ray_memory_gb": ("PARITY_RAY_MEMORY_GB", _number),
    "mlflow_uri": ("MLFLOW_TRACKING_URI", _text),
    "mlflow_experiment": ("MLFLOW_EXPERIMENT_NAME", _text),
    "mlflow_token": ("MLFLOW_TRACKING_TOKEN", _text),
    "mlflow_user": ("MLFLOW_TRACKING_USERNAME", _text),
    "mlflow_password": ("MLFLOW_TRACKING_PASSWORD", _text),
}
"""Attribute of `Environment` -> the variable that says it, and what reads it."""


def environment() -> Environment:
    """What the environment says now.

    Raises:
        ConfigError: a variable has a value that makes no sense; the sentence names it and what it may be.
    """
    return _read(tuple(os.environ.get(name, "") for name, _ in _VARIABLES.values()))


@functools.lru_cache(maxsize=8)
def _read(texts: tuple[str, ...]) -> Environment:
    given = {
        key: read(name, text)
        for (key, (name, read)), text in zip(_VARIABLES.items(), texts, strict=True)
        if text.strip()
    }
    return replace(Environment(), **given)  # type: ignore[arg-type]  # each reader gives its attribute's type


def plain_host(name: str) -> str:
    """A host's name as names are compared: neither capitals nor the dot of the root mean anything."""
    return name.strip().lower().rstrip(".")


def inherited(names: Iterable[str] | None = None, *, prefix: str = "") -> dict[str, str]:
    """The variables that a process started from here gets.

    Args:
        names: iterable of str. Those that it may have. Defaults to all.
        prefix: str. Names that begin so are given in any case. Defaults to none.
    """
    if names is None:
        return dict(os.environ)
    wanted = set(names)
    return {name: text for name, text in os.environ.items() if name in wanted or (prefix and name.startswith(prefix))}


def quieten_tensorflow(level: int = 2, *, always: bool = False) -> None:
    """Has TensorFlow leave out what it says of the processor, unless a person has set what it shall say.

    Args:
        level: int. 2 leaves errors, 3 nothing but what ends the process. Defaults to 2.
        always: bool. Whatever the person has set. Defaults to no.
    """
    if always:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = str(level)
    else:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", str(level))


@functools.cache
def program_version() -> str:
    """The version of this program, as pyproject.toml has it; empty where only the package was copied."""
    try:
        text = (Path(__file__).resolve().parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        return ""
    return str(tomllib.loads(text)["project"]["version"])
