"""The records in the folders of runs and jobs: one bounded, checked read and one write, whoever has written the file.

A folder may come from a zip of somebody else's, or from a disk that fails. What is read here has the right types,
numbers that are finite and in a sane range, texts that can be shown, and sizes that memory bears; `run_records.py`,
`trace_record.py` and `job_records.py` say what each file must look like. A record that does not is None, and
`complaint` says why in one sentence: so no reader has to ask again, and one bad run never takes down a list of others.
"""

import functools
import re
import time
from calendar import timegm
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from core import files
from core.store.json_values import Damaged, displayable, parsed, tamed

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from core.store import bisect_record, fold_records, job_records, run_records, trace_record
    from core.store.record_types import Plain, Record

T = TypeVar("T")

CONFIG_BYTES = 1_000_000
"""Most bytes of a run's config.json; it has two thousand."""

_MEGABYTE = 1_000_000
_OF_AN_EPOCH = re.compile(rb'"event"\s*:\s*"epoch"')
_ID = re.compile(r"(\d{8}-\d{6})-(\d{3})-[0-9a-f]{6}")


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A kind of record.

    Attributes:
        shape: str. Name of its type, so that a process that reads none of these need not load pydantic.
        most_bytes: int. A larger file is not read.
        is_small: bool. Whether every text in it is made fit to be shown, and the nesting is bounded. Not where
            thousands of files are named: a path that is no valid text must come back as it is.
        is_flat: bool. Whether what is named in the shape is not nested, so that pydantic may read the text itself,
            which takes a tenth of the time: there are thousands of these.
    """

    shape: str
    most_bytes: int = _MEGABYTE
    is_small: bool = True
    is_flat: bool = False


STATUS: "Kind[Plain]" = Kind("StatusRecord", 200_000, is_flat=True)
EVENT: "Kind[run_records.Event]" = Kind("Event", 200_000, is_flat=True)
EPOCH: "Kind[run_records.EpochRecord]" = Kind("EpochRecord", 200_000, is_flat=True)
OWNER: Kind[str] = Kind("Owner", 10_000)
NOTE: "Kind[run_records.NoteRecord]" = Kind("NoteRecord", 200_000)
DELETED: "Kind[run_records.Deleted]" = Kind("Deleted", 10_000)
CLUSTER_JOB: "Kind[Plain]" = Kind("ClusterJob", 200_000)
FINDINGS: "Kind[run_records.Findings]" = Kind("Findings", 50 * _MEGABYTE)
EVALUATION: "Kind[run_records.Evaluation]" = Kind("Evaluation", 100 * _MEGABYTE, is_small=False)
MANIFEST: "Kind[run_records.Manifest]" = Kind("Manifest", 400 * _MEGABYTE, is_small=False)
RECORDED: "Kind[run_records.Recorded]" = Kind("Recorded")
TRACE: "Kind[trace_record.Trace]" = Kind("Trace", 400 * _MEGABYTE, is_small=False)
PROBE: "Kind[job_records.Probe]" = Kind("Probe", 10 * _MEGABYTE)
SPENT: "Kind[job_records.Spent]" = Kind("Spent", 50 * _MEGABYTE)
TRIALS: "Kind[job_records.Trials]" = Kind("Trials", 50 * _MEGABYTE)
BISECT: "Kind[bisect_record.BisectResult]" = Kind("Bisect", 50 * _MEGABYTE)
SWEEP: "Kind[job_records.SweepResult]" = Kind("Sweep", 50 * _MEGABYTE)
RATE: "Kind[job_records.RangeTest]" = Kind("RangeTest", 10 * _MEGABYTE)
REVIEW: "Kind[job_records.ReviewResult]" = Kind("ReviewResult", 200 * _MEGABYTE, is_small=False)
FEATURE_CHECK: "Kind[job_records.FeatureCheckResult]" = Kind("FeatureCheckResult", 50 * _MEGABYTE)
CROSS_VALIDATION: "Kind[fold_records.CrossValidationResult]" = Kind("CrossValidation", 50 * _MEGABYTE)
SEARCH: "Kind[fold_records.SearchResult]" = Kind("Search", 50 * _MEGABYTE)
JOB_SETTINGS: "Kind[Plain]" = Kind("JobSettings", 50 * _MEGABYTE, is_small=False)
PUZZLE: "Kind[Plain]" = Kind("Puzzle", 10_000)
RUN_COLOURS: "Kind[dict[str, int]]" = Kind("RunColours")
COSTS: "Kind[run_records.CostRecords]" = Kind("CostRecords")

OF_A_RUN: "dict[str, Kind[Any]]" = {
    "status.json": STATUS,
    "owner.json": OWNER,
    "note.json": NOTE,
    "job.json": CLUSTER_JOB,
    "manifest.json": MANIFEST,
    "findings.json": FINDINGS,
    "evaluation.json": EVALUATION,
    "trace.json": TRACE,
    "recorder.json": RECORDED,
}
"""The records of a run that are one JSON value each; config.json has a reader of its own, `core.config.read_config`."""


def read(path: Path, kind: Kind[T]) -> T | None:
    """What a record says; None where the file is absent, too large, damaged or of another shape.

    Args:
        path: Path.
        kind: Kind. One of this module's.
    """
    try:
        return _read(_content(path, kind), kind)
    except (OSError, Damaged):
        return None


def write(path: Path, record: "Record") -> None:
    """Replaces a file by a record; what was absent when the record was made is not written.

    Raises:
        OSError: it cannot be written.
    """
    files.write_json(path, record.to_dict())


def complaint(path: Path, kind: Kind[T]) -> str:
    """Why a record cannot be read, as a part of a sentence; empty where it can, or where there is no such file."""
    try:
        _read(_content(path, kind), kind)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{path.name} cannot be opened: {error.strerror}"
    except Damaged as error:
        return f"{path.name}: {error}"
    return ""


def damaged_lines(path: Path) -> int:
    """How many whole lines of an events.jsonl are left out, as no run writes such."""
    try:
        with files.open_regular(path) as file:
            content = file.read(files.MOST_OF_LINES)
    except OSError:
        return 0
    lines = content[: content.rfind(b"\n") + 1].split(b"\n")
    return sum(bool(line.strip()) and event_of(line) is None for line in lines)


def checked(value: Any, kind: Kind[T]) -> T:
    """A value of that kind, unknown keys kept.

    Raises:
        Damaged: names the place in it, and what may stand there.
    """
    from pydantic import ValidationError

    try:
        return _adapter(kind).validate_python(tamed(value) if kind.is_small else value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"] if not _is_of_union(step)) or "the whole file"
        said = first["msg"][:1].lower() + first["msg"][1:]
        raise Damaged(f"{where} is invalid ({said}, but {_shown(first['input'])} is there)") from error


def text_of(path: Path) -> str:
    """The text of a config.json.

    Raises:
        OSError: it cannot be opened.
        Damaged: it is too large, or no text.
    """
    with files.open_regular(path) as file:
        content = file.read(CONFIG_BYTES + 1)
    if len(content) > CONFIG_BYTES:
        raise Damaged(f"it has more than {CONFIG_BYTES:,} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Damaged("it is not text") from error


def event_of(line: bytes) -> "run_records.Event | None":
    """One line of events.jsonl, as an `EpochRecord` where it has an epoch's figures; None where it is damaged."""
    if not line.strip() or len(line) > EVENT.most_bytes:
        return None
    epoch = _event(line, EPOCH) if _OF_AN_EPOCH.search(line) else None
    return epoch or _event(line, EVENT)


def _event(line: bytes, kind: Kind[T]) -> T | None:
    try:
        return _read(line, kind)
    except Damaged:
        return None


def made_at(record_id: str) -> float:
    """When a run or job was made, by its id: seconds since 1970; 0 where the id says no time."""
    found = _ID.fullmatch(record_id)
    try:
        return timegm(time.strptime(found[1], "%Y%m%d-%H%M%S")) + int(found[2]) / 1000 if found else 0.0
    except ValueError:
        return 0.0


def _content(path: Path, kind: Kind[T]) -> bytes:
    with files.open_regular(path) as file:
        content = file.read(kind.most_bytes + 1)
    if len(content) > kind.most_bytes:
        raise Damaged(f"it has more than {kind.most_bytes:,} bytes")
    return content


def _read(content: bytes, kind: Kind[T]) -> T:
    if kind.is_flat and (value := _read_flat(content, kind)) is not None:
        return value
    return checked(parsed(content), kind)


def _read_flat(content: bytes, kind: Kind[T]) -> T | None:
    """The record, read by pydantic alone; None where anything is out of the ordinary."""
    from pydantic import ValidationError

    try:
        value = _adapter(kind).validate_json(content)
        more = _unnamed(value, kind.shape)
        for key in list(more):
            more[displayable(key)] = tamed(more.pop(key))
    except (ValidationError, Damaged):
        return None
    return value


def _unnamed(value: Any, shape: str) -> dict[str, object]:
    """What a record has beside the keys that its type names, to be made fit in place."""
    if isinstance(value, dict):
        return value if value.keys() - _named(shape) else {}
    more: dict[str, object] | None = value.model_extra
    return more or {}


@functools.cache
def _named(shape: str) -> frozenset[str]:
    """The keys that a shape names."""
    return frozenset(_shape(shape).__annotations__)


def _adapter(kind: Kind[T]) -> "TypeAdapter[T]":
    return _adapter_of(kind.shape)


@functools.cache
def _adapter_of(shape: str) -> "TypeAdapter[Any]":
    """Made when first needed: a list of runs whose summaries are known needs none, and so not the library either."""
    from pydantic import TypeAdapter

    return TypeAdapter(_shape(shape))


def _shape(name: str) -> Any:
    from core.store import bisect_record, fold_records, job_records, run_records, trace_record

    return next(
        getattr(module, name)
        for module in (run_records, trace_record, job_records, bisect_record, fold_records)
        if hasattr(module, name)
    )


def _is_of_union(step: int | str) -> bool:
    """Whether a step of a path is none in the record, but pydantic's name for a member of a union."""
    return isinstance(step, str) and (step == "constrained-str" or "[" in step)


def _shown(value: Any) -> str:
    text = displayable(repr(value)[:200]) if not isinstance(value, int) or abs(value) < 10**100 else "a huge number"
    return text if len(text) <= 60 else f"{text[:60]}…"
