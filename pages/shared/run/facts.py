"""Cached readings of a run's folder for pages, parsed once per change of a file."""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.data.images import thumbnail
from core.errors import UnreadableImage
from core.files import Tail
from core.stats.metrics import wilson
from core.store import records
from core.store.recent import Recent
from core.store.records import event_of
from core.store.runs import Run, epochs_of

if TYPE_CHECKING:
    from core.store.run_records import EpochRecord, Event

Stamp = tuple[int, int]

SHARED_SECONDS = 1.0
"""How long what one viewer has found of a growing file holds for the others."""

_looked: Recent[Path, tuple[float, Stamp | None]] = Recent(1000)


@dataclass(frozen=True)
class DataFacts:
    """What a run's manifest says, without the thousands of files.

    Attributes:
        root: Folder of the dataset.
        classes: Names of the classes.
        counts: Images in `train`, `val` and `test`.
        majority_class: The most frequent class of the validation images.
        majority_share: Its share: the accuracy of always giving that answer. None without validation images.
    """

    root: str
    classes: tuple[str, ...]
    counts: dict[str, int]
    majority_class: str
    majority_share: float | None

    def interval(self, accuracy: float) -> tuple[float, float]:
        """Wilson's 95 % CI of an accuracy on the validation images."""
        count = self.counts["val"]
        return wilson(round(accuracy * count), count)


def title(run: Run) -> str:
    """What to call the run; see `Run.title`."""
    return run.title()


def epochs(run: Run) -> "list[EpochRecord]":
    """One record an epoch; see `Run.epochs`."""
    stamp = shared_stamp(run.path / "events.jsonl")
    return _told(str(run.path), stamp)[0] if stamp else []


def notes(run: Run) -> "list[Event]":
    """The events that are no epochs."""
    stamp = shared_stamp(run.path / "events.jsonl")
    return _told(str(run.path), stamp)[1] if stamp else []


def damage(run: Run) -> list[str]:
    """What is damaged among the records of a run that has ended, each as a part of a sentence."""
    names = [name for name in (*records.OF_A_RUN, "events.jsonl") if name != "status.json"]
    stamps = {name: stamp for name in names if (stamp := file_stamp(run.path / name))}
    return [said for name, stamp in stamps.items() if (said := _complaint(str(run.path), name, stamp))]


def data_facts(run: Run) -> DataFacts | None:
    """What the manifest says, or None before there is one."""
    stamp = file_stamp(run.path / "manifest.json")
    return _data_facts(str(run.path), stamp) if stamp else None


def split_files(run: Run, part: str) -> dict[str, str]:
    """Path (relative to the dataset's root) and true class of the images in `train`, `val` or `test`."""
    stamp = file_stamp(run.path / "manifest.json")
    return _split_files(str(run.path), stamp, part) if stamp else {}


def image_path(run: Run, part: str, file: str) -> Path | None:
    """An image of the run's dataset; None when the manifest does not list it, or it lies outside or is gone."""
    facts = data_facts(run)
    if facts is None or file not in split_files(run, part):
        return None
    try:
        root = Path(facts.root).resolve()
        path = (root / file).resolve()
        return path if path.is_relative_to(root) and path.is_file() else None
    except (OSError, ValueError):
        return None


def small_image(source: Path, side: int) -> bytes | None:
    """A small JPEG of a file for display; None when the file cannot be read."""
    stamp = file_stamp(source)
    return _small_image(str(source), stamp, side) if stamp else None


def shared_stamp(path: Path) -> Stamp | None:
    """The stamp of a file that a training keeps writing to, looked at once a second for all viewers together.

    Small heads finish many epochs a second; without this every viewer's tick would read and draw again.
    """
    now, (when, stamp) = time.monotonic(), _looked.get(path, (float("-inf"), None))
    if now - when >= SHARED_SECONDS:
        stamp = file_stamp(path)
        _looked[path] = (now, stamp)
    return stamp


def file_stamp(path: Path) -> Stamp | None:
    """When a file was changed last, and its size: what tells one content from the next. None without the file."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


@st.cache_resource(max_entries=16, show_spinner=False)
def _tail(folder: str) -> "Tail[Event]":
    return Tail(Path(folder) / "events.jsonl", event_of)


@st.cache_resource(max_entries=16, show_spinner=False)
def _told(folder: str, stamp: Stamp) -> "tuple[list[EpochRecord], list[Event]]":
    """Epochs and notes, shared by all viewers and not copied: nobody changes them."""
    events = _tail(folder).read()
    return epochs_of(events), [event for event in events if event.event != "epoch"]


@st.cache_data(max_entries=256, show_spinner=False)
def _complaint(folder: str, name: str, stamp: Stamp) -> str:
    path = Path(folder) / name
    if name in records.OF_A_RUN:
        return records.complaint(path, records.OF_A_RUN[name])
    lost = records.damaged_lines(path)
    return f"{name}: {lost} invalid {'line' if lost == 1 else 'lines'}" if lost else ""


@st.cache_data(max_entries=64, show_spinner=False)
def _data_facts(folder: str, stamp: Stamp) -> DataFacts | None:
    manifest = Run(Path(folder)).manifest()
    if manifest is None:
        return None
    labels = Counter(item["label"] for item in manifest.val)
    name, count = labels.most_common(1)[0] if labels else ("", 0)
    return DataFacts(
        root=manifest.root,
        classes=tuple(manifest.classes),
        counts={part: len(manifest.part(part)) for part in ("train", "val", "test")},
        majority_class=name,
        majority_share=count / labels.total() if labels else None,
    )


@st.cache_data(max_entries=16, show_spinner=False)
def _split_files(folder: str, stamp: Stamp, part: str) -> dict[str, str]:
    return {item["path"]: item["label"] for item in Run(Path(folder)).data().part(part)}


@st.cache_data(max_entries=1000, show_spinner=False)
def _small_image(path: str, stamp: Stamp, side: int) -> bytes | None:
    try:
        return thumbnail(Path(path), side)
    except UnreadableImage:
        return None
