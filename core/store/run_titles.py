"""What to call a run: its name, or without one what it is, such as "VGG16, frozen, 224 px, lr 0.001".

Where unnamed runs would read the same, what tells them apart is added: the settings that differ, else the time. That
takes a look at all runs of a home; their descriptions are kept as summaries are (see `core/store/kept_index.py`).
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.config import RunConfig, read_config, setting
from core.data.set_names import set_name
from core.errors import ConfigError
from core.store import records
from core.store.folder_store import is_id
from core.store.json_values import Damaged
from core.store.kept_index import stamp_of
from core.store.parked import parked
from core.store.recall import Recall
from core.store.recent import MOST, Recent

FORMAT = 1
"""Part of the file's name: to be raised when descriptions change their meaning."""

KIND = f"titles-{FORMAT}"
TOLD = 2
"""Most settings that are added to tell runs apart; where these do not, the time does."""

_SOURCES = ("config.json",)
_HOLDS_SECONDS = 2.0
"""How long titles hold while no run came or went: another process may have given a name."""

_READ_SECONDS = 1.0
"""How long runs that nobody has looked at yet may take at once; those not reached are looked at the next time."""

_LONGEST_VALUE = 40
_DATASET = "dataset"


@dataclass(frozen=True)
class Described:
    """One run.

    Attributes:
        name: str. What a person has called it; may be empty.
        words: str. What it is; empty where its settings cannot be read.
        changed: mapping. Its dataset, and the settings that are not the defaults.
    """

    name: str
    words: str
    changed: Mapping[str, object]


def described(config: RunConfig) -> str:
    """What a run is, in few words: backbone, what of it trains, image size, learning rate."""
    training = config.training
    return f"{config.model.backbone}, {_mode(config)}, {config.data.image_size} px, lr {training.learning_rate:g}"


def title_of(path: Path) -> str:
    """What to call the run in a folder; its id where its settings cannot be read."""
    own = _described(path)
    if own.name or not own.words:
        return own.name or path.name
    return titles(path.parent).get(path.name, own.words)


def titles(root: Path, seconds: float = _READ_SECONDS) -> Mapping[str, str]:
    """What to call each run below a folder, by its id; those that cannot be read are left out.

    Args:
        root: Path.
        seconds: float. How long runs that nobody has looked at yet may take; those not reached are left out.
    """
    try:
        changed = root.stat().st_mtime_ns
    except OSError:
        return {}
    when, before, is_whole, found = _memory().titles.get(root, (float("-inf"), 0, False, {}))
    if changed == before and time.monotonic() - when < _HOLDS_SECONDS and (is_whole or seconds <= _READ_SECONDS):
        return found  # type: ignore[no-any-return]
    paths = _run_folders(root)
    described = _all_described(paths, seconds)
    every = {path.name: one for path, one in described.items() if one.words}
    found = {run: one.name for run, one in every.items() if one.name}
    found |= told_apart({run: one for run, one in every.items() if not one.name})
    _memory().titles[root] = time.monotonic(), changed, len(described) == len(paths), found
    return found


def forget(root: Path) -> None:
    """Makes the next look at the runs below a folder a fresh one: one of them was renamed."""
    _memory().titles.pop(root, None)


def told_apart(runs: Mapping[str, Described]) -> dict[str, str]:
    """Titles of unnamed runs by their ids, no two alike."""
    alike: dict[str, list[str]] = defaultdict(list)
    for run, one in runs.items():
        alike[one.words].append(run)
    found: dict[str, str] = {}
    for words, group in alike.items():
        told = _with_settings(words, {run: runs[run].changed for run in group}) if len(group) > 1 else {group[0]: words}
        found |= _with_time(told)
    return found


def _with_settings(words: str, group: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """The same words with the values that differ within the group; what is the default goes without saying."""
    keys = dict.fromkeys(key for changed in group.values() for key in changed)
    differ = [key for key in keys if len({json.dumps(changed.get(key)) for changed in group.values()}) > 1]
    return {run: ", ".join([words, *_told(changed, differ)]) for run, changed in group.items()}


def _told(changed: Mapping[str, object], differ: Iterable[str]) -> list[str]:
    return [_word(key, changed[key]) for key in differ if key in changed][:TOLD]


def _with_time(told: Mapping[str, str]) -> dict[str, str]:
    """The time is added to those that still read the same; to the second, and then the id, where it must be."""
    found = dict(told)
    for make in (_minute, _second, lambda run: run[-6:]):
        count = Counter(found.values())
        twice = [run for run, title in found.items() if count[title] > 1]
        found |= {run: f"{told[run]}, {make(run)}" for run in twice}
    return found


def _minute(run: str) -> str:
    return f"{run[:4]}-{run[4:6]}-{run[6:8]} {run[9:11]}:{run[11:13]} UTC"


def _second(run: str) -> str:
    return f"{run[:4]}-{run[4:6]}-{run[6:8]} {run[9:11]}:{run[11:13]}:{run[13:15]} UTC"


def _word(key: str, value: object) -> str:
    if key == _DATASET:
        return f"on {set_name(str(value))}"
    if isinstance(value, bool):
        value = "yes" if value else "no"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    short = text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
    return f"{_label(key)} {short or 'none'}"


@cache
def _label(key: str) -> str:
    try:
        label = str(setting(key).metadata["label"])
    except ConfigError:  # of a description that another version has kept
        return key
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def _mode(config: RunConfig) -> str:
    training = config.training
    if training.mode == "fine_tune":
        return "fine-tuned"
    if training.is_frozen:
        return "frozen" if training.mode == "bottleneck" else "frozen, full pass"
    return "all weights" if training.unfreeze_from == "all" else f"trained from {training.unfreeze_from}"


def _described(path: Path) -> Described:
    """Of one run, read again only when its settings have changed."""
    known, stamp = _memory().described, stamp_of(path, _SOURCES)
    before, one = known.get(path, (None, None))
    if one is None or before != stamp:
        one = _read(path)
        if one.name:  # of all others `titles` keeps it, for every process
            known[path] = stamp, one
    return one  # type: ignore[no-any-return]


def _run_folders(root: Path) -> list[Path]:
    try:
        return [root / name for name in sorted(path.name for path in root.iterdir()) if is_id(name)]
    except OSError:
        return []


def _all_described(paths: Sequence[Path], seconds: float) -> dict[Path, Described]:
    recall = Recall(kind=KIND, sources=_SOURCES, of_record=lambda record: Described(**record), read=_read)
    return recall.of(paths, _memory().described, seconds)


def _read(path: Path) -> Described:
    try:
        config = read_config(records.text_of(path / "config.json"))
    except (OSError, Damaged, ConfigError):
        return Described("", "", {})
    return Described(config.name, described(config), {_DATASET: config.dataset, **config.changed_settings()})


def _memory() -> Any:
    """What this process knows."""
    return parked("run_titles", described=lambda: Recent(2 * MOST), titles=lambda: Recent(20))
