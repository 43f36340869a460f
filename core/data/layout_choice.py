"""How a person wants a folder to be read: said by `--layout` or on the Dataset page, remembered beside the dataset."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.data import sidecar
from core.errors import ConfigError

NAME = "layout"
VERSION = 1
AUTO = "auto"
KEYS = ("parts", "parts-below", "classes", "inner", "names", "parts-inner", "fewer")
ROLES = ("train", "val", "test")
_MAX_FOLDERS = 1000
HELP = (
    "how to read the folders, stored next to the dataset: parts (train/cats), parts-below (cats/train), classes "
    "(every folder is one), inner (the innermost folders are), names (cat.1.jpg), parts-inner "
    "(train/siteA/cats), fewer (without folders that may be no classes), train=A+B,val=C,test=D (folders that "
    "are the parts), or auto, which resets the choice"
)


@dataclass(frozen=True)
class Choice:
    """A way to read a folder.

    Attributes:
        key: str. One of `KEYS`, or `AUTO`.
        parts: dict. Folders by `train`, `val`, `test`; empty unless a person has named them.
    """

    key: str = AUTO
    parts: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_auto(self) -> bool:
        """Whether names and structure decide."""
        return self.key == AUTO

    def text(self) -> str:
        """As `--layout` takes it."""
        named = ",".join(f"{role}={'+'.join(folders)}" for role, folders in self.parts.items())
        return named or self.key


def parse_choice(text: str) -> Choice:
    """What stands behind `--layout`.

    Args:
        text: str. One of `KEYS`, `auto`, or `train=A+B,val=C,test=D`.

    Raises:
        ConfigError: it is none of these.
    """
    words = text.strip()
    if words in (*KEYS, AUTO):
        return Choice(words)
    if "=" not in words:
        raise ConfigError(
            f"--layout is {text}; it may be {', '.join(KEYS)}, {AUTO}, or name the parts: train=FOLDER,val=FOLDER"
        )
    parts: dict[str, tuple[str, ...]] = {}
    for word in words.split(","):
        role, equals, folders = word.partition("=")
        if role.strip() not in ROLES or not equals or role.strip() in parts:
            raise ConfigError(f"--layout has {word.strip()}; give each split once, as train=, val= or test=FOLDER")
        parts[role.strip()] = tuple(name.strip().strip("/") for name in folders.split("+") if name.strip(" /"))
    return by_hand(parts)


def by_hand(parts: Mapping[str, tuple[str, ...]]) -> Choice:
    """A choice that names the folder of each part.

    Args:
        parts: mapping from `train`, `val`, `test` to folders, relative to the dataset's.

    Raises:
        ConfigError: nothing trains, or a folder is named twice.
    """
    kept = {role: tuple(parts[role]) for role in ROLES if parts.get(role)}
    named = [folder for folders in kept.values() for folder in folders]
    if "train" not in kept:
        raise ConfigError("there is no folder to train on; --layout needs train=FOLDER")
    if len(set(named)) < len(named) or len(named) > _MAX_FOLDERS:
        raise ConfigError("--layout names a folder twice; each folder can be one split only")
    return Choice("parts", kept)


def read_choice(root: Path) -> Choice:
    """What is remembered for a folder; `AUTO` where that is nothing, or nothing that can be read.

    Args:
        root: Path. The folder that a person names, resolved.
    """
    record = sidecar.read(root, NAME)
    if record.get("version") != VERSION:
        return Choice()
    parts = record.get("parts")
    try:
        if isinstance(parts, dict) and parts:
            return by_hand({role: _texts(parts.get(role)) for role in ROLES})
        return Choice(record["layout"]) if record.get("layout") in KEYS else Choice()
    except ConfigError:
        return Choice()


def remember_choice(root: Path, choice: Choice) -> Path | None:
    """Keeps a choice for a folder, or forgets it if it is `AUTO`; returns where it lies.

    Args:
        root: Path. The folder that a person names, resolved.
        choice: Choice.

    Raises:
        DataError: it can be written nowhere.
    """
    if choice.is_auto:
        sidecar.remove(root, NAME)
        return None
    about = "How Parity reads these folders. Delete this file to reset."
    parts = {role: list(folders) for role, folders in choice.parts.items()}
    return sidecar.write_choice(root, NAME, VERSION, about, {"layout": choice.key, "parts": parts})


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
